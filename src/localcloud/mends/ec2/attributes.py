"""ModifyInstanceAttribute and DescribeInstanceAttribute: what may change when, and every attribute read back as set."""

import base64
import re
from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.core.types import Base64EncodedString
from moto.ec2.exceptions import EC2ClientError, InvalidParameterCombination
from moto.ec2.models.instance_types import INSTANCE_TYPES
from moto.ec2.models.instances import Instance, InstanceBackend
from moto.ec2.responses.instances import InstanceResponse
from moto.ec2.utils import parse_user_data

from localcloud.mends.ec2 import launch_options, offerings
from localcloud.mends.ec2.launch_checks import group_by_id, invalid
from localcloud.mends.mend import mend

# API name to moto's name, of what is kept as it comes.
_PLAIN = {
    "disableApiStop": "disable_api_stop",
    "disableApiTermination": "disable_api_termination",
    "ebsOptimized": "ebs_optimized",
    "enaSupport": "ena_support",
    "instanceInitiatedShutdownBehavior": "instance_initiated_shutdown_behavior",
    "instanceType": "instance_type",
    "kernel": "kernel",
    "ramdisk": "ramdisk",
    "rootDeviceName": "root_device_name",
    "sourceDestCheck": "source_dest_check",
    "sriovNetSupport": "sriov_net_support",
    "userData": "user_data",
}
_ONLY_STOPPED = ("ebsOptimized", "enaSupport", "instanceType", "kernel", "ramdisk", "sriovNetSupport", "userData")
_SHOWN_AS = {"kernel": "KernelId", "ramdisk": "RamdiskId"}


def check_stopped(instance: Instance) -> None:
    if instance.state != "stopped":
        raise EC2ClientError("IncorrectInstanceState", f"The instance '{instance.id}' is not in the 'stopped' state.")


def one_interface(instance: Instance) -> Any:
    """The interface that an attribute of the whole instance means; with several EC2 wants it named."""
    if len(instance.nics) > 1:
        raise EC2ClientError(
            "InvalidInstanceID",
            f"There are multiple interfaces attached to instance '{instance.id}'. "
            "Please specify an interface ID for the operation instead.",
        )
    return instance.nics[0]


def set_attribute(instance: Instance, name: str, value: Any) -> None:
    """Change one attribute, under its API name, as ModifyInstanceAttribute does."""
    if name not in _PLAIN or name == "rootDeviceName":
        raise invalid(f"Value ({name}) for parameter attribute is invalid. Unknown attribute.")
    if name in _ONLY_STOPPED:
        check_stopped(instance)
    if name == "instanceType":
        set_type(instance, str(value))
    elif name == "userData":
        instance.user_data = as_user_data(value)
    elif name == "instanceInitiatedShutdownBehavior":
        if value not in ("stop", "terminate"):
            raise invalid(
                f"Value ({value}) for parameter instanceInitiatedShutdownBehavior is invalid. "
                "Valid values are: stop, terminate."
            )
        instance.instance_initiated_shutdown_behavior = value
    elif name == "sourceDestCheck":
        one_interface(instance).source_dest_check = truth(value)
        instance.source_dest_check = truth(value)
    elif name in ("kernel", "ramdisk", "sriovNetSupport"):
        setattr(instance, _PLAIN[name], value)
    else:
        setattr(instance, _PLAIN[name], truth(value))


def as_user_data(value: bytes | str | None) -> Base64EncodedString | None:
    """UserData comes as what it is, read off its base64 already; Attribute and Value bring the base64 itself."""
    if isinstance(value, bytes):
        value = base64.b64encode(value).decode()
    return parse_user_data(value or None)


def truth(value: Any) -> bool:
    return str(value).lower() == "true"


def set_type(instance: Instance, instance_type: str) -> None:
    if instance_type not in INSTANCE_TYPES:
        raise EC2ClientError("InvalidInstanceAttributeValue", f"Invalid value '{instance_type}' for InstanceType.")
    offerings.check_architecture(instance_type, instance.architecture)
    instance.instance_type = instance_type
    # Cores that were asked for of another type mean nothing for this one.
    instance.cpu_options = launch_options.default_cpu(instance_type)  # type: ignore[attr-defined]  # put there at launch


def set_groups(instance: Instance, group_ids: list[str]) -> None:
    """The instance's groups are those of its interface."""
    interface = one_interface(instance)
    groups = [group_by_id(instance.ec2_backend, each, interface.vpc_id) for each in group_ids]
    if not groups:
        raise invalid("You must specify at least one security group")
    interface._group_set = groups
    instance.security_groups = list(groups)


@mend(InstanceBackend)
def modify_instance_security_groups(moto: Any, self: Any, instance_id: str, new_group_id_list: list[str]) -> Instance:
    instance: Instance = self.get_instance(instance_id)
    set_groups(instance, new_group_id_list)
    return instance


def _devices(instance: Instance, mappings: list[dict[str, Any]]) -> None:
    for mapping in mappings:
        name = mapping.get("DeviceName")
        if name not in instance.block_device_mapping:
            raise EC2ClientError("InvalidInstanceAttributeValue", f"No device is currently mapped at {name}")
    for mapping in mappings:
        # Given without a value it means true.
        kept = mapping.get("Ebs", {}).get("DeleteOnTermination", True)
        instance.block_device_mapping[mapping["DeviceName"]].delete_on_termination = kept


@mend(InstanceResponse)
def modify_instance_attribute(moto: Any, self: Any) -> ActionResult:
    wanted = self._get_params()
    instance = self.ec2_backend.get_instance(self._get_param("InstanceId"))
    changes = {}
    if attribute := wanted.get("Attribute"):
        changes[attribute] = wanted.get("Value")
    for key, value in wanted.items():
        name = key[0].lower() + key[1:]
        if name in _PLAIN and key != "Value":
            changes[name] = value.get("Value") if isinstance(value, dict) else value
    mappings, groups = wanted.get("BlockDeviceMappings"), wanted.get("Groups")
    if not changes and not mappings and not groups:
        raise InvalidParameterCombination("No attributes specified.")
    if len(changes) + bool(mappings) + bool(groups) > 1:
        raise InvalidParameterCombination("Fields for multiple attribute types specified: one per call.")
    self.error_on_dryrun()
    for name, value in changes.items():
        if name == "groupSet":
            set_groups(instance, [value])
        else:
            set_attribute(instance, name, value)
    if mappings:
        _devices(instance, mappings)
    if groups:
        set_groups(instance, groups)
    return EmptyResult()


@mend(InstanceResponse)
def reset_instance_attribute(moto: Any, self: Any) -> ActionResult:
    instance = self.ec2_backend.get_instance(self._get_param("InstanceId"))
    name = self._get_param("Attribute")
    if name not in ("kernel", "ramdisk", "sourceDestCheck"):
        raise invalid(f"Value ({name}) for parameter attribute is invalid.")
    self.error_on_dryrun()
    set_attribute(instance, name, True if name == "sourceDestCheck" else None)
    return EmptyResult()


@mend(InstanceResponse)
def describe_instance_attribute(moto: Any, self: Any) -> ActionResult:
    instance = self.ec2_backend.get_instance(self._get_param("InstanceId"))
    name = self._get_param("Attribute")
    return ActionResult({"InstanceId": instance.id, **shown(instance, name)})


def shown(instance: Any, name: str) -> dict[str, Any]:
    if name == "groupSet":
        return {"Groups": instance.security_groups}
    if name == "blockDeviceMapping":
        return {"BlockDeviceMappings": instance.block_device_mappings}
    if name == "productCodes":
        return {"ProductCodes": instance.product_codes}
    if name == "enclaveOptions":
        return {"EnclaveOptions": getattr(instance, "enclave_options", {"Enabled": False})}
    if name not in _PLAIN:
        raise EC2ClientError(
            "InvalidParameterValue", f"Value ({name}) for parameter attribute is invalid. Unknown attribute."
        )
    value = getattr(instance, _PLAIN[name], None)
    key = _SHOWN_AS.get(name) or re.sub("^.", lambda first: first.group().upper(), name)
    return {key: {"Value": value} if value is not None else {}}
