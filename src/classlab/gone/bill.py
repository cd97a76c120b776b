"""What a lab's seats ran and cost about, from two sweeps: the one before anything was removed and the one after.

AWS's own bill comes a day later. This one multiplies the hours that AWS tells with list prices, and says what it leaves
out rather than looking exact.
"""

import re
from collections.abc import Container, Iterable
from dataclasses import dataclass, field
from datetime import datetime

from classlab import money
from classlab.cloud.kinds import Found
from classlab.gone.sweep import Sweep

# AWS bills a minute at least.
SHORTEST = 1 / 60


@dataclass(frozen=True)
class SeatBill:
    """One instance with its disks and its address."""

    student: str
    id: str
    type: str
    region: str
    since: str
    until: str
    hours: float
    cost: float | None
    # It had ended by itself, or by an earlier `down`, before this one began.
    ended_before: bool = False


@dataclass(frozen=True)
class Bill:
    seats: list[SeatBill] = field(default_factory=list)
    # Disks that no seat held.
    disks: float = 0
    notes: list[str] = field(default_factory=list)

    @property
    def hours(self) -> float:
        return sum(each.hours for each in self.seats)

    @property
    def total(self) -> float:
        return self.disks + sum(each.cost or 0 for each in self.seats)


def bill(before: Sweep, after: Sweep, volume_size: int = 0, billed: Container[str] = ()) -> Bill:
    """Seats that ended before anybody looked are in it, unless they are among those `billed` by an earlier receipt.

    `volume_size` is taken for their disks: AWS no longer tells them.
    """
    here = _instances(before.found)
    ids = {each.id for each in here}
    # What was terminated long before is in both sweeps; the later one knows best.
    ended = {each.id: each for each in _instances((*before.ended, *after.ended)) if each.id not in ids}
    ended = {id_: each for id_, each in ended.items() if id_ not in billed}
    later = {each.id: each.until for each in _instances((*after.ended, *after.found))}
    disks = [each for each in before.found if each.kind == "volume"]
    known_before = {each.id for each in before.ended}
    seats = []
    for seat in here:
        until = seat.until or later.get(seat.id) or after.time
        storage = [_disk(each, after.time) for each in disks if each.held_by == seat.id]
        seats.append(_seat(seat, until, storage, address=seat.public))
    for seat in ended.values():
        until = seat.until or min(filter(None, (seat.ends_at, after.time)))
        price = money.volume_hour(seat.region, volume_size) if volume_size else 0
        storage = [money.times(price, _hours(seat.since, until))]
        # A terminated seat no longer tells whether it had a public address; nearly all have.
        seats.append(_seat(seat, until, storage, address=True, ended_before=seat.id in known_before))
    seats.sort(key=lambda each: (each.ended_before, natural(each.student), each.since))
    loose = sum(_disk(each, after.time) or 0 for each in disks if each.held_by not in ids)
    return Bill(seats, loose, _notes(here, list(ended.values()), before, seats))


def an_hour(found: Iterable[Found]) -> float:
    """What the things that run or lie there cost in each hour that they stay; what has no price counts nothing."""
    costs: list[float | None] = []
    for each in found:
        if each.kind == "seat" and each.state in ("pending", "running"):
            costs.append(money.instance_hour(each.region, each.label))
            costs.append(money.address_hour(each.region) if each.public else 0)
        elif each.kind == "volume":
            costs.append(money.volume_hour(each.region, each.size))
        elif each.kind == "address" and not each.held_by:
            costs.append(money.address_hour(each.region))
    return sum(each or 0 for each in costs)


def natural(name: str) -> list[tuple[int, str]]:
    """student-2 comes before student-10."""
    return [(int(part), "") if part.isdigit() else (0, part) for part in re.split(r"(\d+)", name)]


def _instances(found: Iterable[Found]) -> list[Found]:
    return [each for each in found if each.kind == "seat"]


def _seat(
    seat: Found, until: str, storage: list[float | None], *, address: bool, ended_before: bool = False
) -> SeatBill:
    hours = _hours(seat.since, until)
    price = money.add(money.instance_hour(seat.region, seat.label), money.address_hour(seat.region) if address else 0)
    cost = money.times(price, max(hours, SHORTEST))
    return SeatBill(
        student=seat.student,
        id=seat.id,
        type=seat.label,
        region=seat.region,
        since=seat.since,
        until=until,
        hours=round(hours, 4),
        cost=None if cost is None else round(cost + sum(each or 0 for each in storage), 6),
        ended_before=ended_before,
    )


def _disk(volume: Found, until: str) -> float | None:
    return money.times(money.volume_hour(volume.region, volume.size), _hours(volume.since, until))


def _hours(since: str, until: str) -> float:
    if not since or not until:
        return 0
    return max(0.0, (datetime.fromisoformat(until) - datetime.fromisoformat(since)).total_seconds() / 3600)


def _notes(here: list[Found], ended: list[Found], before: Sweep, seats: list[SeatBill]) -> list[str]:
    """What the figures leave out."""
    notes = ["Seats that ended more than about an hour before are not in it: AWS no longer tells of them."]
    if [each for each in here if each.state in ("stopped", "stopping")]:
        notes.append("A seat that was stopped and started counts from its last start.")
    if unpriced := sorted({f"{each.type} in {each.region}" for each in seats if each.cost is None}):
        notes.append(f"No price is known for {', '.join(unpriced)}: not counted.")
    if [each for each in (*here, *ended) if each.spot]:
        notes.append("Spot seats are counted at the full price; they cost about a third of it.")
    idle = [each for each in before.found if each.kind == "address" and not each.held_by]
    snapshots = [each for each in before.found if each.kind == "snapshot"]
    uncounted = [word for word, there in (("idle addresses", idle), ("snapshots", snapshots)) if there]
    if uncounted:
        notes.append(f"Not counted, because AWS does not tell since when they cost: {' and '.join(uncounted)}.")
    return notes
