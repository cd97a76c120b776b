"""How far seats are, and how long it will still take: guessed from what the first of them have been through."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

# Seconds that steps usually take beside each other; any other one is taken for 1. How fast this class goes is seen.
USUALLY = {"packages": 4.0, "deadsnakes python": 8.0, "pip": 3.0, "venv": 2.0, "project": 3.0}
# Nothing is said before steps of this part of all the work were seen, nor while one takes much longer than it should.
GROUND = 0.25
OVERDUE = 2.0
# A step that is over as soon as this had nothing to do, and tells nothing of how long the next one takes.
NOTHING = 0.5


@dataclass(frozen=True)
class Place:
    """Where a seat is: so many steps behind it, and so long in the one that it is in. Its last may be over."""

    behind: int
    spent: float = 0


class Pace:
    def __init__(self, steps: Sequence[str]):
        self.weights = [USUALLY.get(each, 1.0) for each in steps]
        self.seen: dict[
            int, tuple[float, int]
        ] = {}  # step -> seconds of all seats that are through it, how many those are

    def through(self, step: int, seconds: float) -> None:
        """A seat is through a step."""
        if seconds >= NOTHING:
            before, seats = self.seen.get(step, (0.0, 0))
            self.seen[step] = before + seconds, seats + 1

    def share(self, places: Iterable[Place]) -> float:
        """How much of all the work is done: 0 to 1."""
        all_of_it = sum(self.weights)
        shares = [self._done(each) / all_of_it for each in places] if all_of_it else []
        return sum(shares) / len(shares) if shares else 0

    def left(self, at_work: Sequence[Place], waiting: int = 0) -> float | None:
        """Seconds until the last seat is through; None while there is no ground for a guess."""
        expected = self._expected()
        if not (expected and at_work):
            return None
        rests = []
        for each in at_work:
            now, *later = [*expected[each.behind :], 0.0]
            if each.spent > OVERDUE * now + 5:
                return None
            # Where a step takes longer than was expected, those after it will as well.
            late = max(each.spent / now, 1) if now else 1
            rests.append(max(now - each.spent, 0) + late * sum(later))
        # Those that wait begin as others end.
        return max(max(rests), (sum(rests) + waiting * sum(expected)) / len(at_work))

    def _expected(self) -> list[float]:
        """Seconds of each step: as seats took for it, else as it usually compares to the steps that were seen."""
        known = sum(self.weights[step] for step in self.seen)
        if not known or known < GROUND * sum(self.weights):
            return []
        means = {step: seconds / seats for step, (seconds, seats) in self.seen.items()}
        pace = sum(means.values()) / known
        return [means.get(step, weight * pace) for step, weight in enumerate(self.weights)]

    def _done(self, place: Place) -> float:
        done, rest = sum(self.weights[: place.behind]), self.weights[place.behind :]
        if not rest or not place.spent:
            return done
        if expected := self._expected():
            return done + rest[0] * min(place.spent / max(expected[place.behind], NOTHING), 0.9)
        # How long it takes is not known: it is seen to go on, and never to end.
        return done + rest[0] * place.spent / (place.spent + 2 * rest[0])
