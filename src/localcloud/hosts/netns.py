"""Plugging a host into its network, from outside: addresses and routes are set in its network namespace.

What eth0 of a host carries afterwards, whatever the engine gave it before:

    its private addresses  each alone (/32); the VPC is on the same wire and is spoken to from the first of them
    its public address     in the bridge's subnet; the rest of the world is spoken to from it
    no public address      no way out, as on EC2: the VPC and the metadata service are reached, nothing else
"""

import json
import os
import socket
import struct
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from localcloud.errors import NetworkError

DEVICE = "eth0"
METADATA = "169.254.169.254"


def run(ns: Path, argv: Sequence[str], stdin: str = "") -> str:
    """Run one of this machine's programs inside the namespace and return what it printed."""
    try:
        done = subprocess.run(
            ["nsenter", f"--net={ns}", *argv], input=stdin, capture_output=True, text=True, timeout=60
        )
    except FileNotFoundError as error:
        raise NetworkError("nsenter is not installed; it comes with util-linux.") from error
    except subprocess.TimeoutExpired as error:
        raise NetworkError(f"{argv[0]} did not end within 60 s in the network namespace {ns}.") from error
    if done.returncode:
        raise NetworkError(_sentence(ns, argv[0], done.stderr))
    return done.stdout


def _sentence(ns: Path, program: str, stderr: str) -> str:
    if "failed to execute" in stderr:
        return f"{program} is not installed; on Debian and Ubuntu: apt-get install iproute2 nftables."
    if not ns.exists():
        return f"The network namespace {ns} is gone: the host has ended."
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    # The first line has the reason; the ones after it only repeat the input.
    return f"{program} in the network namespace {ns}: {lines[0] if lines else 'no reason given'}"


@contextmanager
def inside(ns: Path) -> Iterator[None]:
    """Let this thread, and no other, live in the namespace for a while. Sockets opened meanwhile stay there."""
    with ns.open() as there, Path("/proc/thread-self/ns/net").open() as home:
        os.setns(there.fileno(), os.CLONE_NEWNET)
        try:
            yield
        finally:
            os.setns(home.fileno(), os.CLONE_NEWNET)


def plumb(
    ns: Path,
    public: str | None,
    prefix: int,
    gateway: str,
    private: Sequence[str],
    vpc_cidrs: Sequence[str],
    beyond: Sequence[str] = (),
) -> None:
    """Give the host exactly these addresses and routes; what is already so is not touched, so connections live on.

    `beyond` are addresses that lie behind the gateway even where the VPC's own range covers them: a user may choose
    a VPC range in which this machine's name servers happen to be.
    """
    addresses = [f"{address}/32" for address in private]
    routes = dict.fromkeys(vpc_cidrs, f"scope link src {private[0]}")
    if public:
        addresses.append(f"{public}/{prefix}")
        out = f"via {gateway} src {public}"
        routes |= {"default": out} | dict.fromkeys(beyond, out)
    else:
        routes[METADATA] = f"via {gateway} onlink src {private[0]}"
    now, routed = _present(ns)
    added = [address for address in addresses if address not in now]
    batch = [
        *(f"route delete {target} metric {metric}" for target, metric in routed if metric or target not in routes),
        *(f"address delete {address}" for address in now if address not in addresses),
        *(f"address add {address}" for address in added),
        # Deleting an address took its routes along, so those that were right before are set again.
        *(f"route replace {target} {way}" for target, way in routes.items()),
    ]
    if now == set(addresses) and routed == {(target, 0): way for target, way in routes.items()}:
        return
    run(ns, ["ip", "-batch", "-"], "".join(f"{line} dev {DEVICE}\n" for line in batch))
    _announce(ns, [address.partition("/")[0] for address in added])


def _present(ns: Path) -> tuple[set[str], dict[tuple[str, int], str]]:
    """Addresses as ADDRESS/PREFIX, and routes {(target, metric): way} in the words in which `plumb` asks for them."""
    shown = run(ns, ["ip", "-json", "-batch", "-"], f"address show dev {DEVICE}\nroute show dev {DEVICE}\n")
    # Where a device has no routes, `ip` prints nothing for them.
    links, routes = (json.loads(line) for line in [*shown.splitlines(), "[]", "[]"][:2])
    addresses = {
        f"{info['local']}/{info['prefixlen']}"
        for link in links
        for info in link.get("addr_info", ())
        if info["family"] == "inet"
    }
    # The kernel's own routes come and go with the addresses.
    ours = [route for route in routes if route.get("protocol") != "kernel"]
    return addresses, {(route["dst"], route.get("metric", 0)): _way(route) for route in ours}


def _way(route: dict[str, Any]) -> str:
    words = [f"via {route['gateway']}"] if "gateway" in route else ["scope link"]
    words += ["onlink"] if "onlink" in route.get("flags", ()) else []
    return " ".join([*words, f"src {route['prefsrc']}"] if "prefsrc" in route else words)


def _announce(ns: Path, addresses: Sequence[str]) -> None:
    """Tell the wire who has these addresses now: a neighbour may still remember the host that had one before.

    The kernel announces an address only when a link comes up, so the (gratuitous ARP) packet is sent from here.
    """
    try:
        with inside(ns):
            wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        with wire:
            wire.bind((DEVICE, 0))
            mac = wire.getsockname()[4]
            for address in addresses:
                ip = socket.inet_aton(address)
                header = b"\xff" * 6 + mac + struct.pack("!H", 0x0806)
                wire.send(header + struct.pack("!HHBBH", 1, 0x0800, 6, 4, 1) + mac + ip + b"\xff" * 6 + ip)
    except OSError as error:
        raise NetworkError(f"The addresses {', '.join(addresses)} could not be announced: {error}.") from error
