"""The account's vCPU quotas: which one counts a type, how much of it is in use, and how much is still needed."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from classlab.plan.living import counted, vcpus

# Family -> (what AWS calls the quota, its code on demand, its code for spot)
STANDARD = ("Standard (A, C, D, H, I, M, R, T, Z)", "L-1216C47A", "L-34B43A08")
SPECIAL = {
    ("g", "gr", "vt"): ("G and VT", "L-DB2E81BA", "L-3819A6DF"),
    ("p",): ("P", "L-417A185B", "L-7212CCBC"),
    ("x",): ("X", "L-7295265B", "L-E3A00192"),
    ("f",): ("F", "L-74FC7D96", "L-88CF9481"),
    ("inf",): ("Inf", "L-1945791B", "L-B5D1601B"),
    ("trn",): ("Trn", "L-2C3B7624", "L-6B0D517C"),
    ("dl",): ("DL", "L-6E869C2A", "L-85EED4F7"),
    ("hpc",): ("HPC", "L-F7808C92", ""),
    ("u",): ("High Memory", "L-43DA4232", ""),
}


def bucket(instance_type: str, spot: bool) -> tuple[str, str]:
    """The quota that counts this type: its name and its code ('' where AWS counts none)."""
    letters = re.match(r"[a-z]+", instance_type)
    family = letters.group() if letters else ""
    if family == "mac":
        return "", ""
    name, code, spot_code = next((each for families, each in SPECIAL.items() if family in families), STANDARD)
    return (f"All {name} Spot Instance Requests", spot_code) if spot else (f"Running On-Demand {name} instances", code)


def in_use(code: str, everything: Iterable[Mapping[str, Any]]) -> int:
    """vCPUs of all instances in the region that count against this quota; what is stopped does not."""
    return sum(
        vcpus(instance)
        for instance in everything
        if instance["State"]["Name"] in ("pending", "running")
        and bucket(instance["InstanceType"], instance.get("InstanceLifecycle") == "spot")[1] == code
    )


@dataclass(frozen=True)
class Room:
    """What a quota still has room for."""

    name: str
    code: str
    limit: float
    used: int

    def problem(self, seats: int, each: int, asleep: list[int], region: str) -> str:
        """'' when so many seats of `each` vCPUs can be launched, and those that are `asleep` started."""
        steps = [f"launch {counted(seats)}"] if seats else []
        steps += [f"start {counted(len(asleep))} that is stopped"] if len(asleep) == 1 else []
        steps += [f"start {counted(len(asleep))} that are stopped"] if len(asleep) > 1 else []
        return self.lacks(seats * each + sum(asleep), each, " and ".join(steps), region)

    def lacks(self, needed: int, each: int, step: str, region: str) -> str:
        """'' when there are so many vCPUs left for this step, whose seats have `each`."""
        if self.used + needed <= self.limit:
            return ""
        room = max(0, int(self.limit - self.used))
        return (
            f"The account's quota '{self.name}' ({self.code}) in {region} is too small: to {step} takes "
            f"{needed} vCPUs, the quota is {self.limit:.0f}, and {self.used} are in use, so {room} are left, which is "
            f"room for {counted(room // each)}. Choose a smaller type or fewer seats, or ask for more: "
            "aws service-quotas request-service-quota-increase --service-code ec2 "
            f"--quota-code {self.code} --desired-value {self.used + needed} --region {region}"
        )
