"""What of this lab is in the cloud already: its seats, and whether the name is somebody else's."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from classlab import clock
from classlab.cloud.kinds import BASE_IMAGE, MANAGED_BY
from classlab.names import BUILDER

# A seat in one of these states is there; what shuts down is as good as gone.
LIVING = ("pending", "running", "stopping", "stopped")


@dataclass(frozen=True)
class LivingSeat:
    id: str
    student: str
    instance_type: str
    image_id: str
    vpc_id: str
    state: str
    vcpus: int
    launched: datetime | None
    ends_at: datetime | None


@dataclass(frozen=True)
class Living:
    """The seats of this lab that are there; and of what `make bake` launched, which is nobody's, the ids."""

    seats: list[LivingSeat] = field(default_factory=list)
    builders: list[str] = field(default_factory=list)

    @property
    def students(self) -> set[str]:
        return {seat.student for seat in self.seats}

    @property
    def asleep(self) -> list[LivingSeat]:
        """Seats that up starts again; that takes as much room as a launch."""
        return [seat for seat in self.seats if seat.state in ("stopping", "stopped")]

    @property
    def image_id(self) -> str:
        """Ubuntu's image that most seats stem from: what is launched later gets the same, for the life of the lab."""
        return Counter(seat.image_id for seat in self.seats).most_common(1)[0][0] if self.seats else ""

    @property
    def vpc_id(self) -> str:
        return next((seat.vpc_id for seat in self.seats if seat.vpc_id), "")

    @property
    def ends_at(self) -> datetime | None:
        """The latest deadline that a seat has."""
        return max((seat.ends_at for seat in self.seats if seat.ends_at), default=None)


def instances(pages: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """DescribeInstances' pages as one list."""
    return [each for page in pages for one in page["Reservations"] for each in one["Instances"]]


def counted(seats: int) -> str:
    return "1 seat" if seats == 1 else f"{seats} seats"


def vcpus(instance: Mapping[str, Any]) -> int:
    cores = instance.get("CpuOptions", {})
    return int(cores.get("CoreCount", 1)) * int(cores.get("ThreadsPerCore", 1))


def tags(thing: Mapping[str, Any]) -> dict[str, str]:
    return {each["Key"]: each["Value"] for each in thing.get("Tags", [])}


def found(name: str, owner: str, everything: list[dict[str, Any]]) -> tuple[Living, list[str]]:
    """This lab's seats among all instances of the region; a sentence when the name is taken by somebody else."""
    seats, builders, others = [], [], []
    for instance in everything:
        labels = tags(instance)
        if labels.get("Lab") != name or instance["State"]["Name"] not in LIVING:
            continue
        if labels.get("ManagedBy") != MANAGED_BY or labels.get("Owner", "") != owner:
            others.append(f"{instance['InstanceId']}, {_whose(labels)}")
            continue
        if labels.get("Student") == BUILDER:
            builders.append(str(instance["InstanceId"]))
            continue
        seats.append(
            LivingSeat(
                id=instance["InstanceId"],
                student=labels.get("Student", ""),
                instance_type=instance["InstanceType"],
                image_id=labels.get(BASE_IMAGE) or instance["ImageId"],
                vpc_id=instance.get("VpcId", ""),
                state=instance["State"]["Name"],
                vcpus=vcpus(instance),
                launched=instance.get("LaunchTime"),
                ends_at=clock.tagged(labels.get("EndsAt", "")),
            )
        )
    return Living(seats, builders), [_taken(name, owner, others)] if others else []


def key_pair_problem(name: str, owner: str, key_pairs: list[Mapping[str, Any]]) -> str:
    """The lab's key pair has the lab's name; one of that name without its tags is somebody else's."""
    for pair in key_pairs:
        labels = tags(pair)
        ours = labels.get("Lab") == name and labels.get("ManagedBy") == MANAGED_BY
        if not ours or labels.get("Owner", "") != owner:
            return _taken(name, owner, [f"the key pair {pair['KeyName']}, {_whose(labels)}"])
    return ""


def elsewhere_problem(name: str, there: Living, last_region: str, region: str) -> str:
    """A lab stays where it was launched: a second one in another region would bill unseen."""
    if not there.seats:
        return ""
    return (
        f"The lab '{name}' runs in {last_region} ({counted(len(there.seats))}), but lab_region is now {region}: write "
        f"lab_region: {last_region} again, or make down there first."
    )


def _taken(name: str, owner: str, others: list[str]) -> str:
    shown = "; ".join(others[:3]) + (f"; and {len(others) - 3} more" if len(others) > 3 else "")
    return (
        f"The name '{name}' is in use by somebody else in this account and region ({shown}), while this class's Owner "
        f"is '{owner}': choose another lab_name, or, if these are yours, write their Owner in lab_tags."
    )


def _whose(labels: Mapping[str, str]) -> str:
    if labels.get("ManagedBy") != MANAGED_BY:
        by = labels.get("ManagedBy")
        return f"managed by {by}" if by else "not made by classlab"
    return f"Owner '{labels.get('Owner', '')}'"
