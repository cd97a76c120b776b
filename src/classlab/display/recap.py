"""The end of a run, for a teacher: a table of the seats, what can be done with them now, and when they go."""

import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from classlab import names

SHORT = 10  # more seats than this are not all listed when all is well
# Verbs that only tell: what they told is their end.
TELLING = {"audit", "bake", "cards", "check", "collect", "cost", "images", "run", "status"}
NAMED = 5  # so many names are listed before "and 12 more"


@dataclass(frozen=True)
class Seat:
    student: str
    state: str = "ready"
    why: str = ""


@dataclass(frozen=True)
class Closing:
    """What is known at the end besides the seats."""

    lab: str = ""
    class_name: str = "demo"  # as in CLASS=
    ssh_config: str = ""
    ends_at: str = ""
    verb: str = ""  # the playbook's name
    now: datetime | None = None

    def make(self, verb: str, student: str = "") -> str:
        """The command that the teacher types."""
        return names.make(verb, self.class_name, student)


Told = list[tuple[str, str]]  # lines, each with "failed", "good" or nothing


def closing(seats: Sequence[Seat], facts: Closing, changes: int, failures: int, width: int) -> Told:
    """Everything but the last line. Without seats there is nothing to say, unless an `up` was cut short."""
    ready = [seat for seat in seats if seat.state == "ready"]
    lines: Told = []
    if seats:
        lines = [("", ""), *table(seats, facts, width), ("", "")]
    if ready and facts.lab:
        lines += [(line, "good") for line in _ready(ready, facts, changes)]
        lines += [(line, "") for line in _ends(facts)]
    if facts.verb == "up" and failures and (changes or seats):
        again = f"`{facts.make('up')}` goes on from here, `{facts.make('down')}` removes everything."
        lines += [(line, "") for line in fold(f"What exists by now stays, and bills on AWS. {again}", width, "")]
    return lines


def table(seats: Sequence[Seat], facts: Closing, width: int) -> Told:
    """Failures first, each with the line that tries it again. Many seats that are all well need no table."""
    bad = sorted((seat for seat in seats if seat.state != "ready"), key=lambda seat: seat.student)
    good = sorted((seat for seat in seats if seat.state == "ready"), key=lambda seat: seat.student)
    short = len(seats) > SHORT
    if short and not bad:
        return []
    rows = [(seat.student, f"{facts.lab}-{seat.student}", seat.state) for seat in bad]
    rows += [(f"{len(good)} others", "", "ready")] if short and good else [
        (seat.student, f"{facts.lab}-{seat.student}", "ready") for seat in good
    ]  # fmt: skip
    heads = ("student", "seat", "state")
    columns = range(3) if facts.lab and max(len(row[1]) for row in rows) <= width // 3 else (0, 2)
    wide = [max(len(row[place]) for row in (heads, *rows)) for place in range(3)]

    def begin(row: tuple[str, str, str]) -> str:
        return "  ".join(row[place].ljust(wide[place]) for place in columns)

    lines: Told = [(f"{begin(heads)}  what failed" if bad else begin(heads).rstrip(), "")]
    margin = " " * (len(begin(heads)) + 2)
    for seat, row in zip(bad, rows, strict=False):
        lines += [(line, "failed") for line in fold(f"{begin(row)}  {seat.why}", width, margin)]
        command = facts.make("up", seat.student)
        lines.append((f"{' ' * min(len(margin), max(2, width - len(command)))}{command}", ""))
    return lines + [(begin(row).rstrip(), "good") for row in rows[len(bad) :]]


def _ready(ready: Sequence[Seat], facts: Closing, changes: int) -> list[str]:
    nothing = "" if changes else "Nothing changed: "
    first = min(seat.student for seat in ready)
    seats = "1 seat" if len(ready) == 1 else f"{len(ready)} seats"
    lines = [f"{nothing}{seats} of {facts.lab} {'is' if len(ready) == 1 else 'are'} ready."]
    if facts.ssh_config:
        lines[0] += " To log in:" if len(ready) == 1 else f" To log in to {first}'s, for example:"
        lines.append(f"  ssh -F {facts.ssh_config} {first}")
    return lines


def _ends(facts: Closing) -> list[str]:
    if not facts.ends_at:
        return []
    end = datetime.fromisoformat(facts.ends_at)
    left = round((end - (facts.now or datetime.now(UTC))).total_seconds() / 60)
    local = end.astimezone(facts.now.tzinfo if facts.now else None)
    hours = f"{left // 60} h {left % 60} min" if left >= 60 else f"{max(left, 0)} min"
    return [
        f"The lab ends itself on {local:%a %d %b} at {local:%H:%M %Z}, in {hours}. To end it now:",
        f"  {facts.make('down')}",
    ]


def listed(names: Sequence[str]) -> str:
    """ada, bob, cy and 12 more"""
    if len(names) <= NAMED + 1:
        return ", ".join(names)
    return f"{', '.join(names[:NAMED])} and {len(names) - NAMED} more"


def fold(text: str, width: int | None, margin: str) -> list[str]:
    """Break a line between words. A path, and a command in backticks, stay whole: they will be copied."""
    if width is None or len(text) <= width:
        return [text]
    whole = re.sub(r"`[^`]+`", lambda found: found[0].replace(" ", "\N{NO-BREAK SPACE}"), text)
    lines = textwrap.wrap(
        whole, width, subsequent_indent=margin, break_long_words=False, break_on_hyphens=False, drop_whitespace=True
    )
    return [line.replace("\N{NO-BREAK SPACE}", " ") for line in lines]
