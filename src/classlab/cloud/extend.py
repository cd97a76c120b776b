"""Let a lab run on: the tags tell the new time to whoever looks next, the seats' own timers are moved after that."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from classlab import clock, money
from classlab.cloud.bringup import counted, listed
from classlab.cloud.kinds import MANAGED_BY
from classlab.cloud.patience import patiently
from classlab.cloud.seats import PATIENCE, Seat, of_lab, write_tags
from classlab.errors import ClasslabError

# A typing error is not to cost a year.
MOST_HOURS = 24 * 31


class NothingToExtendError(ClasslabError):
    pass


@dataclass(frozen=True)
class Extended:
    seats: list[Seat]
    before: datetime | None
    ends_at: datetime
    hours: float

    def say(self, region: str, volume_size: int, billed: bool) -> list[str]:
        was = f", and not at {clock.told(self.before)}" if self.before else ""
        told = f"The lab ends at {clock.told(self.ends_at)}{was}."
        if billed:
            told += f" The {clock.in_words(timedelta(hours=self.hours))} cost about {self._cost(region, volume_size)}."
        stopped = sorted(seat.student or seat.id for seat in self.seats if seat.asleep)
        lines = [told]
        if stopped:
            lines.append(
                f"{counted(stopped)} cannot be told now, being stopped: {listed(stopped)}. They are told when `make "
                "start` or `make up` starts them."
            )
        return lines

    def _cost(self, region: str, volume_size: int) -> str:
        each = [money.estimate(region, seat.type, volume_size, 1, self.hours).total for seat in self.seats]
        return money.dollars(money.add(*each))


def extend(ec2: Any, lab: str, hours: float, now: datetime) -> Extended:
    """Move the deadline of all that the lab has. It is counted from the latest that a seat has."""
    if not 0 < hours <= MOST_HOURS:
        raise NothingToExtendError(
            f"A lab is extended by more than 0 and at most {MOST_HOURS} hours, and not by {hours:g}: write, for "
            "example, HOURS=2. Nothing was changed."
        )
    seats = [seat for seat in of_lab(ec2, lab) if seat.living]
    if not seats:
        raise NothingToExtendError(
            f"The lab {lab} has no seats, so there is nothing to extend: `make up` brings it up."
        )
    before = max((time for seat in seats if (time := clock.tagged(seat.tags.get("EndsAt", "")))), default=None)
    ends_at = max(before or now, now) + timedelta(hours=hours)
    write_tags(ec2, lab, seats, {"EndsAt": clock.written(ends_at)}, _others(ec2, lab))
    return Extended(seats, before, ends_at, hours)


def _others(ec2: Any, lab: str) -> list[str]:
    """What belongs to the lab besides its seats: the group and the key pair."""
    filters = [{"Name": "tag:Lab", "Values": [lab]}, {"Name": "tag:ManagedBy", "Values": [MANAGED_BY]}]
    groups: list[Mapping[str, str]] = patiently(ec2.describe_security_groups, PATIENCE, Filters=filters)[
        "SecurityGroups"
    ]
    pairs: list[Mapping[str, str]] = patiently(ec2.describe_key_pairs, PATIENCE, Filters=filters)["KeyPairs"]
    return [each["GroupId"] for each in groups] + [each["KeyPairId"] for each in pairs]
