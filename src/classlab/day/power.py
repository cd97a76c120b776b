"""Seats put to sleep and woken: a stopped seat keeps its disk and its student's work, and bills for the disk alone."""

import time
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from classlab import clock, money
from classlab.cloud import seats as in_cloud
from classlab.cloud.bringup import counted, listed
from classlab.cloud.regions import code, reason
from classlab.cloud.seats import Seat
from classlab.errors import ClasslabError
from classlab.trust.waiting import answers

AT_ONCE = 32
# EC2's code -> what it means of a seat that is to be stopped.
NOT_STOPPED = {
    "UnsupportedOperation": "it is a spot instance, which AWS does not let stop: `make down` ends it, with its disk",
    "IncorrectInstanceState": "it is still starting: wait a minute, then try again",
}


@dataclass
class Powered:
    """What there is now, and what was done. Names are students'."""

    found: list[Seat]
    changed: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    say: list[str] = field(default_factory=list)


def stop(ec2: Any, lab: str, region: str, students: Collection[str], volume_size: int, patience: float) -> Powered:
    chosen, without = chosen_of(ec2, lab, students)
    awake = [each for each in chosen if each.state in ("pending", "running")]
    now, refused = put_to_sleep(ec2, lab, chosen, patience)
    refused |= without
    done = _names(awake, refused)
    asleep = _names(chosen, refused)
    say = [f"{counted(done)} stopped: {listed(done)}."] if done else [] if refused else ["All are stopped already."]
    if asleep:
        price = money.dollars(money.times(money.volume_hour(region, volume_size), len(asleep)))
        if ends := [end for each in chosen if (end := each.end) and each.student in asleep]:
            say.append(
                f"Their deadline is {clock.told(min(ends))}: to start them after that, `make extend` comes first."
            )
        say.append(f"A stopped seat bills for its disk: {counted(asleep)}, about {price} an hour until `make down`.")
    return Powered(_living(now), done, refused, say)


def put_to_sleep(ec2: Any, lab: str, chosen: Sequence[Seat], patience: float) -> tuple[list[Seat], dict[str, str]]:
    """All seats of the lab when these are stopped, and sentences about those that are not, by student."""
    awake = [each for each in chosen if each.state in ("pending", "running")]
    refusals = in_cloud.all_or_each(ec2.stop_instances, [each.id for each in awake])
    refused = {each.student: _not_stopped(each, refusals[each.id]) for each in awake if each.id in refusals}
    awaited = {each.id for each in chosen if each.id not in refusals}
    for now in in_cloud.watch(ec2, lab, patience):
        late = [each for each in now if each.id in awaited and each.state in ("pending", "running", "stopping")]
        if not late:
            break
    refused |= {each.student: f"{each.id} is still {each.state}: wait a minute, then try again." for each in late}
    return now, refused


def start(ec2: Any, lab: str, students: Collection[str], port_tag: str, patience: float, at: datetime) -> Powered:
    until = time.monotonic() + patience
    chosen, without = chosen_of(ec2, lab, students)
    sleeping = [each for each in chosen if each.asleep]
    over = {each.student: why for each in sleeping if (why := in_cloud.would_end(each, at))}
    without |= over
    chosen, asleep = ([each for each in seats if each.student not in over] for seats in (chosen, sleeping))
    refusals = in_cloud.start(ec2, lab, asleep, patience) if asleep else {}
    refused = without | {
        each.student: in_cloud.not_started(each, refusals[each.id]) for each in asleep if each.id in refusals
    }
    by_id = {each.id: each.student for each in chosen if each.id not in refusals}
    now, late = in_cloud.wait_until_running(ec2, lab, list(by_id), patience)
    refused |= {by_id[id_]: sentence for id_, sentence in late.items()}
    # By their ids: EC2 still tells of a former seat, which has ended. With those that ran already: somebody else
    # may have woken them a moment ago.
    running = [each for each in now if each.id in by_id and by_id[each.id] not in refused]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        silent = pool.map(lambda each: _silent(each, port_tag, until), running)
        refused |= {each.student: why for each, why in zip(running, silent, strict=True) if why}
    done = _names(asleep, refused)
    say = [f"{counted(done)} started: {listed(done)}."] if done else [] if refused else ["All run already."]
    return Powered(_living(now), done, refused, say)


def _silent(seat: Seat, port_tag: str, until: float) -> str:
    """Wait until its SSH answers: '', or why it is no use yet."""
    while why := answers(*seat.reached(port_tag)):
        if time.monotonic() > until:
            return f"{seat.id} runs, but its SSH does not answer ({why}): wait a minute, then `make status`."
        time.sleep(0.5)
    return ""


def chosen_of(ec2: Any, lab: str, students: Collection[str]) -> tuple[list[Seat], dict[str, str]]:
    """The seats of these students, or all; and sentences about students who have none."""
    seats = _living(in_cloud.of_lab(ec2, lab))
    if not seats:
        raise ClasslabError(f"The lab {lab} has no seats: `make up` brings it up.")
    without = dict.fromkeys(students, "There is no seat: `make up` makes one.")
    for each in seats:
        without.pop(each.student, None)
    return [each for each in seats if not students or each.student in students], without


def _living(seats: Sequence[Seat]) -> list[Seat]:
    return sorted((each for each in seats if each.living), key=lambda each: (each.student, each.id))


def _names(seats: Sequence[Seat], refused: Collection[str]) -> list[str]:
    return [each.student for each in seats if each.student not in refused]


def _not_stopped(seat: Seat, error: ClientError) -> str:
    why = NOT_STOPPED.get(code(error), reason(error).rstrip("."))
    return f"{seat.id} could not be stopped, and goes on billing: {why}."
