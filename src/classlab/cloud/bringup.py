"""Bring a lab's seats to what is wanted: launch what is missing, start what is stopped, correct tags, end who left."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from classlab import clock
from classlab.cloud import seats as in_cloud
from classlab.cloud.launch import Launched, Launcher, seat_tags
from classlab.cloud.regions import reason
from classlab.cloud.seats import Seat
from classlab.names import BUILDER

# A list of more names than this is not read.
MOST_NAMES = 12


@dataclass(frozen=True)
class Wanted:
    lab: str
    tags: Mapping[str, str]
    students: Collection[str]
    leaving: Collection[str] = ()
    prune: bool = False
    again: str = "make up"
    patience: float = 300


@dataclass
class Brought:
    """What there is now, and what was done for it. All by student."""

    found: list[Seat] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    launched: list[str] = field(default_factory=list)
    started: list[str] = field(default_factory=list)
    retagged: list[str] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)
    say: list[str] = field(default_factory=list)

    @property
    def changed(self) -> bool:
        return bool(self.launched or self.started or self.retagged or self.ended)


def bring_up(ec2: Any, wanted: Wanted, launcher: Callable[[Mapping[str, list[str]]], Launcher] | None) -> Brought:
    """`launcher` makes one of the ids of students' earlier seats; without it nothing is launched or started."""
    brought = Brought()
    before = in_cloud.of_lab(ec2, wanted.lab)
    alive = {student: [seat for seat in them if seat.living] for student, them in in_cloud.by_student(before).items()}
    _end_leaving(ec2, wanted, alive, brought)
    kept = [seat for student, them in alive.items() if student for seat in them if student not in brought.ended]
    awaited = {seat.id: seat.student for seat in kept if seat.state == "pending"}
    if launcher:
        missing = [student for student in wanted.students if not alive.get(student)]
        if missing:
            ids = {student: [seat.id for seat in them] for student, them in in_cloud.by_student(before).items()}
            awaited |= _launch(launcher(ids), missing, brought)
        awaited |= _start(ec2, wanted, [seat for seat in kept if seat.student in wanted.students], brought)
    # A seat that `make bake` launched is nobody's, and has an end of its own.
    same_end = [seat for seat in kept if (seat.student == BUILDER) == (BUILDER in wanted.students)]
    tags = [(seat, seat_tags(wanted.tags, wanted.lab, seat.student)) for seat in same_end]
    brought.retagged = [seat.student for seat in in_cloud.correct_tags(ec2, wanted.lab, tags)]
    if awaited:
        after, late = in_cloud.wait_until_running(ec2, wanted.lab, awaited, wanted.patience)
        brought.refused |= {awaited[each]: sentence for each, sentence in late.items()}
    else:
        after = before
    gone = {seat.id for student in brought.ended for seat in alive[student]}
    others = {"", BUILDER}.difference(wanted.students)
    there = [seat for seat in after if seat.student not in others and seat.living and seat.id not in gone]
    brought.found = sorted(there, key=lambda seat: (seat.student, seat.id))
    _refuse_twins(wanted, brought)
    _tell(wanted, brought)
    return brought


def _end_leaving(ec2: Any, wanted: Wanted, alive: Mapping[str, list[Seat]], brought: Brought) -> None:
    """The plan has told of them already; without `prune` they stay."""
    leaving = [student for student in wanted.leaving if alive.get(student) and student not in wanted.students]
    if not wanted.prune:
        return
    seats = {seat.id: seat for student in leaving for seat in alive[student]}
    refused = in_cloud.all_or_each(ec2.terminate_instances, list(seats))
    for each, error in refused.items():
        brought.refused[seats[each].student] = f"{each} could not be ended and goes on billing. {reason(error)}"
    brought.ended = [student for student in leaving if student not in brought.refused]


def _launch(launcher: Launcher, missing: list[str], brought: Brought) -> dict[str, str]:
    launched: Launched = launcher.all(missing)
    brought.launched = list(launched.ids)
    brought.refused |= launched.refused
    if launched.denial:
        brought.say.append(
            "What exactly was not allowed is told by: aws sts decode-authorization-message --encoded-message "
            f"{launched.denial}"
        )
    return {instance: student for student, instance in launched.ids.items()}


def _start(ec2: Any, wanted: Wanted, seats: list[Seat], brought: Brought) -> dict[str, str]:
    sleeping = [seat for seat in seats if seat.asleep]
    brought.refused |= {seat.student: why for seat in sleeping if (why := in_cloud.would_end(seat, clock.now()))}
    asleep = [seat for seat in sleeping if seat.student not in brought.refused]
    if not asleep:
        return {}
    refused = in_cloud.start(ec2, wanted.lab, asleep, wanted.patience)
    brought.refused |= {
        seat.student: in_cloud.not_started(seat, refused[seat.id]) for seat in asleep if seat.id in refused
    }
    started = {seat.id: seat.student for seat in asleep if seat.id not in refused}
    brought.started = list(started.values())
    return started


def _refuse_twins(wanted: Wanted, brought: Brought) -> None:
    """Which of two is the one that the student works on, only a person can tell."""
    for student, seats in in_cloud.by_student(brought.found).items():
        if len(seats) > 1:
            ids = " and ".join(seat.id for seat in seats)
            brought.refused[student] = (
                f"There are {len(seats)} seats of {student}: {ids}. Each bills, and none was touched: end the wrong "
                f"one in the console, or with aws ec2 terminate-instances --instance-ids, then `{wanted.again}`."
            )
    brought.found = [seat for seat in brought.found if seat.student not in brought.refused]


def _tell(wanted: Wanted, brought: Brought) -> None:
    done = [
        ("launched", [each for each in brought.launched if each not in brought.refused]),
        ("started again", [each for each in brought.started if each not in brought.refused]),
        ("ended, for they are no longer on the roster", brought.ended),
    ]
    brought.say[:0] = [f"{counted(names)} {what}: {listed(names)}." for what, names in done if names]
    if brought.refused:
        brought.say.append(
            f"{counted(list(brought.refused))} could not be had: {listed(list(brought.refused))}. The others exist, "
            f"and bill; `{wanted.again}` adds what is missing, `{wanted.again.replace(' up', ' down')}` ends all."
        )


def counted(names: list[str]) -> str:
    return f"{len(names)} {'seat' if len(names) == 1 else 'seats'}"


def listed(names: list[str]) -> str:
    shown = ", ".join(names[:MOST_NAMES])
    return shown if len(names) <= MOST_NAMES else f"{shown} and {len(names) - MOST_NAMES} more"
