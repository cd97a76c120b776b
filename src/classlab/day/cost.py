"""What a lab has cost until now, and what it goes on to cost."""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from classlab import clock, money
from classlab.day import look
from classlab.gone.bill import Bill, an_hour, bill
from classlab.gone.listing import bill_of
from classlab.money import dollars


@dataclass(frozen=True)
class Cost:
    lab: str
    cloud: str
    region: str
    bill: Bill
    an_hour: float
    # When the last seat ends itself, and how far that is.
    ends_at: datetime | None
    left: timedelta

    @property
    def until_end(self) -> float:
        return self.an_hour * max(self.left, timedelta()) / timedelta(hours=1)

    def as_document(self) -> dict[str, Any]:
        return {
            "cloud": self.cloud,
            "region": self.region,
            "seats": [asdict(each) for each in self.bill.seats],
            "dollars": round(self.bill.total, 6),
            "an_hour": round(self.an_hour, 6),
            "ends_at": clock.written(self.ends_at) if self.ends_at else "",
            "until_end": round(self.until_end, 6),
            "forgotten_week": round(self.an_hour * money.WEEK_HOURS, 6),
            "prices_of": money.as_of(self.region),
            "notes": self.bill.notes,
        }

    def say(self, again: str) -> list[str]:
        if not self.bill.seats and not self.bill.disks:
            return [f"The lab {self.lab} has no seats on {self.cloud}, and costs nothing. `{again}` brings it up."]
        free = "Nothing is billed here; on AWS it would be:" if self.cloud != "aws" else "Until now:"
        lines = [f"Lab {self.lab} on {self.cloud}, {self.region}. {free}", *bill_of(self.bill)]
        if not self.an_hour:
            return [*lines, "It costs nothing any more."]
        goes_on = f"It goes on to cost about {dollars(self.an_hour)} an hour"
        if self.ends_at and self.left > timedelta():
            goes_on += f", {dollars(self.until_end)} more until its end in {clock.in_words(self.left)}"
        week = dollars(self.an_hour * money.WEEK_HOURS)
        return [*lines, f"{goes_on}; {week} for a week if it were forgotten."]


def cost(ec2: Any, lab: str, cloud: str, region: str, volume_size: int, now: datetime) -> Cost:
    """`volume_size` is taken for the disks of seats that have ended."""
    moment = look.at(ec2, lab, region, now)
    ends = [end for each in moment.living if (end := clock.tagged(each.tags.get("EndsAt", "")))]
    ends_at = max(ends, default=None)
    left = ends_at - now if ends_at else timedelta()
    costs = bill(moment.sweep, moment.sweep, volume_size)
    return Cost(lab, cloud, region, costs, an_hour(moment.sweep.found), ends_at, left)
