"""The rules of security groups: none twice, all of a call or none, and refused in EC2's words."""

import ipaddress
from collections.abc import Callable, Iterator
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.exceptions import (
    EC2ClientError,
    InvalidParameterCombination,
    InvalidSecurityGroupNotFoundError,
    InvalidSecurityGroupRuleIdNotFoundError,
)
from moto.ec2.models.security_groups import SecurityGroupBackend, SecurityGroupRule
from moto.ec2.responses.security_groups import SecurityGroups

from localcloud.mends.ec2.launch_checks import invalid
from localcloud.mends.mend import mend

# Protocols whose rules name ports.
PORTED = ("tcp", "udp", "6", "17")


def peer(rule: Any) -> str:
    """The other side of a rule, however it is described."""
    return str(
        rule.ip_range.get("CidrIp")
        or rule.ip_range.get("CidrIpv6")
        or rule.source_group.get("GroupId")
        or rule.prefix_list_id
    )


def _same(rule: Any) -> tuple[Any, ...]:
    return (rule.ip_protocol, rule.from_port, rule.to_port, peer(rule))


@mend(SecurityGroupRule, "__eq__")
def _equal(moto: Any, self: Any, other: object) -> bool:
    """A description does not make another rule."""
    return isinstance(other, SecurityGroupRule) and _same(self) == _same(other)


def said(rule: Any) -> str:
    """A rule in the words of EC2's own errors."""
    protocol = "ALL" if rule.ip_protocol == "-1" else str(rule.ip_protocol).upper()
    if protocol in ("ICMP", "ICMPV6"):
        kind, code = (("ALL" if each in (None, -1) else str(each)) for each in (rule.from_port, rule.to_port))
        ports = f", type: {kind}, code: {code}"
    elif rule.from_port is not None:
        ports = f", from port: {rule.from_port}, to port: {rule.to_port}"
    else:
        ports = ""
    return f"peer: {peer(rule)}, {protocol}{ports}, ALLOW"


def duplicate(rule: Any) -> EC2ClientError:
    return EC2ClientError("InvalidPermission.Duplicate", f'the specified rule "{said(rule)}" already exists')


@mend(SecurityGroups)
def _process_rules_from_querystring(moto: Any, self: Any) -> Iterator[dict[str, Any]]:
    """moto's reading of the request, with CIDRs written as networks and open ports as -1, as EC2 keeps them."""
    for permission in moto(self):
        for ranges in permission["ip_ranges"]:
            for key, version in (("CidrIp", 4), ("CidrIpv6", 6)):
                if key in ranges:
                    ranges[key] = network(ranges[key], version)
        if str(permission["ip_protocol"]).lower() not in PORTED:
            for key in ("from_port", "to_port"):
                permission[key] = -1 if permission[key] is None else permission[key]
        yield permission


def check_permission(permission: dict[str, Any]) -> None:
    """Refuse what is no rule."""
    protocol = permission.get("ip_protocol")
    if protocol is None:
        raise invalid("Invalid value 'null' for protocol. VPC security group rules must specify protocols explicitly.")
    protocol = str(protocol).lower()
    if protocol in PORTED:
        check_ports(permission.get("from_port"), permission.get("to_port"))
    elif protocol not in ("icmp", "icmpv6", "all") and not protocol.lstrip("-").isdigit():
        raise invalid(f"Invalid value '{protocol}' for IP protocol. Unknown protocol.")
    if not (permission["ip_ranges"] or permission["source_groups"] or permission["prefix_list_ids"]):
        raise EC2ClientError(
            "MissingParameter", "Source group, source prefix list or CIDR block missing from IP permission"
        )


def check_ports(start: int | None, end: int | None) -> None:
    if start is None or end is None:
        raise invalid("Invalid value for portRange. Must specify both from and to ports with TCP/UDP.")
    if not 0 <= int(start) <= int(end) <= 65535:
        raise invalid(f"Invalid TCP/UDP port range ({start}:{end})")


def network(cidr: str, version: int) -> str:
    try:
        found = ipaddress.ip_network(cidr, strict=False)
    except ValueError as error:
        raise invalid(f"CIDR block {cidr} is malformed") from error
    if found.version != version or "/" not in cidr:
        raise invalid(f"CIDR block {cidr} is malformed")
    return str(found)


def _authorize(self: Any, direction: str) -> ActionResult:
    """All permissions of a call, or none; and all the rules in the answer."""
    self.error_on_dryrun()
    backend = self.ec2_backend
    permissions = list(self._process_rules_from_querystring())
    if not permissions:
        raise EC2ClientError("MissingParameter", "The request must contain the parameter ipPermissions")
    group = _group(backend, permissions[0]["group_name_or_id"])
    before: list[SecurityGroupRule] = list(getattr(group, f"{direction}_rules"))
    seen = list(before)
    for permission in permissions:
        check_permission(permission)
        for rule in _rules(backend, group, permission, direction):
            if rule in seen:
                raise duplicate(rule)
            seen.append(rule)
    add: Callable[..., Any] = getattr(backend, f"authorize_security_group_{direction}")
    added: list[SecurityGroupRule] = []
    try:
        for permission in permissions:
            added += add(**permission)[0]
    except EC2ClientError:
        # The limit of rules is met midway.
        setattr(group, f"{direction}_rules", before)
        raise
    return ActionResult({"Return": True, "SecurityGroupRules": added})


def _group(backend: Any, name_or_id: str) -> Any:
    group = backend.get_security_group_by_name_or_id(name_or_id)
    if group is None:
        raise InvalidSecurityGroupNotFoundError(name_or_id)
    return group


def _rules(backend: Any, group: Any, permission: dict[str, Any], direction: str) -> Iterator[SecurityGroupRule]:
    found: Iterator[SecurityGroupRule] = backend._iterate_security_rules(
        permission["ip_protocol"],
        group.id,
        permission["from_port"],
        permission["to_port"],
        permission["ip_ranges"],
        backend._add_source_group(permission["source_groups"], group.vpc_id),
        permission["prefix_list_ids"],
        is_egress=direction == "egress",
    )
    return found


@mend(SecurityGroups)
def authorize_security_group_ingress(moto: Any, self: Any) -> ActionResult:
    return _authorize(self, "ingress")


@mend(SecurityGroups)
def authorize_security_group_egress(moto: Any, self: Any) -> ActionResult:
    return _authorize(self, "egress")


@mend(SecurityGroupBackend)
def modify_security_group_rules(moto: Any, self: Any, group_id: str, rules: dict[str, dict[str, Any]]) -> None:
    """Each rule is replaced by what is given, its id and tags stay."""
    group = _group(self, group_id)
    for rule_id, wanted in rules.items():
        rule = group.get_rule(rule_id)
        if rule is None:
            raise InvalidSecurityGroupRuleIdNotFoundError(rule_id)
        made = _replacement(self, group, wanted, rule.is_egress)
        others = group.egress_rules if rule.is_egress else group.ingress_rules
        if any(other is not rule and other == made for other in others):
            raise duplicate(made)
        for name in ("ip_protocol", "from_port", "to_port", "ip_range", "source_group", "prefix_list_id"):
            setattr(rule, name, getattr(made, name))


def _replacement(backend: Any, group: Any, wanted: dict[str, Any], is_egress: bool) -> SecurityGroupRule:
    sides = ("CidrIpv4", "CidrIpv6", "PrefixListId", "ReferencedGroupId")
    given = [name for name in sides if wanted.get(name)]
    if len(given) != 1:
        words = "cidrIp, cidrIpv6, prefixListId, or referencedGroupId"
        if given:
            raise InvalidParameterCombination(f"Only one of {words} can be specified")
        raise EC2ClientError("MissingParameter", f"The request must contain exactly one of: {words}")
    described = {"Description": wanted["Description"]} if wanted.get("Description") else {}
    value = wanted[given[0]]
    permission: dict[str, Any] = {
        "ip_protocol": wanted.get("IpProtocol"),
        "from_port": wanted.get("FromPort"),
        "to_port": wanted.get("ToPort"),
        "ip_ranges": [],
        "source_groups": [],
        "prefix_list_ids": [],
    }
    if given[0] in ("CidrIpv4", "CidrIpv6"):
        key, version = ("CidrIp", 4) if given[0] == "CidrIpv4" else ("CidrIpv6", 6)
        permission["ip_ranges"] = [{key: network(value, version), **described}]
    elif given[0] == "ReferencedGroupId":
        permission["source_groups"] = [{"GroupId": value, **described}]
    else:
        permission["prefix_list_ids"] = [{"PrefixListId": value}]
    check_permission(permission)
    if str(permission["ip_protocol"]).lower() not in PORTED:
        permission["from_port"] = -1 if permission["from_port"] is None else permission["from_port"]
        permission["to_port"] = -1 if permission["to_port"] is None else permission["to_port"]
    return next(_rules(backend, group, permission, "egress" if is_egress else "ingress"))
