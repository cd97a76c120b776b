"""The class file, and the account that it is for: by the same questions as `make up` asks before it makes anything."""

import ipaddress
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

from classlab import clock
from classlab.check.finding import Finding, bad, good
from classlab.display.recap import listed
from classlab.names import make
from classlab.plan import addresses
from classlab.plan.content import Class
from classlab.plan.preflight import Checked, Request, read
from classlab.plan.survey import Survey

# AWS refuses what is signed five minutes off.
SKEW = timedelta(minutes=1)
EVERYBODY = "0.0.0.0/0"


def class_file(request: Request) -> tuple[Class, list[Finding]]:
    """Where no cloud can be asked: what the class file is by itself."""
    wanted, unknown, broken = read(request, clock.now())
    return wanted, list(_class_file(wanted, [*unknown, *broken], ""))


def account(checked: Checked) -> Iterator[Finding]:
    """All but the address, which is looked at beside the security group."""
    wanted, asked = checked.wanted, checked.asked
    said = checked.say[0].partition(": ")[2].rstrip(".") if checked.say else ""
    yield from _class_file(wanted, [each for each in checked.problems if each not in asked.problems], said)
    if asked.account:
        yield good("credentials", f"{asked.who}, account {asked.account}, region {wanted.region}")
    # Who AWS does not know is told nothing else, so that their sentence is the one that says so.
    of_cloud = [each for each in asked.problems if each not in (asked.found.no_room, asked.no_address)]
    yield from (bad("region" if asked.account else "credentials", each) for each in of_cloud)
    if asked.no_address and not asked.account:
        yield bad("address", asked.no_address)
    if asked.account and not of_cloud:
        yield good("region", f"type, image and network of {wanted.region} will do for the class")
    if asked.found.no_room:
        yield bad("quota", asked.found.no_room)
    elif room := asked.found.room:
        yield good("quota", f"{room.name}: {room.limit:.0f} vCPUs, {room.used} in use; there is room for the class")
    if asked.ahead is not None:
        yield own_clock(asked.ahead)


def _class_file(wanted: Class, problems: list[str], said: str) -> Iterator[Finding]:
    yield from (bad("class file", each) for each in problems)
    if not problems:
        yield good("class file", said or f"{len(wanted.students)} students, {wanted.instance_type}, {wanted.region}")


def own_clock(ahead: timedelta) -> Finding:
    if abs(ahead) <= SKEW:
        return good("clock", "this computer's and the cloud's agree")
    way = "ahead of" if ahead > timedelta() else "behind"
    return bad(
        "clock",
        f"This computer's clock is {clock.in_words(abs(ahead))} {way} the cloud's, which refuses what is five minutes "
        "off, and deadlines are told wrongly: set it (`sudo timedatectl set-ntp true`).",
    )


def address(asked: Survey, url: str, rules: Sequence[Mapping[str, Any]] | None, class_name: str) -> Finding:
    """`url` tells the caller's address; `rules`: what the lab's security group lets in, None without a lab."""
    wanted = asked.ssh_cidrs
    if asked.no_address:
        return bad("address", asked.no_address)
    try:
        own = addresses.own(url)
    except ValueError as error:
        return bad("address", str(error))
    if rules is None:
        if not _inside(own, wanted):
            return bad(
                "address",
                f"You come from {own}, which lab_ssh_cidrs ({listed(wanted)}) would not let in: add it there.",
            )
        return good("address", f"`{make('up', class_name)}` opens SSH to {listed(wanted)}")
    allow = f"`{make('allow', class_name)}`"
    open_to = [each["CidrIp"] for rule in rules if _is_ssh(rule) for each in rule.get("IpRanges", [])]
    if not _inside(own, open_to):
        let_in = listed(open_to) or "nobody"
        command = make("allow", class_name) + ("" if _inside(own, wanted) else f" CIDR={own}")
        return bad("address", f"You come from {own}, and SSH is open to {let_in}: `{command}` lets you in.")
    if EVERYBODY in open_to and EVERYBODY not in wanted:
        return bad(
            "address", f"SSH is open to the whole world, which lab_ssh_cidrs does not say: {allow} mends the rule."
        )
    return good("address", f"SSH is open to {listed(open_to)}, and you come from {own}")


def _inside(own: str, ranges: list[str]) -> bool:
    return any(ipaddress.IPv4Network(own).subnet_of(ipaddress.IPv4Network(each)) for each in ranges)


def _is_ssh(rule: Mapping[str, Any]) -> bool:
    return rule["IpProtocol"] == "-1" or (
        rule["IpProtocol"] == "tcp" and 22 in range(rule["FromPort"], rule["ToPort"] + 1)
    )
