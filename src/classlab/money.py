"""What things cost on AWS: by its price list where that was asked, else by a small dated table. Unknown is None.

`make up` asks the price list and keeps the answer in the lab folder, where every other verb of the lab finds it: none
of them has to wait, and all tell the same price.
"""

import functools
import json
import os
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib import resources
from pathlib import Path
from typing import Any

from classlab import clock
from classlab.errors import ClasslabError
from classlab.labfolder import LabFolder
from classlab.pricelist import PriceList

# AWS bills a GiB of disk by the month and, in the mean, a month has so many hours.
MONTH_HOURS = 730
WEEK_HOURS = 168
# What the price list has told this process, by region.
_told: dict[str, PriceList] = {}


@functools.cache
def _table() -> dict[str, Any]:
    table: dict[str, Any] = json.loads((resources.files("classlab") / "prices.json").read_text("utf-8"))
    return table


def learn(region: str, told: PriceList | None) -> None:
    """From now on the region's prices are these; with None, what the lab folder or the table has."""
    _told.pop(region, None)
    if told:
        _told[region] = told


def _list(region: str) -> PriceList | None:
    """What the price list told of a region, now or when the lab was brought up."""
    kept = _told.get(region) or _kept(os.environ.get("LAB_FOLDER", ""))
    return kept if kept and kept.region == region else None


@functools.cache
def _kept(folder: str) -> PriceList | None:
    file = LabFolder(Path(folder)).prices
    if not folder or not file.is_file():
        return None
    try:
        return PriceList.from_json(file.read_text("utf-8"))
    except (ValueError, TypeError) as error:
        raise ClasslabError(
            f"{file} is not as `make up` wrote it: remove it, and the next `make up` asks for the prices anew."
        ) from error


def as_of(region: str = "") -> str:
    """The day, or the month, of a region's figures, as in 2026-11-21 or 2026-01; without a region, of the table."""
    told = _list(region)
    return told.date if told else str(_table()["as_of"])


def source(region: str, *needed: str) -> str:
    """Whose prices a region's are, as in "AWS's price list, today"; and whose those that it lacks of the `needed`."""
    table = f"{_table()['as_of']}, from the table"
    told = _list(region)
    if not told:
        return table
    day = "today" if told.date == f"{clock.now():%Y-%m-%d}" else told.date
    lacking = [each for each in needed if each not in told.instance_hour and each not in told.gib_month]
    return f"AWS's price list, {day}" + (f"; of {' and '.join(lacking)}: {table}" if lacking else "")


def page() -> str:
    """Where AWS itself tells its prices."""
    return str(_table()["source"])


def instance_hour(region: str, instance_type: str) -> float | None:
    """On-demand Linux. Spot costs less than this, and never more."""
    told = _list(region)
    if told and instance_type in told.instance_hour:
        return told.instance_hour[instance_type]
    return _in_region(_table()["instance_hour"].get(instance_type, []), region)


def gib_month(region: str, kind: str = "gp3") -> float | None:
    """A GiB of a volume for a month."""
    told = _list(region)
    if told and kind in told.gib_month:
        return told.gib_month[kind]
    return _in_region(_table().get(f"{kind}_gib_month", []), region)


def volume_hour(region: str, gib: float, kind: str = "gp3") -> float | None:
    """A volume of this size for an hour."""
    month = gib_month(region, kind)
    return None if month is None else month * gib / MONTH_HOURS


def address_hour(region: str) -> float | None:
    """A public IPv4 address, in use or idle."""
    told = _list(region)
    return told.address_hour if told and told.address_hour is not None else float(_table()["address_hour"])


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
    return Seat(instance_hour(region, instance_type), volume_hour(region, gib), address_hour(region))


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
