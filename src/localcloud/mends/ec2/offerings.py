"""Where a type is offered, what it can run, and how much of it there is."""

import functools
from collections.abc import Callable
from typing import Any

from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models.instance_types import INSTANCE_TYPE_OFFERINGS, INSTANCE_TYPES


def all_of_it(backend: Any, instance_type: str, zone: str, wanted: int) -> int:
    return wanted


# How many of the wanted instances a zone has room for: the hook by which a fault makes capacity scarce.
capacity: Callable[[Any, str, str, int], int] = all_of_it


@functools.cache
def zones_offering(region: str, instance_type: str) -> tuple[str, ...]:
    """The zones of the region that have the type, in order."""
    return tuple(
        sorted(
            offer["Location"]
            for offer in INSTANCE_TYPE_OFFERINGS["availability-zone"].get(region, [])
            if offer["InstanceType"] == instance_type
        )
    )


def known_type(instance_type: str) -> dict[str, Any]:
    """What EC2 knows of the type; refused when there is no such type."""
    if instance_type not in INSTANCE_TYPES:
        raise EC2ClientError("InvalidParameterValue", f"Invalid value '{instance_type}' for InstanceType.")
    found: dict[str, Any] = INSTANCE_TYPES[instance_type]
    return found


def vcpus(instance_type: str) -> int:
    return int(INSTANCE_TYPES[instance_type]["VCpuInfo"]["DefaultVCpus"])


def check_offered(region: str, instance_type: str, zone: str) -> None:
    """Unsupported, with EC2's sentence, when the zone does not have the type."""
    zones = zones_offering(region, instance_type)
    if zone in zones or region not in INSTANCE_TYPE_OFFERINGS["availability-zone"]:
        return
    if not zones:
        raise EC2ClientError(
            "Unsupported",
            "The requested configuration is currently not supported. "
            "Please check the documentation for supported configurations.",
        )
    raise EC2ClientError(
        "Unsupported",
        f"Your requested instance type ({instance_type}) is not supported in your requested Availability Zone "
        f"({zone}). Please retry your request by not specifying an Availability Zone or choosing {', '.join(zones)}.",
    )


def check_architecture(instance_type: str, image_architecture: str | None) -> None:
    """An arm64 image boots on no x86_64 type."""
    able = known_type(instance_type)["ProcessorInfo"]["SupportedArchitectures"]
    if image_architecture and image_architecture not in able:
        raise EC2ClientError(
            "InvalidParameterValue",
            f"The architecture '{','.join(able)}' of the specified instance type does not match the architecture "
            f"'{image_architecture}' of the specified AMI. Specify an instance type and an AMI that have matching "
            "architectures, and try again. You can use 'describe-instance-types' or 'describe-images' to discover "
            "the architecture of the instance type or AMI.",
        )


def no_capacity(instance_type: str, zone: str, others: list[str]) -> EC2ClientError:
    """The refusal of a zone that has too few left; `others` are the zones that could do it."""
    where = f" or choosing {', '.join(others)}" if others else ""
    return EC2ClientError(
        "InsufficientInstanceCapacity",
        f"We currently do not have sufficient {instance_type} capacity in the Availability Zone you requested "
        f"({zone}). Our system will be working on provisioning additional capacity. You can currently get "
        f"{instance_type} capacity by not specifying an Availability Zone in your request{where}.",
    )


def room(backend: Any, instance_type: str, zone: str, at_least: int, wanted: int) -> int:
    """How many of `wanted` the zone can give; refused when that is less than `at_least`."""
    check_offered(backend.region_name, instance_type, zone)
    count = capacity(backend, instance_type, zone, wanted)
    if count < at_least:
        others = [
            other
            for other in zones_offering(backend.region_name, instance_type)
            if other != zone and capacity(backend, instance_type, other, wanted) >= at_least
        ]
        raise no_capacity(instance_type, zone, others)
    return min(count, wanted)
