"""Security groups as EC2 keeps them: none goes while it is needed, none is there twice, and each filter is known."""

from collections.abc import Callable
from typing import Any

from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models.security_groups import SecurityGroup, SecurityGroupBackend, SecurityGroupRule
from moto.ec2.utils import is_tag_filter, is_valid_security_group_id

from localcloud.mends.ec2.filters import as_text, pattern, unknown_filter
from localcloud.mends.ec2.launch_checks import invalid
from localcloud.mends.mend import mend


@mend(SecurityGroupBackend)
def create_security_group(
    moto: Any, self: Any, name: str, description: str, vpc_id: str | None = None, *args: Any, **kwargs: Any
) -> SecurityGroup:
    if not kwargs.get("force") and not kwargs.get("is_default"):
        vpc_id = vpc_id or self.default_vpc.id
        if vpc_id not in self.vpcs:
            raise EC2ClientError("InvalidVpcID.NotFound", f"The vpc ID '{vpc_id}' does not exist")
        if name == "default":
            raise invalid("Cannot use reserved security group name: default")
        if name.startswith("sg-"):
            raise invalid(f"Invalid value '{name}' for groupName. Group names may not be in the format sg-*.")
        if any(group.name == name for group in self.groups.get(vpc_id, {}).values()):
            raise EC2ClientError(
                "InvalidGroup.Duplicate", f"The security group '{name}' already exists for VPC '{vpc_id}'"
            )
    made: SecurityGroup = moto(self, name, description, vpc_id, *args, **kwargs)
    return made


@mend(SecurityGroupBackend)
def delete_security_group(moto: Any, self: Any, name: str | None = None, group_id: str | None = None) -> Any:
    group = self.get_security_group_from_id(group_id) if group_id else self.get_security_group_from_name(name)
    if group is not None:
        check_deletable(self, group)
    elif group_id:
        check_id(group_id)
    found = moto(self, name, group_id)
    self.tags.pop(group.id, None) if group else None
    return found


def check_deletable(backend: Any, group: SecurityGroup) -> None:
    if group.is_default:
        raise EC2ClientError(
            "CannotDelete", f'the specified group: "{group.id}" name: "{group.name}" cannot be deleted by a user'
        )
    if used(backend, group) or referred(backend, group):
        raise EC2ClientError("DependencyViolation", f"resource {group.id} has a dependent object")


def used(backend: Any, group: SecurityGroup) -> bool:
    """By an interface: one of an instance counts until the instance is terminated."""
    for interface in list(backend.enis.values()):
        gone = interface.instance is not None and interface.instance.state == "terminated"
        if not gone and any(each.id == group.id for each in interface.group_set):
            return True
    return False


def referred(backend: Any, group: SecurityGroup) -> bool:
    """By a rule of another group; its own rules go with it."""
    return any(
        rule.source_group.get("GroupId") == group.id
        for groups in backend.groups.values()
        for other in groups.values()
        if other.id != group.id
        for rule in [*other.ingress_rules, *other.egress_rules]
    )


def check_id(group_id: str) -> None:
    if not is_valid_security_group_id(group_id):
        raise EC2ClientError("InvalidGroupId.Malformed", f'Invalid id: "{group_id}" (expecting "sg-...")')


@mend(SecurityGroupBackend)
def describe_security_groups(
    moto: Any, self: Any, group_ids: list[str] | None = None, groupnames: list[str] | None = None, filters: Any = None
) -> list[SecurityGroup]:
    for each in group_ids or []:
        check_id(each)
        if self.get_security_group_from_id(each) is None:
            raise EC2ClientError("InvalidGroup.NotFound", f"The security group '{each}' does not exist")
    default = self.default_vpc.id if self.default_vpc else None
    for name in groupnames or []:
        if self.get_security_group_from_name(name, default) is None:
            raise EC2ClientError(
                "InvalidGroup.NotFound", f"The security group '{name}' does not exist in default VPC '{default}'"
            )
    for name in filters or {}:
        if name not in _FILTERS and not is_tag_filter(name):
            raise unknown_filter(name)
    found: list[SecurityGroup] = moto(self, list(dict.fromkeys(group_ids or [])), None, filters)
    return [group for group in found if not groupnames or (group.name in groupnames and group.vpc_id == default)]


def _of_rules(direction: str, read: Callable[[Any], Any]) -> Callable[[Any], list[Any]]:
    return lambda group: [read(rule) for rule in getattr(group, f"{direction}_rules")]


_OF_RULE: dict[str, Callable[[Any], Any]] = {
    "cidr": lambda rule: rule.ip_range.get("CidrIp"),
    "from-port": lambda rule: rule.from_port,
    "group-id": lambda rule: rule.source_group.get("GroupId"),
    "group-name": lambda rule: _name_of(rule),
    "ipv6-cidr": lambda rule: rule.ip_range.get("CidrIpv6"),
    "prefix-list-id": lambda rule: rule.prefix_list_id,
    "protocol": lambda rule: rule.ip_protocol,
    "to-port": lambda rule: rule.to_port,
    "user-id": lambda rule: rule.source_group.get("UserId"),
}
_FILTERS: dict[str, Callable[[Any], list[Any]]] = {
    "description": lambda group: [group.description],
    "group-id": lambda group: [group.id],
    "group-name": lambda group: [group.name],
    "owner-id": lambda group: [group.owner_id],
    "vpc-id": lambda group: [group.vpc_id],
    **{f"ip-permission.{name}": _of_rules("ingress", read) for name, read in _OF_RULE.items()},
    **{f"egress.ip-permission.{name}": _of_rules("egress", read) for name, read in _OF_RULE.items()},
}


def _name_of(rule: Any) -> str | None:
    group = rule.ec2_backend.get_security_group_from_id(rule.source_group.get("GroupId", ""))
    return group.name if group else None


def _matches(values: list[Any], wanted: list[str]) -> bool:
    patterns = [pattern(str(each)) for each in wanted]
    return any(each.fullmatch(as_text(value)) for value in values if value is not None for each in patterns)


@mend(SecurityGroup)
def matches_filter(moto: Any, self: Any, key: str, filter_value: Any) -> Any:
    if is_tag_filter(key):
        return moto(self, key, filter_value)
    if key not in _FILTERS:
        raise unknown_filter(key)
    return _matches(_FILTERS[key](self), filter_value)


@mend(SecurityGroupRule, "matches_filter")
def _rule_matches(moto: Any, self: Any, key: str, filter_value: Any) -> Any:
    if not is_tag_filter(key) and key not in ("group-id", "security-group-rule-id"):
        raise unknown_filter(key)
    return moto(self, key, filter_value)
