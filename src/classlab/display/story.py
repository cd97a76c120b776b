"""What a teacher reads while a playbook runs. Events go in, lines come out; nothing here prints, or knows Ansible.

On this computer every change is a line. On the seats a line is a step of all of them: with 30 seats and 20 tasks nobody
reads 600 lines, but everybody wants to see the failure of one at once.
"""

import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

from classlab.display.failures import Failure
from classlab.display.recap import TELLING, Closing, Seat, closing, fold, listed


class Mood(Enum):
    """How a line is meant; what colour that is, is the printer's matter."""

    PLAIN = auto()
    HEADING = auto()
    CHANGED = auto()
    FAILED = auto()
    GOOD = auto()


@dataclass(frozen=True)
class Line:
    text: str
    mood: Mood = Mood.PLAIN


@dataclass
class Step:
    """What all seats of a play go through, each at its own pace: a role, or a task outside of roles."""

    name: str
    began: float
    ended: float
    changed: set[str] = field(default_factory=set)
    failed: list[str] = field(default_factory=list)
    told: bool = False


@dataclass
class Play:
    title: str
    hosts: tuple[str, ...] = ()
    here: bool = True  # on this computer alone
    headed: bool = False
    steps: list[Step] = field(default_factory=list)
    at: dict[str, int] = field(default_factory=dict)  # host -> the step that it is in
    gone: set[str] = field(default_factory=set)  # hosts that failed, or have nothing left to do


class Story:
    """One run of a playbook."""

    def __init__(self, width: int | None = None, clock: Callable[[], float] = time.monotonic):
        self.width = width  # None: lines are not broken, so that they can be searched
        self.clock = clock
        self.began = clock()
        self.play = Play("")
        self.changes = 0
        self.failures = 0
        self.seats: dict[str, Seat] = {}
        self.told: list[dict[str, Any]] = []  # each failure, for a program
        self.document: dict[str, Any] = {}  # what modules tell a program
        self.told_all = False  # a module that failed has said everything itself
        # a failure -> the hosts that had it: the first was told of at once, the others wait
        self._alike: dict[tuple[str, tuple[str, ...]], list[str]] = {}

    def begin(self, title: str, hosts: Sequence[str], seats: Collection[str] = ()) -> list[Line]:
        """A play begins; `seats` are those of its hosts that are students' seats."""
        lines = self._end_play()
        self.play = Play(title, tuple(hosts), here=set(hosts) <= {"localhost"})
        self.there(host for host in hosts if host in seats)
        return lines

    def there(self, students: Iterable[str]) -> None:
        """These have seats, of which the table tells."""
        for each in students:
            self.seats.setdefault(each, Seat(each))

    def start(self, host: str, step: str) -> list[Line]:
        """A host begins a task of this step, so it is through with the steps before."""
        if self.play.here:
            return []
        self.play.at[host] = max(self._place(step), self.play.at.get(host, 0))
        return self._told_steps()

    def ok(self, host: str, step: str, task: str, changed: int, seconds: float = 0) -> list[Line]:
        """A task went well; `changed` is how many things it changed."""
        if not changed:
            return []
        self.changes += 1
        if self.play.here:
            many = f" ({changed})" if changed > 1 else ""
            return self._under_heading(Line(f"  + {task}{many}{took(seconds)}", Mood.CHANGED))
        current = self.play.steps[self._place(step)]
        current.changed.add(host)
        current.ended = self.clock()
        return []

    def failed(self, host: str, step: str, task: str, failure: Failure, state: str = "failed") -> list[Line]:
        """A host failed and is out of the play. The same failure of many seats is told once, then summed up."""
        self.failures += 1
        who = "" if host == "localhost" else host
        self.told.append({"student": who, "step": task, "said": list(failure.sentences)})
        # A seat that was not trusted cannot be reached either: the first cause is the one that counts.
        if host in self.seats and self.seats[host].state == "ready":
            self.seats[host] = Seat(host, state, f"{step}: {failure.brief}")
        if not self.play.here:
            current = self.play.steps[self._place(step)]
            current.failed.append(host)
            current.ended = self.clock()
        self.play.gone.add(host)
        same = (task, failure.same_as_of(host))
        if same in self._alike:
            self._alike[same].append(host)
            return self._told_steps()
        self._alike[same] = [host]
        return [*self._under_heading(*self._failure(host, task, failure)), *self._told_steps()]

    def lacking(self, failures: Sequence[Mapping[str, Any]], state: str = "failed") -> None:
        """Seats that are not as they should be, as the cloud side reports them."""
        for each in failures:
            self.seats[str(each["student"])] = Seat(str(each["student"]), state, str(each["reason"]))

    def as_document(self, facts: Closing) -> dict[str, Any]:
        """The whole run, for a program that reads it with FORMAT=json."""
        lacking = [
            {"student": each.student, "step": each.state, "said": [each.why]}
            for each in self.seats.values()
            if each.state != "ready" and each.student not in {one["student"] for one in self.told}
        ]
        return {
            "verb": facts.verb,
            # A verb about a whole account knows neither.
            **({"class": facts.class_name, "lab": facts.lab} if facts.lab else {}),
            "ok": not self.failures,
            "changes": self.changes,
            "failures": self.told + lacking,
            **self.document,
        }

    def end(self, facts: Closing) -> list[Line]:
        """The table, what can be done now, and one last line."""
        lines = self._end_play()
        if facts.verb not in TELLING:
            moods = {"failed": Mood.FAILED, "good": Mood.GOOD}
            told = closing(list(self.seats.values()), facts, self.changes, self.failures, self.width or 80)
            lines += [Line(text, moods.get(mood, Mood.PLAIN)) for text, mood in told]
        elif not self.failures or self.told_all:
            return lines
        word = "ended" if self.failures else "done"
        seconds = round(self.clock() - self.began)
        last = f"{word} in {seconds} s: {count(self.changes, 'change')}, {count(self.failures, 'failure')}"
        return [*lines, Line(last, Mood.FAILED if self.failures else Mood.GOOD)]

    def _place(self, name: str) -> int:
        """Steps come in the order in which they are first met: all hosts go through the same ones."""
        names = [each.name for each in self.play.steps]
        if name not in names:
            self.play.steps.append(Step(name, self.clock(), self.clock()))
            return len(names)
        return names.index(name)

    def _told_steps(self) -> list[Line]:
        """Steps that no host is in any more, or before."""
        lines: list[Line] = []
        busy = [self.play.at.get(host, -1) for host in self.play.hosts if host not in self.play.gone]
        for place, step in enumerate(self.play.steps):
            if not step.told and all(place < each for each in busy):
                step.told = True
                lines += self._tell(step)
        return lines

    def _tell(self, step: Step) -> list[Line]:
        """`+ venv  28 seats, failed: ada, bob`, when it changed anything."""
        lines = self._repeated(step.failed)
        if step.changed or step.failed:
            done = [count(len(step.changed), "seat")] if step.changed else []
            failed = [f"failed: {listed(step.failed)}"] if step.failed else []
            mark, mood = ("✗", Mood.FAILED) if step.failed else ("+", Mood.CHANGED)
            text = f"  {mark} {step.name:<18} {', '.join(done + failed)}{took(step.ended - step.began)}"
            lines += self._under_heading(Line(text, mood))
        return lines

    def _repeated(self, hosts: Collection[str]) -> list[Line]:
        """Who failed as another did before, of these hosts."""
        lines = []
        for (task, same), (first, *others) in self._alike.items():
            if not set(others).isdisjoint(hosts):
                lines.append(Line(f"  ✗ {listed(others)}: {task}: the same as {first}", Mood.FAILED))
                self._alike[task, same] = [first]
        return self._under_heading(*lines)

    def _failure(self, host: str, task: str, failure: Failure) -> list[Line]:
        who = "" if host == "localhost" else f"{host}: "
        first, *more = failure.sentences
        lines = fold(f"  ✗ {who}{task}: {first}", self.width, "    ")
        for each in more:
            lines += fold(f"    - {each}", self.width, "      ")
        return [Line(each, Mood.FAILED) for each in lines]

    def _under_heading(self, *lines: Line) -> list[Line]:
        if not lines or self.play.headed or not self.play.title:
            return list(lines)
        self.play.headed = True
        return [Line(self.play.title, Mood.HEADING), *lines]

    def _end_play(self) -> list[Line]:
        self.play.gone.update(self.play.hosts)
        return [*self._told_steps(), *self._repeated(self.play.hosts)]


def count(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"


def took(seconds: float) -> str:
    return f"  ({seconds:.0f} s)" if seconds >= 1 else ""
