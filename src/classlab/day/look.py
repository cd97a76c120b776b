"""A lab at one moment: what two questions to the cloud tell of its seats and disks."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from classlab import clock
from classlab.cloud.kinds import BY_NAME
from classlab.cloud.seats import Seat, records, seat
from classlab.gone.sweep import Sweep, alive, look


@dataclass(frozen=True)
class Moment:
    seats: Sequence[Seat]
    # The same and their disks, as a receipt counts them.
    sweep: Sweep

    @property
    def living(self) -> list[Seat]:
        return [each for each in self.seats if each.living]


def at(ec2: Any, lab: str, region: str, now: datetime) -> Moment:
    with ThreadPoolExecutor(1) as beside:
        disks = beside.submit(look, lab, region, ec2, BY_NAME["volume"])
        told = records(ec2, lab)
        things = [*(BY_NAME["seat"].found(each, region) for each in told), *disks.result()]
    found, ended = [each for each in things if alive(each)], [each for each in things if not alive(each)]
    return Moment([seat(each) for each in told], Sweep(lab, clock.written(now), [region], found, ended))
