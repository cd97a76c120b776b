"""Seats that nobody enters: each says on its console whether it is ready, and this computer only asks EC2 for that.

What was heard is written into the seat's tag `Ready`: a console forgets, and another computer may ask next.
"""

import json
import re
import time
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from classlab import clock
from classlab.cloud.patience import Pace, patiently
from classlab.cloud.regions import code
from classlab.cloud.seats import AT_ONCE, MOST_IDS, PATIENCE, Seat, by_student, of_lab
from classlab.cloud.userdata import NOT_READY, READY

TAG = "Ready"
# Types that are not of AWS's Nitro kind tell their newest words only by and by.
NO_LATEST = ("UnsupportedOperation", "InvalidParameterCombination")


@dataclass
class Heard:
    """Who has a seat that is ready, and who of them was heard of just now; and sentences about the others."""

    ready: list[str] = field(default_factory=list)
    new: list[str] = field(default_factory=list)
    failures: dict[str, str] = field(default_factory=dict)

    def about(self, student: str) -> bool:
        return student in self.ready or student in self.failures


@dataclass(frozen=True)
class Listener:
    """`entered`: ids of seats that were set up over SSH, and say nothing. `again`: the command that enters a seat."""

    ec2: Any
    lab: str
    entered: Collection[str]
    again: str
    patience: float
    pause: float = 5.0

    def all(self, students: Sequence[str]) -> Heard:
        """Listen until each student's seat has said how it is, or the time is over."""
        heard = Heard()
        pace = Pace()
        for now in self._watch():
            for student in students:
                self._known(heard, student, now.get(student, []))
            asked = [now[each][0] for each in students if not heard.about(each) and now[each][0].state == "running"]
            with ThreadPoolExecutor(AT_ONCE) as pool:
                said = list(zip(asked, pool.map(lambda seat: self._ask(seat, pace), asked), strict=True))
            ready = [seat for seat, (word, _) in said if word == READY]
            self._note(ready)
            heard.ready += [seat.student for seat in ready]
            heard.new += [seat.student for seat in ready]
            heard.failures |= {seat.student: self._lacks(seat, why) for seat, (word, why) in said if word == NOT_READY}
            if all(heard.about(each) for each in students):
                return heard
        heard.failures |= {each: self._silent(now[each][0]) for each in students if not heard.about(each)}
        return heard

    def _watch(self) -> Iterator[dict[str, list[Seat]]]:
        """Who has which living seats; again and again until the time is over, at least once."""
        until = time.monotonic() + self.patience
        while True:
            yield by_student(each for each in of_lab(self.ec2, self.lab) if each.living)
            if time.monotonic() + self.pause > until:
                return
            time.sleep(self.pause)

    def _known(self, heard: Heard, student: str, seats: Sequence[Seat]) -> None:
        """What can be said without asking the seat."""
        if heard.about(student):
            return
        if not seats:  # never there, or ended while it booted: it will not say anything
            heard.failures[student] = f"no seat is running: `{self._up(student)}` makes a new one."
        elif any(TAG in seat.tags or seat.id in self.entered for seat in seats):
            heard.ready.append(student)

    def _ask(self, seat: Seat, pace: Pace) -> tuple[str, str]:
        try:
            told = patiently(self.ec2.get_console_output, PATIENCE, pace=pace, InstanceId=seat.id, Latest=True)
        except ClientError as error:
            if code(error) not in NO_LATEST:
                raise
            told = patiently(self.ec2.get_console_output, PATIENCE, pace=pace, InstanceId=seat.id)
        return heard_from(seat.student, told.get("Output", ""))

    def _note(self, seats: Sequence[Seat]) -> None:
        """One request for all of a round."""
        ids = [seat.id for seat in seats]
        tags = [{"Key": TAG, "Value": clock.written(clock.now())}]
        for start in range(0, len(ids), MOST_IDS):
            patiently(self.ec2.create_tags, PATIENCE, Resources=ids[start : start + MOST_IDS], Tags=tags)

    def _lacks(self, seat: Seat, why: str) -> str:
        return (
            f"{seat.id} says that it is not ready: {why.rstrip('.')}. `{self._up(seat.student)}` enters and mends it."
        )

    def _silent(self, seat: Seat) -> str:
        if seat.state != "running":
            return f"{seat.id} is {seat.state} after {self.patience:.0f} seconds: `{self._up(seat.student)}` goes on."
        return (
            f"{seat.id} runs, but has not said within {self.patience:.0f} seconds whether it is ready. The same "
            f"command listens on; `{self._up(seat.student)}` enters it to see for itself."
        )

    def _up(self, student: str) -> str:
        return f"{self.again} STUDENT={student}"


def heard_from(student: str, console: str) -> tuple[str, str]:
    """(READY, what was looked at), (NOT_READY, what is missing and why), or ('', '') when it has not said it yet."""
    found = re.findall(rf"^({READY}|{NOT_READY}) {re.escape(student)}(?: (.*?))?\r*$", console, re.MULTILINE)
    if not found:
        return "", ""
    word, told = found[-1]
    if word == READY:
        return READY, told
    try:
        return NOT_READY, "; ".join(f"{thing}: {why}" for thing, why in json.loads(told).items())
    except ValueError:  # cut off, or another wrote into the line
        return NOT_READY, told
