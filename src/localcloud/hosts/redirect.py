"""What hosts send to 169.254.169.254 goes to a port of ours: one rule per bridge in this machine's packet filter."""

import subprocess

from localcloud.errors import NetworkError

ADDRESS = "169.254.169.254"


def send(bridge: str, port: int) -> None:
    """Also when it was sent to another port before."""
    _nft(_emptied(bridge) + _sent_to(bridge, port))


def forget(bridge: str) -> None:
    """Remove what a service on this bridge has left in the machine's packet filter, also one that was killed."""
    _nft(_emptied(bridge))


def _table(bridge: str) -> str:
    return f"table ip localcloud_{bridge.replace('-', '_')}"


def _emptied(bridge: str) -> str:
    # Declared first, so that the deletion finds a table in any case.
    return f"{_table(bridge)}\ndelete {_table(bridge)}\n"


def _sent_to(bridge: str, port: int) -> str:
    return (
        f"{_table(bridge)} {{\n\tchain metadata {{\n\t\ttype nat hook prerouting priority dstnat\n"
        f'\t\tiifname "{bridge}" ip daddr {ADDRESS} tcp dport 80 redirect to :{port}\n\t}}\n}}\n'
    )


def _nft(text: str) -> None:
    try:
        done = subprocess.run(["nft", "-f", "-"], input=text, capture_output=True, text=True, timeout=60)
    except FileNotFoundError as error:
        raise NetworkError("nft is not installed; on Debian and Ubuntu: apt-get install nftables.") from error
    if done.returncode:
        reason = (done.stderr.strip() or "no reason given").splitlines()[0]
        raise NetworkError(f"The way to the metadata service could not be set: {reason}")
