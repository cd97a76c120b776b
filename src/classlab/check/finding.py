"""One thing that was looked at, and how a teacher reads it."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from classlab.display.recap import fold

WIDTH = 80


@dataclass(frozen=True)
class Finding:
    """`said`: how it is; when it is not ok, what is wrong and what mends it. `students`: whose seats it is about."""

    what: str
    ok: bool
    said: str
    students: Sequence[str] = ()

    def told(self, group: str) -> dict[str, Any]:
        return {"group": group, **asdict(self), "students": list(self.students)}


def good(what: str, said: str, students: Sequence[str] = ()) -> Finding:
    return Finding(what, True, said, students)


def bad(what: str, said: str, students: Sequence[str] = ()) -> Finding:
    return Finding(what, False, said, students)


def lines(title: str, findings: Sequence[Finding]) -> list[str]:
    """A line for each; a longer one goes on below."""
    if not findings:
        return []
    told = [title]
    for each in findings:
        told += fold(f"  {'✓' if each.ok else '✗'} {each.what}: {each.said}", WIDTH, "    ")
    return told


def counted(oks: Sequence[bool]) -> str:
    return f"{sum(oks)} ok, {len(oks) - sum(oks)} not ok"
