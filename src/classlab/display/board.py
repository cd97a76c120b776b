"""Who is doing what at this moment. Events go in; a frame for the foot of the terminal comes out, as rows and a sum."""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import IntEnum

from classlab.display.pace import Pace, Place

# A seat between two tasks is still at work.
BREATH = 1.0


class State(IntEnum):
    """In the order in which they are shown where there is not room for all."""

    MOVES = 0
    BETWEEN = 1
    FAILED = 2
    WAITS = 3
    DONE = 4


WORDS = {State.MOVES: "at work", State.BETWEEN: "at work", State.FAILED: "failed", State.WAITS: "waiting"}


@dataclass
class Seat:
    student: str
    step: int = -1  # -1: it has not begun
    task: str = ""
    busy: bool = False
    began: float = 0
    since: float = 0  # it is in its step
    ended: float = 0  # its last task, or all of them
    done: bool = False
    why: str = ""  # it failed

    def state(self, now: float) -> State:
        if self.why:
            return State.FAILED
        if self.done:
            return State.DONE
        if self.step < 0:
            return State.WAITS
        return State.MOVES if self.busy or now - self.ended < BREATH else State.BETWEEN


@dataclass(frozen=True)
class Row:
    student: str
    state: State
    step: str = ""
    task: str = ""
    seconds: int = 0


@dataclass(frozen=True)
class Sum:
    """The whole lab, in one line. `left`: seconds, or None when that cannot be said."""

    seats: int
    done: int
    failed: int
    share: float
    left: float | None


@dataclass
class Board:
    """The play that runs: on this computer one task after the other, on seats all of them at once."""

    clock: Callable[[], float] = time.monotonic
    here: bool = True
    task: str = ""  # on this computer
    since: float = 0
    seats: dict[str, Seat] = field(default_factory=dict)
    steps: list[str] = field(default_factory=list)
    pace: Pace = field(default_factory=lambda: Pace([]))
    furthest: float = 0

    def begin(self, hosts: Sequence[str], steps: Sequence[str], *, here: bool) -> None:
        """A play begins, in which each host goes through these steps."""
        self.here, self.task = here, ""
        self.seats = {} if here else {host: Seat(host) for host in hosts}
        self.steps = list(dict.fromkeys(steps))
        self.pace = Pace(self.steps)
        self.furthest = 0

    def start(self, host: str, step: str, task: str) -> None:
        """A host begins a task."""
        now = self.clock()
        if self.here:
            self.task, self.since = task, now
        elif seat := self.seats.get(host):
            place = self._place(step)
            if place > seat.step:
                self._leave_step(seat, now)
                seat.step, seat.since = place, now
                seat.began = seat.began or now
            seat.task, seat.busy, seat.done = task, True, False

    def over(self, host: str, *, last: bool = False) -> None:
        """A task of a host is over; after the last one it is done."""
        now = self.clock()
        if self.here:
            self.task = ""
        elif seat := self.seats.get(host):
            seat.busy, seat.ended = False, now
            if last and not seat.done:
                self._leave_step(seat, now)
                seat.done = True

    def failed(self, host: str, why: str) -> None:
        self.over(host)
        if seat := self.seats.get(host):
            seat.why = why

    def rows(self, most: int) -> list[Row]:
        """Each seat in the order of the roster; where there are more of them than lines, those that move come first."""
        now = self.clock()
        seats = list(self.seats.values())
        if len(seats) > most:
            seats = sorted(seats, key=lambda each: each.state(now))[:most]
        return [self._row(each, now) for each in seats]

    def hidden(self, shown: Sequence[Row]) -> str:
        """'… and 270 more: 250 waiting, 20 done', where not all are shown."""
        if len(shown) == len(self.seats):
            return ""
        now = self.clock()
        seen = {each.student for each in shown}
        others = [each.state(now) for each in self.seats.values() if each.student not in seen]
        counted = Counter(WORDS.get(each, "done") for each in sorted(others))
        return f"… and {len(others)} more: {', '.join(f'{many} {word}' for word, many in counted.items())}"

    def sum(self) -> Sum:
        now = self.clock()
        by: dict[State, list[Seat]] = {state: [] for state in State}
        for each in self.seats.values():
            by[each.state(now)].append(each)
        at_work = [Place(each.step, now - each.since) for each in (*by[State.MOVES], *by[State.BETWEEN])]
        through = [Place(len(self.steps))] * (len(by[State.DONE]) + len(by[State.FAILED]))
        waiting = len(by[State.WAITS])
        # A bar that goes back would be taken for a fault.
        self.furthest = max(self.furthest, self.pace.share([*at_work, *through, *[Place(0)] * waiting]))
        left = self.pace.left(at_work, waiting)
        return Sum(len(self.seats), len(by[State.DONE]), len(by[State.FAILED]), self.furthest, left)

    def _row(self, seat: Seat, now: float) -> Row:
        state = seat.state(now)
        if state is State.FAILED:
            return Row(seat.student, state, task=seat.why)
        if state is State.DONE:
            return Row(seat.student, state, task="done", seconds=round(seat.ended - seat.began))
        if state is State.WAITS:
            return Row(seat.student, state, task="waiting")
        return Row(seat.student, state, self.steps[seat.step], seat.task, round(now - seat.since))

    def _place(self, step: str) -> int:
        if step not in self.steps:  # that it would come was not to be seen
            self.steps.append(step)
            self.pace.weights.append(1.0)
        return self.steps.index(step)

    def _leave_step(self, seat: Seat, now: float) -> None:
        if seat.step >= 0:
            self.pace.through(seat.step, now - seat.since)
