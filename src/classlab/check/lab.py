"""What of the lab is in the cloud: seats for all, and for nobody else; tags; deadline; ways in."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from classlab import clock
from classlab.check.finding import Finding, bad, good
from classlab.cloud import seats as in_cloud
from classlab.cloud.kinds import MANAGED_BY, tags_of
from classlab.cloud.seats import LIVING, Seat
from classlab.display.recap import listed
from classlab.labfolder import LabFolder
from classlab.names import BUILDER, make
from classlab.plan.cloud import Cloud, ask, filters
from classlab.plan.living import counted, instances
from classlab.trust import sshconfig

# A filter of EC2's takes this many values.
MOST_VALUES = 200


@dataclass(frozen=True)
class Thing:
    """Something of the lab with tags: a seat, its disk, the group, the key pair."""

    kind: str
    id: str
    tags: Mapping[str, str]
    student: str = ""


@dataclass
class Lab:
    """As the cloud tells it. `builders` were launched by `make bake`; `others` with the lab's key, but lack tags."""

    seats: list[Seat] = field(default_factory=list)
    builders: list[Seat] = field(default_factory=list)
    others: list[Thing] = field(default_factory=list)
    disks: list[Thing] = field(default_factory=list)
    rest: list[Thing] = field(default_factory=list)
    # What the security group lets in; None where there is none.
    rules: list[Mapping[str, Any]] | None = None
    unasked: list[str] = field(default_factory=list)

    @property
    def up(self) -> bool:
        return bool(self.seats)

    def of(self, students: Collection[str]) -> "Lab":
        """Only the seats of these, and what hangs on them."""
        return replace(
            self,
            seats=[each for each in self.seats if each.student in students],
            disks=[each for each in self.disks if each.student in students],
            builders=[],
            others=[],
        )


def look(cloud: Cloud, name: str) -> Lab:
    """Two rounds of questions. Things are found by their names too, so that a lost tag does not hide them."""
    ec2 = cloud.client("ec2")
    pages = ec2.get_paginator("describe_instances")
    alive = filters(instance_state_name=LIVING)
    tagged = filters(**{"tag:Lab": [name], "tag:ManagedBy": [MANAGED_BY]})
    first = ask(
        {
            "ec2:DescribeInstances": lambda: instances(pages.paginate(Filters=[*alive, *tagged])),
            "ec2:DescribeInstances by key": lambda: instances(
                pages.paginate(Filters=[*alive, *filters(key_name=[name])])
            ),
            "ec2:DescribeSecurityGroups": lambda: ec2.describe_security_groups(Filters=filters(group_name=[name]))[
                "SecurityGroups"
            ],
            "ec2:DescribeKeyPairs": lambda: ec2.describe_key_pairs(Filters=filters(key_name=[name]))["KeyPairs"],
        }
    )
    everybody = first.get("ec2:DescribeInstances") or []
    known = [each for each in everybody if tags_of(each).get("Student") != BUILDER]
    roots = {disk: tags_of(each).get("Student", "") for each in known if (disk := _root(each))}
    second = ask({"ec2:DescribeVolumes": lambda: _volumes(ec2, list(roots))} if roots else {})
    return Lab(
        seats=[in_cloud.seat(each) for each in known],
        builders=[in_cloud.seat(each) for each in everybody if each not in known],
        others=_others(first.get("ec2:DescribeInstances by key") or [], everybody),
        disks=[
            Thing("disk", each["VolumeId"], tags_of(each), roots[each["VolumeId"]])
            for each in second.get("ec2:DescribeVolumes") or []
        ],
        rest=[
            Thing(kind, each[key], tags_of(each))
            for kind, key, action in (
                ("security group", "GroupId", "ec2:DescribeSecurityGroups"),
                ("key pair", "KeyPairId", "ec2:DescribeKeyPairs"),
            )
            for each in first.get(action) or []
        ],
        rules=next((each["IpPermissions"] for each in first.get("ec2:DescribeSecurityGroups") or []), None),
        unasked=[*first.unanswered(), *second.unanswered()],
    )


def _root(record: Mapping[str, Any]) -> str:
    """The disk that it boots from; another one may be somebody's own."""
    mappings = record.get("BlockDeviceMappings") or []
    return next(
        (str(each["Ebs"]["VolumeId"]) for each in mappings if each["DeviceName"] == record.get("RootDeviceName")), ""
    )


def _volumes(ec2: Any, ids: Sequence[str]) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = []
    for start in range(0, len(ids), MOST_VALUES):
        found += ec2.describe_volumes(Filters=filters(volume_id=ids[start : start + MOST_VALUES]))["Volumes"]
    return found


def _others(with_key: Iterable[Mapping[str, Any]], known: Iterable[Mapping[str, Any]]) -> list[Thing]:
    ids = {each["InstanceId"] for each in known}
    return [Thing("seat", each["InstanceId"], tags_of(each)) for each in with_key if each["InstanceId"] not in ids]


def lab(
    there: Lab, students: Sequence[str], roster: Sequence[str], class_name: str, now: datetime
) -> Iterator[Finding]:
    """`students` should have a seat; nobody but those on the `roster` should. Without a roster that is not known."""
    troubles = list(_seats(there, students, roster, class_name))
    yield from troubles
    if not troubles and roster:
        yield good("seats", f"{counted(len(there.seats))}, for each student one")
    for each in there.builders:
        yield bad(
            "builder",
            f"{each.id} was launched by `{make('bake', class_name)}`, and bills. Unless that is at work now: run it "
            "again, and it ends it.",
        )
    if asleep := sorted(each.student for each in there.seats if each.asleep):
        yield good("asleep", f"{listed(asleep)}; `{make('start', class_name)}` wakes them", asleep)
    if there.up:
        yield from _deadline(there.seats, class_name, now)


def _seats(there: Lab, students: Sequence[str], roster: Sequence[str], class_name: str) -> Iterator[Finding]:
    by_student = in_cloud.by_student(there.seats)
    if without := [each for each in students if each not in by_student]:
        up = make("up", class_name, without[0] if len(without) == 1 else "")
        yield bad("seats", f"{listed(without)} {_have(without)} no seat: `{up}` brings it.", without)
    for student, seats in sorted(by_student.items()):
        ids = " and ".join(each.id for each in seats)
        if not student:
            lacks = f"{ids} {_have(seats)} no tag Student, so nobody works on it"
            yield bad("seats", f"{lacks}: terminate it in the cloud.")
        elif len(seats) > 1:
            several = f"{student} has {len(seats)} seats, {ids}, and each bills"
            yield bad("seats", f"{several}: terminate the wrong one in the cloud.", [student])
    if nobodys := [each for each in by_student if each and roster and each not in roster]:
        prune = f"`{make('up', class_name)} PRUNE=yes` removes it"
        yield bad("seats", f"{listed(nobodys)} {_are(nobodys)} not on the roster, and has a seat: {prune}.", nobodys)


def _have(them: Sequence[object]) -> str:
    return "has" if len(them) == 1 else "have"


def _are(them: Sequence[object]) -> str:
    return "is" if len(them) == 1 else "are"


def _deadline(seats: Sequence[Seat], class_name: str, now: datetime) -> Iterator[Finding]:
    ends = {each.student or each.id: each.end for each in seats}
    known = {who: end for who, end in ends.items() if end}
    if over := sorted(who for who, end in known.items() if end <= now):
        yield bad(
            "deadline",
            f"It is over, and {listed(over)} {_are(over)} still there: `{make('extend', class_name)} HOURS=2` lets the "
            f"lab run on, `{make('down', class_name)}` ends it.",
            over,
        )
    if len(set(known.values())) > 1:
        yield bad(
            "deadline",
            f"Seats end at different times, from {clock.told(min(known.values()))} to "
            f"{clock.told(max(known.values()))}: `{make('up', class_name)}` makes it one.",
        )
    elif known and not over:
        end = max(known.values())
        yield good("deadline", f"{clock.told(end)}, in {clock.in_words(end - now)}")


def ssh_config(folder: LabFolder, name: str, seats: Sequence[Seat], port_tag: str, class_name: str) -> Finding:
    """Does the file know where the seats are now? The verbs that enter seats bring it up to date; this one does not."""
    known = [sshconfig.Seat(each.student, each.id, *each.reached(port_tag)) for each in seats if each.student]
    wanted = sshconfig.text(folder, name, known)
    if folder.ssh_config.exists() and folder.ssh_config.read_text() == wanted:
        return good("ssh_config", "it has the address of each seat")
    why = "knows other addresses than the seats have" if folder.ssh_config.exists() else "is not there"
    # Whoever sleeps need not be woken for it.
    awake = [each.student for each in seats if each.state == "running"]
    who = awake[0] if awake and len(awake) < len(seats) else ""
    return bad("ssh_config", f"The lab's ssh_config {why}: `{make('start', class_name, who)}` writes it anew.")
