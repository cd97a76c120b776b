"""Security groups, enforced: a host's groups become a packet filter in its network namespace, set from outside.

Root in the host may not touch it (that takes CAP_NET_ADMIN, which hosts do not have). What EC2 does, it does:

    what no rule allows is dropped in silence, inwards and outwards
    a host passes on nothing that is meant for another (EC2's source/destination check)
    answers always pass, and connections that were open when their rule was taken away live on
    a group as a source means the private addresses of that group's interfaces, never the public ones
    the metadata service and the name servers are reached whatever the groups say
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_network
from pathlib import Path
from typing import Any

from moto.ec2.models.instances import Instance
from moto.ec2.models.security_groups import SecurityGroupRule

from localcloud.hosts import netns

_HOOK = "type filter hook {} priority filter; policy drop;"
ANY = "-1"
NAMES = {"6": "tcp", "17": "udp", "1": "icmp", "58": "icmpv6", "all": ANY}
VERSIONS = {"ip": "ipv4", "ip6": "ipv6"}
EVERY_PORT = (0, 65535)
# Without these two a neighbour's address cannot be asked for over IPv6; EC2 does not count them as traffic either.
NEIGHBOURS = "icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept"


@dataclass(frozen=True)
class Rule:
    """One permission. `ports` are first and last; for ICMP they are type and code, and -1 means any."""

    protocol: str
    ports: tuple[int, int] | None
    cidrs: tuple[str, ...]


@dataclass(frozen=True)
class Interface:
    """A network interface with what its groups allow. All of a host's interfaces share its one eth0."""

    addresses: tuple[str, ...]
    ingress: tuple[Rule, ...]
    egress: tuple[Rule, ...]


@dataclass(frozen=True)
class View:
    interfaces: tuple[Interface, ...]
    resolvers: tuple[str, ...] = ()


def apply(ns: Path, text: str) -> None:
    """Put the rules into the namespace in one transaction: there is no moment without rules."""
    netns.run(ns, ["nft", "-f", "-"], text)


def ruleset(view: View) -> str:
    """The whole packet filter of one host, in nft's language; the same view gives the same text."""
    lone = len(view.interfaces) == 1
    chains, inwards, outwards = [], [], []
    for number, interface in enumerate(view.interfaces):
        chains += _chain(f"ingress_{number}", _lines(interface.ingress, "saddr"))
        chains += _chain(f"egress_{number}", _lines(interface.egress, "daddr"))
        addresses = ", ".join(interface.addresses)
        inwards.append(f"{'' if lone else f'ip daddr {{ {addresses} }} '}jump ingress_{number}")
        outwards.append(f"{'' if lone else f'ip saddr {{ {addresses} }} '}jump egress_{number}")
    free = [f"ip daddr {netns.METADATA} tcp dport 80 accept"]
    for family in VERSIONS:
        if servers := sorted(each for each in set(view.resolvers) if _family(ip_network(each)) == family):
            free.append(f"{family} daddr {{ {', '.join(servers)} }} meta l4proto {{ tcp, udp }} th dport 53 accept")
    always = ["ct state established,related accept", NEIGHBOURS]
    lines = [
        *chains,
        *_chain("input", [_HOOK.format("input"), 'iif "lo" accept', *always, *inwards]),
        *_chain("forward", [_HOOK.format("forward")]),
        *_chain("output", [_HOOK.format("output"), 'oif "lo" accept', *always, *free, *outwards]),
    ]
    body = "".join(f"\t{line}\n" for line in lines)
    # Declared first, so that the deletion finds a table on the first time too.
    return f"table inet localcloud\ndelete table inet localcloud\ntable inet localcloud {{\n{body}}}\n"


def _chain(name: str, lines: Iterable[str]) -> list[str]:
    return [f"chain {name} {{", *(f"\t{line}" for line in lines), "}"]


@lru_cache(256)  # hundreds of hosts share a group; only the first of them pays for its addresses
def _lines(rules: tuple[Rule, ...], end: str) -> tuple[str, ...]:
    """One line per protocol and ports: their addresses are one set, which nft looks up at once, however many."""
    networks: dict[tuple[str, str], set[IPv4Network | IPv6Network]] = {}
    for rule in rules:
        protocol = NAMES.get(rule.protocol.lower(), rule.protocol.lower())
        for cidr in rule.cidrs:
            network = ip_network(cidr, strict=False)
            match = _match(protocol, rule.ports, network.version)
            if match is not None:
                networks.setdefault((match, _family(network)), set()).add(network)
    lines = []
    for (match, family), allowed in sorted(networks.items(), key=lambda item: item[0]):
        merged = [str(each) for each in collapse_addresses(allowed)]  # type: ignore[type-var]  # one family each
        everyone = merged[0].endswith("/0")
        who = f"meta nfproto {VERSIONS[family]}" if everyone else f"{family} {end} {{ {', '.join(merged)} }}"
        lines.append(" ".join(word for word in (who, match, "accept") if word))
    return tuple(lines)


def _match(protocol: str, ports: tuple[int, int] | None, version: int) -> str | None:
    """What is asked of a packet besides its address; None when no packet of this IP version can be meant."""
    first, last = ports or (-1, -1)
    if protocol == ANY:
        return ""
    if protocol in ("icmp", "icmpv6"):
        if (protocol == "icmp") != (version == 4):
            return None
        if first < 0:
            return f"meta l4proto {'icmp' if version == 4 else 'ipv6-icmp'}"
        return f"{protocol} type {first}" + (f" {protocol} code {last}" if last >= 0 else "")
    if protocol not in ("tcp", "udp") or first < 0 or (first, last) == EVERY_PORT:
        return f"meta l4proto {protocol}"
    if first > last:
        return None
    return f"{protocol} dport {first}" + (f"-{last}" if last > first else "")


def _family(network: IPv4Network | IPv6Network) -> str:
    return "ip" if network.version == 4 else "ip6"


# From moto's books.


def rules_of(
    instance: Instance, resolvers: Sequence[str] = (), members: Mapping[str, Sequence[str]] | None = None
) -> str:
    """The packet filter that an instance's groups ask for now.

    `members` (see there) is the same for all instances; give it when asking for many of them.
    """
    return ruleset(view_of(instance, resolvers, members))


def view_of(
    instance: Instance, resolvers: Sequence[str] = (), members: Mapping[str, Sequence[str]] | None = None
) -> View:
    backend = instance.ec2_backend
    known = members_of(backend) if members is None else members
    interfaces = []
    for nic in instance.nics.values():
        groups = sorted(nic.group_set, key=lambda group: str(group.id))
        interfaces.append(
            Interface(
                addresses=tuple(_addresses(nic)) + ((nic.public_ip,) if nic.public_ip else ()),
                ingress=tuple(_rule(backend, known, rule) for group in groups for rule in group.ingress_rules),
                egress=tuple(_rule(backend, known, rule) for group in groups for rule in group.egress_rules),
            )
        )
    return View(tuple(interfaces), tuple(resolvers))


def members_of(backend: Any) -> dict[str, list[str]]:
    """Group id → private addresses of all interfaces that belong to it, of one region's EC2 backend."""
    found: dict[str, list[str]] = {}
    for nic in backend.enis.values():
        for group in nic.group_set:
            found.setdefault(group.id, []).extend(_addresses(nic))
    return found


def _addresses(nic: Any) -> list[str]:
    return [str(each["PrivateIpAddress"]) for each in nic.private_ip_addresses]


def _rule(backend: Any, members: Mapping[str, Sequence[str]], rule: SecurityGroupRule) -> Rule:
    cidrs = [cidr for cidr in (rule.cidr_ipv4, rule.cidr_ipv6) if cidr]
    if rule.source_group:
        cidrs += members.get(rule.source_group.get("GroupId", ""), ())
    if rule.prefix_list_id:
        cidrs += _entries(backend, rule.prefix_list_id)
    ports = None if rule.from_port is None or rule.to_port is None else (int(rule.from_port), int(rule.to_port))
    return Rule(str(rule.ip_protocol), ports, tuple(cidrs))


def _entries(backend: Any, prefix_list_id: str) -> list[str]:
    """A prefix list's addresses in its newest version; a list that is gone has none."""
    found = backend.managed_prefix_lists.get(prefix_list_id)
    if found is None or not found.entries:
        return []
    return [str(entry["Cidr"]) for entry in found.entries[max(found.entries)] or ()]
