"""How a lab is at this moment: its seats, whether they answer, how long they live, what they have cost."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

from classlab import clock, money
from classlab.cloud.seats import Seat
from classlab.day import look
from classlab.gone.bill import Bill, an_hour, bill, natural
from classlab.gone.listing import columns
from classlab.trust.waiting import answers

ANSWERS_WITHIN = 1.0
AT_ONCE = 100


@dataclass(frozen=True)
class SeatStatus:
    """A student's seat; without an id, that there is none. Times are as in tags, seconds and dollars are numbers."""

    student: str
    id: str = ""
    state: str = "no seat"
    address: str = ""
    type: str = ""
    ssh: bool = False
    up: int = 0
    ends_at: str = ""
    left: int = 0
    cost: float | None = 0


@dataclass(frozen=True)
class Status:
    lab: str
    cloud: str
    region: str
    # So many seats there are, shown or not.
    living: int = 0
    seats: list[SeatStatus] = field(default_factory=list)
    # Of all that the lab has there, seats that have ended included; an hour from now costs so much.
    cost: float = 0
    an_hour: float = 0
    notes: list[str] = field(default_factory=list)

    @property
    def there(self) -> list[SeatStatus]:
        return [each for each in self.seats if each.id]

    def as_document(self) -> dict[str, Any]:
        return asdict(self)

    def say(self, again: str) -> list[str]:
        """`again`: the command that brings up what is missing."""
        if not self.living:
            over = f" Its seats have ended; they cost about {money.dollars(self.cost)}." if self.cost else ""
            return [f"The lab {self.lab} has no seats on {self.cloud}.{over} `{again}` brings it up."]
        heads = ("student", "state", "address", "type", "ssh", "up", "left", "cost")
        rows = [heads, *(_row(each) for each in self.seats)]
        running = [each for each in self.there if each.state == "running"]
        ssh = sum(each.ssh for each in running)
        lines = [f"Lab {self.lab} on {self.cloud}, {self.region}", *columns(rows, right={5, 6, 7})]
        lines.append(
            f"{len(running)} of {len(self.seats)} running, {ssh} answer by SSH. "
            f"About {money.dollars(self.cost)} so far, {money.dollars(self.an_hour)} an hour."
        )
        if missing := [each.student for each in self.seats if not each.id]:
            lines.append(f"Without a seat: {', '.join(missing)}. `{again}` brings them up.")
        return lines


@dataclass(frozen=True)
class Asked:
    lab: str
    cloud: str
    region: str
    # Who should have a seat.
    students: Sequence[str] = ()
    port_tag: str = ""
    # Whose seats are shown; empty: all.
    only: Sequence[str] = ()


def status(ec2: Any, asked: Asked, now: datetime) -> Status:
    """Ask the cloud twice, and each running seat once."""
    moment = look.at(ec2, asked.lab, asked.region, now)
    living, things = moment.living, moment.sweep.found
    with ThreadPoolExecutor(AT_ONCE) as pool:
        greeted = pool.map(lambda each: _answers(each, asked.port_tag), living)
        ssh = dict(zip((each.id for each in living), greeted, strict=True))
    costs = bill(moment.sweep, moment.sweep)
    since = {each.id: each.since for each in things}
    shown = [_shown(each, ssh[each.id], since.get(each.id, ""), costs, now) for each in living]
    shown += [SeatStatus(student) for student in asked.students if student not in {each.student for each in living}]
    shown = [each for each in shown if not asked.only or each.student in asked.only]
    shown.sort(key=lambda each: (natural(each.student), each.id))
    cost, hourly = round(costs.total, 6), round(an_hour(things), 6)
    return Status(asked.lab, asked.cloud, asked.region, len(living), shown, cost, hourly, costs.notes)


def _shown(this: Seat, ssh: bool, since: str, costs: Bill, now: datetime) -> SeatStatus:
    ends_at = this.tags.get("EndsAt", "")
    end, began = clock.tagged(ends_at), clock.tagged(since)
    return SeatStatus(
        student=this.student,
        id=this.id,
        state=this.state,
        address=this.address,
        type=this.type,
        ssh=ssh,
        up=_seconds(now - began) if began and this.state == "running" else 0,
        ends_at=ends_at if end else "",
        left=_seconds(end - now) if end else 0,
        cost=next((each.cost for each in costs.seats if each.id == this.id), None),
    )


def _answers(this: Seat, port_tag: str) -> bool:
    """Is there an SSH server? Who it is, is asked by those who enter."""
    return this.state == "running" and bool(this.address) and not answers(*this.reached(port_tag), ANSWERS_WITHIN)


def _row(this: SeatStatus) -> tuple[str, ...]:
    if not this.id:
        return (this.student, this.state)
    ssh = "yes" if this.ssh else "no" if this.state == "running" else ""
    left = ("over" if this.left <= 0 else _short(this.left)) if this.ends_at else "?"
    up = _short(this.up) if this.state == "running" else ""
    return (this.student, this.state, this.address, this.type, ssh, up, left, money.dollars(this.cost))


def _seconds(length: timedelta) -> int:
    return round(length.total_seconds())


def _short(seconds: int) -> str:
    """2d04h, 3h05, 12m: a column is narrow."""
    minutes = seconds // 60
    if minutes >= 2880:
        return f"{minutes // 1440}d{minutes % 1440 // 60:02}h"
    return f"{minutes // 60}h{minutes % 60:02}" if minutes >= 60 else f"{minutes}m"
