"""What was measured, read for the document and the picture: medians of the rounds, and what was wanted."""

import statistics
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from benchmarks.room import FURTHER

RUNS = ("first", "again", "down")
# How much oftener EC2 may be asked whether three times as many seats run by now.
WAITS = 3
MET, MISSED, UNMEASURED = "met", "**missed**", "not measured"


class Figures:
    def __init__(self, told: dict[str, Any]) -> None:
        self.machine: dict[str, str] = told["machine"]
        self.measured: dict[str, list[dict[str, Any]]] = told["measured"]

    def seats(self, ways: Iterable[str]) -> list[int]:
        return sorted({int(cell.split("/")[1]) for cell in self.measured if cell.split("/")[0] in ways})

    def value(self, cell: str, *path: str) -> float | None:
        """value("d/10", "first", "wall"): nothing where that was not measured."""
        found = []
        for told in self.measured.get(cell, []):
            part: Any = told
            for word in path:
                part = part[word]
            found.append(float(part))
        return statistics.median(found) if found else None

    def calls(self, cell: str, run: str) -> dict[str, int]:
        rounds = self.measured.get(cell, [])
        return dict(rounds[-1][run]["calls"]) if rounds else {}

    def ratio(self, of: tuple[str, ...], to: tuple[str, ...]) -> float | None:
        above, below = self.value(*of), self.value(*to)
        return None if above is None or not below else above / below


@dataclass(frozen=True)
class Target:
    wanted: str
    found: str
    met: bool | None

    @property
    def verdict(self) -> str:
        return UNMEASURED if self.met is None else MET if self.met else MISSED


def targets(figures: Figures) -> list[Target]:
    def at_most(wanted: str, found: float | None, limit: float, form: str) -> Target:
        return Target(wanted, "" if found is None else form.format(found), None if found is None else found <= limit)

    up, floor = ("e/30", "first", "wall"), ("floor/30", "bare")
    return [
        at_most(
            "30 seats from a baked image in at most 2 times the bare floor", figures.ratio(up, floor), 2, "{:.2f} times"
        ),
        *(
            at_most(
                f"Controller's CPU of {run} for 30 seats at most 6 times that for one",
                figures.ratio((f"{way}/30", when, "cpu"), (f"{way}/1", when, "cpu")),
                6,
                "{:.1f} times",
            )
            for run, way, when in (
                ("a first `make up`, nothing baked,", "d", "first"),
                ("a second `make up`", "d", "again"),
                ("`make up` from a baked image", "e", "first"),
            )
        ),
        at_most(
            "First `make up` of 10 seats, nothing baked, no slower than the plain script",
            figures.ratio(("d/10", "first", "wall"), ("a/10", "first", "wall")),
            1,
            "{:.2f} times",
        ),
        at_most(
            "Second `make up` of 10 seats no slower than pyinfra run again",
            figures.ratio(("d/10", "again", "wall"), ("c/10", "again", "wall")),
            1,
            "{:.2f} times",
        ),
        at_most(
            "`make down` of 30 seats, with receipt, in at most 15 s",
            figures.value("d/30", "down", "wall"),
            15,
            "{:.1f} s",
        ),
        at_most("Cloud part for 300 seats in under 120 s", figures.value("f/300", "first", "wall"), 120, "{:.1f} s"),
        per_seat(figures),
    ]


def per_seat(figures: Figures) -> Target:
    wanted = "For 300 seats as many calls as for 100, but for RunInstances and further pages"
    small, large = figures.calls("f/100", "first"), figures.calls("f/300", "first")
    if not (small and large):
        return Target(wanted, "", None)
    grown = grows(small, large)
    said = ", ".join(f"{action} {small.get(action, 0)} → {large[action]}" for action in grown)
    return Target(wanted, said or "as many", not grown)


def grows(small: dict[str, int], large: dict[str, int]) -> list[str]:
    """Calls that there are more of with more seats, by more than waiting a little longer asks."""
    most = {action: small.get(action, 0) + WAITS for action in large if "RunInstances" not in action}
    return [action for action, limit in most.items() if large[action] > limit and not action.endswith(FURTHER)]
