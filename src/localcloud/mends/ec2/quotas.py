"""The vCPU quotas of EC2, in service-quotas and at RunInstances and StartInstances."""

import os
import re
from dataclasses import dataclass
from typing import Any

from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models.instances import Instance
from moto.servicequotas.models import servicequotas_backends

from localcloud.errors import UsageError
from localcloud.mends.ec2.offerings import vcpus

# An AWS account of some age has this many; a new one has 5 to 32.
USUAL_VCPUS = 1152


@dataclass(frozen=True)
class Quota:
    code: str
    name: str
    default: float
    vcpu_class: str = ""


# One row per bucket of families: class, on-demand code, what it is called, default, and the same for spot.
_BUCKETS = (
    ("DL", "L-6E869C2A", "DL instances", 96, "L-85EED4F7", "All DL Spot Instance Requests", 96),
    ("F", "L-74FC7D96", "F instances", 128, "L-88CF9481", "All F Spot Instance Requests", 128),
    ("G", "L-DB2E81BA", "G and VT instances", 64, "L-3819A6DF", "All G and VT Spot Instance Requests", 64),
    ("HPC", "L-F7808C92", "HPC instances", 768, "", "", 0),
    ("HighMem", "L-43DA4232", "High Memory instances", 448, "", "", 0),
    ("Inf", "L-1945791B", "Inf instances", 128, "L-B5D1601B", "All Inf Spot Instance Requests", 128),
    ("P", "L-417A185B", "P instances", 64, "L-7212CCBC", "All P Spot Instance Requests", 64),
    ("Trn", "L-2C3B7624", "Trn instances", 256, "L-6B0D517C", "All Trn Spot Instance Requests", 256),
    ("X", "L-7295265B", "X instances", 128, "L-E3A00192", "All X Spot Instance Requests", 128),
)
STANDARD, STANDARD_SPOT, ELASTIC_IPS = "L-1216C47A", "L-34B43A08", "L-0263D0A3"
_FAMILIES = {
    "dl": "DL", "f": "F", "g": "G", "gr": "G", "vt": "G", "hpc": "HPC", "u": "HighMem",
    "inf": "Inf", "p": "P", "trn": "Trn", "x": "X",
}  # fmt: skip


def standard_vcpus() -> float:
    """The default for standard types: LOCALCLOUD_VCPUS, or what AWS usually gives."""
    said = os.environ.get("LOCALCLOUD_VCPUS") or str(USUAL_VCPUS)
    if not said.isdigit():
        raise UsageError(f"LOCALCLOUD_VCPUS is '{said}': set it to a whole number of vCPUs, or unset it.")
    return float(said)


def quotas() -> dict[str, Quota]:
    """Every quota of EC2 that localcloud keeps, by code."""
    standard = standard_vcpus()
    families = "Standard (A, C, D, H, I, M, R, T, Z)"
    found = [
        Quota(STANDARD, f"Running On-Demand {families} instances", standard, "Standard/OnDemand"),
        Quota(STANDARD_SPOT, f"All {families} Spot Instance Requests", standard, "Standard/Spot"),
        Quota(ELASTIC_IPS, "EC2-VPC Elastic IPs", 5),
    ]
    for name, code, what, default, spot_code, spot_name, spot_default in _BUCKETS:
        found.append(Quota(code, f"Running On-Demand {what}", default, f"{name}/OnDemand"))
        if spot_code:
            found.append(Quota(spot_code, spot_name, spot_default, f"{name}/Spot"))
    return {quota.code: quota for quota in sorted(found, key=lambda each: each.code)}


def quota(code: str, account_id: str = "123456789012", region_name: str = "us-east-1") -> float:
    """The quota that holds for an account in a region: the granted increase, else the default."""
    granted = getattr(servicequotas_backends[account_id][region_name], "granted", {})
    return float(granted.get(("ec2", code), quotas()[code].default))


def bucket(instance_type: str, spot: bool = False) -> str:
    """The code of the quota that counts the type's vCPUs; empty where AWS counts none."""
    letters = re.match(r"[a-z]+", instance_type)
    family = letters.group() if letters else ""
    if family == "mac":
        return ""
    for name, code, _, _, spot_code, _, _ in _BUCKETS:
        if name == _FAMILIES.get(family):
            return spot_code if spot else code
    return STANDARD_SPOT if spot else STANDARD


def is_spot(instance: Instance) -> bool:
    return instance.lifecycle == "spot"


def in_use(backend: Any, code: str) -> int:
    """vCPUs that count against the quota: what is terminated or stopped does not."""
    return sum(
        vcpus(instance.instance_type)
        for reservation in list(backend.reservations.values())
        for instance in reservation.instances
        if instance.state in ("pending", "running", "stopping")
        and bucket(instance.instance_type, is_spot(instance)) == code
    )


def room(backend: Any, instance_type: str, spot: bool, at_least: int, wanted: int) -> int:
    """How many of `wanted` instances the quota leaves room for; refused when that is less than `at_least`."""
    code = bucket(instance_type, spot)
    if not code:
        return wanted
    limit = quota(code, backend.account_id, backend.region_name)
    count = min(wanted, int((limit - in_use(backend, code)) // vcpus(instance_type)))
    if count < at_least:
        raise exceeded(code, limit, spot)
    return count


def exceeded(code: str, limit: float, spot: bool) -> EC2ClientError:
    if spot:
        return EC2ClientError("MaxSpotInstanceCountExceeded", "Max spot instance count exceeded")
    return EC2ClientError(
        "VcpuLimitExceeded",
        f"You have requested more vCPU capacity than your current vCPU limit of {limit:.0f} allows for the instance "
        "bucket that the specified instance type belongs to. Please visit "
        "http://aws.amazon.com/contact-us/ec2-request to request an adjustment to this limit.",
    )


def check_start(backend: Any, instances: list[Instance]) -> None:
    """Stopped instances count for nothing; starting them needs room again."""
    needed: dict[tuple[str, bool], int] = {}
    for instance in instances:
        if instance.state == "stopped" and (code := bucket(instance.instance_type, is_spot(instance))):
            key = (code, is_spot(instance))
            needed[key] = needed.get(key, 0) + vcpus(instance.instance_type)
    for (code, spot), count in needed.items():
        limit = quota(code, backend.account_id, backend.region_name)
        if in_use(backend, code) + count > limit:
            raise exceeded(code, limit, spot)
