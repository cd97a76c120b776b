"""What a seat is made of: the instance type and where it is offered, and Ubuntu's image for it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from classlab.names import did_you_mean

# How Canonical names its images in the Systems Manager's public parameters.
_PARAMETER = "/aws/service/canonical/ubuntu/server/{ubuntu}/stable/current/{arch}/hvm/{disk}/ami-id"
_DISKS = {"24.04": "ebs-gp3", "22.04": "ebs-gp2"}
_ARCHITECTURES = {"x86_64": "amd64", "arm64": "arm64"}


@dataclass(frozen=True)
class Machine:
    """An instance type."""

    name: str
    vcpus: int
    architectures: list[str]
    spot: bool


def parameters(ubuntu: str) -> list[str]:
    """The names to ask, one for each architecture, so that the type need not be known before."""
    return [
        _PARAMETER.format(ubuntu=ubuntu, arch=arch, disk=_DISKS.get(ubuntu, "ebs-gp3"))
        for arch in _ARCHITECTURES.values()
    ]


def image_id(answer: Mapping[str, Any], ubuntu: str, machine: Machine) -> str:
    """Canonical's current image for the type; '' where there is none."""
    by_name = {each["Name"]: str(each["Value"]) for each in answer["Parameters"]}
    for architecture in machine.architectures:
        arch = _ARCHITECTURES.get(architecture, "")
        name = _PARAMETER.format(ubuntu=ubuntu, arch=arch, disk=_DISKS.get(ubuntu, "ebs-gp3"))
        if name in by_name:
            return by_name[name]
    return ""


def no_image(ubuntu: str, machine: Machine, region: str) -> str:
    return (
        f"Canonical offers no Ubuntu {ubuntu} for {machine.name} ({' or '.join(machine.architectures)}) in {region}: "
        "choose another lab_instance_type, lab_ubuntu or lab_region."
    )


def described(answer: Mapping[str, Any]) -> Machine:
    found = answer["InstanceTypes"][0]
    return Machine(
        name=str(found["InstanceType"]),
        vcpus=int(found["VCpuInfo"]["DefaultVCpus"]),
        architectures=[str(each) for each in found["ProcessorInfo"]["SupportedArchitectures"]],
        spot="spot" in found.get("SupportedUsageClasses", ["spot"]),
    )


def no_such_type(name: str, region: str, offered: list[str], setting: str = "lab_instance_type") -> str:
    hint = did_you_mean(name, offered) or " aws ec2 describe-instance-type-offerings lists those there are."
    return f"{setting} '{name}' is not offered in {region}.{hint}"


def image_problem(image: Mapping[str, Any], machine: Machine, volume_size: int, locked: bool) -> str:
    """'' when a seat of this type and size can be launched from the image."""
    if image.get("Architecture") not in machine.architectures:
        return (
            f"lab_instance_type {machine.name} is {' or '.join(machine.architectures)}, but the seats that are there "
            f"run {image.get('Architecture')} and new ones get the same image: choose another type, or make down first."
            if locked
            else f"The image {image['ImageId']} is {image.get('Architecture')}, and {machine.name} is not: choose "
            "another lab_instance_type."
        )
    smallest = max(
        (each.get("Ebs", {}).get("VolumeSize", 0) for each in image.get("BlockDeviceMappings", [])), default=0
    )
    if volume_size < smallest:
        return f"lab_volume_size is {volume_size}, but Ubuntu's image needs {smallest} GiB: write lab_volume_size: 20."
    return ""


def ubuntu_of(image_name: str) -> str:
    """The release, from a name as ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-20260714."""
    found = re.search(r"-(\d\d\.\d\d)-", image_name)
    return found.group(1) if found else ""
