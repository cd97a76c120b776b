"""Who may open SSH: the ranges that a teacher writes, or the address from which `make up` is run."""

import ipaddress
import urllib.error
import urllib.request
from typing import Any

PATIENCE = 10  # seconds
_MEND = 'give your address yourself, as in lab_ssh_cidrs: ["203.0.113.7/32"].'


def cidrs(given: list[Any]) -> tuple[list[str], list[str]]:
    """The ranges as EC2 wants them, and what is wrong with them."""
    problems = [problem for each in given if (problem := cidr_problem(each))]
    return ([] if problems else list(dict.fromkeys(given))), problems


def cidr_problem(cidr: object) -> str:
    """'' for an IPv4 range in EC2's form."""
    if not isinstance(cidr, str):
        return f"lab_ssh_cidrs has {cidr!r}, but takes texts: write each range as 203.0.113.7/32."
    try:
        network = ipaddress.ip_network(cidr, strict=False)
    except ValueError:
        return f"lab_ssh_cidrs has '{cidr}', which is no address range: write one as 203.0.113.7/32."
    if network.version != 4:
        return f"lab_ssh_cidrs has '{cidr}', but seats have IPv4 addresses only: give your IPv4 range."
    if str(network) != cidr:
        right = f"{cidr}/32" if "/" not in cidr else str(network)
        return f"lab_ssh_cidrs has '{cidr}', which is not how a range is written: write {right}."
    return ""


def own(url: str) -> str:
    """The caller's address as a range. ValueError says what is wrong."""
    try:
        with urllib.request.urlopen(url, timeout=PATIENCE) as answer:  # noqa: S310 (the URL is the teacher's own setting)
            said = answer.read(200).decode("ascii", "replace").strip()
    except (OSError, ValueError) as error:
        why = getattr(error, "reason", None) or error
        raise ValueError(
            f"Your own address, from which alone SSH is to be open, could not be asked at {url} ({why}): {_MEND}"
        ) from error
    try:
        address = ipaddress.ip_address(said)
    except ValueError as error:
        raise ValueError(
            f"{url} was asked for your own address and answered '{said[:60]}', which is none: {_MEND}"
        ) from error
    if address.version != 4:
        raise ValueError(f"{url} says that you come from {address}, but seats have IPv4 addresses only: {_MEND}")
    return f"{address}/32"
