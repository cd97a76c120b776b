"""What a seat costs on AWS, by a small dated table. AWS's own page is the truth; an unknown price is None, no guess."""

import functools
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib import resources
from typing import Any

# AWS bills a GiB of disk by the month and, in the mean, a month has so many hours.
MONTH_HOURS = 730
WEEK_HOURS = 168


@functools.cache
def _table() -> dict[str, Any]:
    table: dict[str, Any] = json.loads((resources.files("classlab") / "prices.json").read_text("utf-8"))
    return table


def as_of() -> str:
    """The month of the figures, as in 2026-01."""
    return str(_table()["as_of"])


def source() -> str:
    """Where AWS itself tells its prices."""
    return str(_table()["source"])


def instance_hour(region: str, instance_type: str) -> float | None:
    """On-demand Linux. Spot costs less than this, and never more."""
    return _in_region(_table()["instance_hour"].get(instance_type, []), region)


hourly = instance_hour


def gib_month(region: str) -> float | None:
    """A GiB of a gp3 volume for a month."""
    return _in_region(_table()["gp3_gib_month"], region)


def volume_hour(region: str, gib: float) -> float | None:
    """A gp3 volume of this size for an hour."""
    month = gib_month(region)
    return None if month is None else month * gib / MONTH_HOURS


def address_hour() -> float | None:
    """A public IPv4 address; the same everywhere, in use or idle."""
    return float(_table()["address_hour"])


@dataclass(frozen=True)
class Seat:
    """One seat, for an hour."""

    instance: float | None
    volume: float | None
    address: float | None

    @property
    def hour(self) -> float | None:
        return add(self.instance, self.volume, self.address)


def seat(region: str, instance_type: str, gib: float) -> Seat:
    return Seat(instance_hour(region, instance_type), volume_hour(region, gib), address_hour())


@dataclass(frozen=True)
class Estimate:
    """A lab of equal seats."""

    seat: Seat
    seats: int
    hours: float

    @property
    def hourly(self) -> float | None:
        return times(self.seat.hour, self.seats)

    @property
    def total(self) -> float | None:
        return times(self.hourly, self.hours)

    @property
    def forgotten_week(self) -> float | None:
        return times(self.hourly, WEEK_HOURS)


def estimate(region: str, instance_type: str, gib: float, seats: int, hours: float) -> Estimate:
    return Estimate(seat(region, instance_type, gib), seats, hours)


def cost_of(region: str, instance_type: str, gib: float, since: datetime, until: datetime) -> float | None:
    """What a seat that ran from then till then cost. AWS bills a minute at least."""
    lived = max(until - since, timedelta(minutes=1))
    return times(seat(region, instance_type, gib).hour, lived / timedelta(hours=1))


def add(*prices: float | None) -> float | None:
    """A sum; unknown as soon as one of its parts is."""
    return None if None in prices else sum(each for each in prices if each is not None)


def times(price: float | None, factor: float) -> float | None:
    return None if price is None else price * factor


def dollars(price: float | None) -> str:
    """As a teacher reads it: small prices to a tenth of a cent, others to a cent."""
    if price is None:
        return "unknown"
    return f"${price:.4f}" if price < 0.1 else f"${price:,.2f}"


def _in_region(row: list[float | None], region: str) -> float | None:
    regions: list[str] = _table()["regions"]
    return row[regions.index(region)] if row and region in regions else None
