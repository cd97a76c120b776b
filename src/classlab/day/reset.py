"""A fresh seat for a student: the old one ends, and a spare one takes its place where there is one."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any

from classlab.cloud import seats as in_cloud
from classlab.cloud.bringup import counted, listed
from classlab.cloud.launch import seat_tags
from classlab.cloud.regions import reason
from classlab.cloud.seats import Seat
from classlab.errors import CloudError
from classlab.gone.bill import natural
from classlab.names import is_spare


@dataclass
class Reset:
    """What was done, by student; `taken` has the names of their seats until now."""

    ended: list[str] = field(default_factory=list)
    taken: dict[str, str] = field(default_factory=dict)
    say: list[str] = field(default_factory=list)


def reset(ec2: Any, lab: str, students: Collection[str], usable: Callable[[Seat], bool]) -> Reset:
    """`usable`: may this spare seat be entered? What finds none is launched by the `up` that follows."""
    living = [each for each in in_cloud.of_lab(ec2, lab) if each.living]
    old = {each.id: each for each in living if each.student in students}
    # First, so that no student ever has two seats.
    for id_, error in in_cloud.all_or_each(ec2.terminate_instances, list(old)).items():
        raise CloudError(
            f"{old[id_].student}'s seat {id_} could not be ended, and goes on as it is. {reason(error)}"
        ) from error
    done = Reset(ended=[each.student for each in old.values()])
    ready = (each for each in living if is_spare(each.student) and each.state == "running" and usable(each))
    spares = sorted(ready, key=lambda each: natural(each.student))
    for student, spare in zip(students, spares, strict=False):
        in_cloud.write_tags(ec2, lab, [spare], seat_tags({}, lab, student))
        done.taken[student] = spare.student
    if done.ended:
        done.say.append(f"{counted(done.ended)} ended: {listed(done.ended)}.")
    done.say += [
        f"{student} has the spare seat {spare}; `make up` makes a new one." for student, spare in done.taken.items()
    ]
    return done
