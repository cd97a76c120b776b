"""DescribeInstanceStatus with EC2's filters; moto knows only two of them and passes over the rest."""

from collections.abc import Callable
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.models.instances import Instance, InstanceBackend
from moto.ec2.responses.instances import InstanceResponse

from localcloud.mends.ec2.filters import pattern, unknown_filter
from localcloud.mends.mend import mend


def _check(name: str) -> Callable[[Instance], str]:
    return lambda instance: str(getattr(instance, name)["Status"])


def _reachability(name: str) -> Callable[[Instance], str]:
    return lambda instance: str(getattr(instance, name).get("Details", [{"Status": ""}])[0]["Status"])


VALUES: dict[str, Callable[[Instance], str]] = {
    "availability-zone": lambda instance: str(instance.availability_zone),
    "instance-state-code": lambda instance: str(instance.state_code),
    "instance-state-name": lambda instance: instance.state,
    "instance-status.status": _check("instance_status"),
    "instance-status.reachability": _reachability("instance_status"),
    "system-status.status": _check("system_status"),
    "system-status.reachability": _reachability("system_status"),
}


def _passes(instance: Instance, filters: dict[str, list[str]]) -> bool:
    return all(
        any(pattern(each).fullmatch(_value(instance, name)) for each in wanted) for name, wanted in filters.items()
    )


def _value(instance: Instance, name: str) -> str:
    if name.startswith("tag:"):
        tags = {tag["key"]: tag["value"] for tag in instance.get_tags()}
        return str(tags.get(name.removeprefix("tag:"), ""))
    if name not in VALUES:
        raise unknown_filter(name)
    return VALUES[name](instance)


@mend(InstanceResponse, "describe_instance_status")
def _answer(moto: Any, self: Any) -> ActionResult:
    self.error_on_dryrun()
    found = self.ec2_backend.describe_instance_status(
        self._get_param("InstanceIds", []),
        self._get_bool_param("IncludeAllInstances", False),
        self._filters_from_querystring(),
    )
    return ActionResult({"InstanceStatuses": found})


@mend(InstanceBackend)
def describe_instance_status(
    moto: Any, self: Any, instance_ids: list[str], include_all_instances: bool, filters: dict[str, list[str]]
) -> list[Instance]:
    asked = self.get_multi_instances_by_id(instance_ids) if instance_ids else self.all_instances()
    return [each for each in asked if (include_all_instances or each.is_running()) and _passes(each, filters)]
