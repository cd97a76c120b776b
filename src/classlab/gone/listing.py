"""What was found and what it cost, as lines for a terminal: before anything is removed, and in the receipt."""

import textwrap
from collections.abc import Container, Sequence

from classlab import money
from classlab.cloud.kinds import KINDS, Found, counted
from classlab.gone import keeping
from classlab.gone.bill import Bill, an_hour, natural
from classlab.gone.sweep import Sweep
from classlab.money import dollars

WIDTH = 80


def what_goes(sweep: Sweep, cloud: str) -> list[str]:
    """The lines a teacher reads before saying yes. None where nothing was found: the receipt says that."""
    lines = []
    if sweep.found:
        lines = [f"Lab {sweep.name} on {cloud}. This will be removed:", *_by_region(sweep)]
        cost = an_hour(sweep.found)
        lines.append(f"It costs about {dollars(cost)} an hour." if cost else "It costs nothing as it is.")
    if sweep.kept:
        lines.append(f"Kept: {keeping.told(sweep.kept)}.")
    if sweep.unseen:
        where = len({each.region for each in sweep.unseen})
        lines.append(f"Not all could be seen: {where} region{'s' if where != 1 else ''} refused or did not answer.")
    return lines


def _by_region(sweep: Sweep) -> list[str]:
    lines = []
    for region in sweep.where():
        lines.append(f"  {region}")
        for kind in KINDS:
            things = [each for each in sweep.found if (each.region, each.kind) == (region, kind.name)]
            names = textwrap.wrap(", ".join(sorted(map(_known_as, things), key=natural)), WIDTH - 24, max_lines=6)
            heads = [f"    {counted(len(things), kind.name):<20}", *[" " * 24] * 5]
            lines += [f"{head}{line}" for head, line in zip(heads, names, strict=False)]
    return lines


def untouched(sweep: Sweep) -> list[str]:
    """What is near the lab, but not the lab's: a teacher should know of it, and nothing is done to it."""
    said = [f"{named(each)} has the tag Lab={sweep.name}, but was not made by classlab." for each in sweep.others]
    known = {each.id for each in sweep.found} | {each.label for each in sweep.found if each.kind == "address"}
    for each in sweep.found:
        said += [
            f"{stays} in {each.region} stays when {_called(each)} goes."
            for stays in each.outlived_by
            if stays not in known
        ]
    return said


def named(thing: Found) -> str:
    """'volume vol-0ab (20 GiB, us-east-1)'"""
    details = ", ".join(filter(None, (thing.student, thing.label, thing.state, thing.region)))
    return f"{thing.kind} {thing.id} ({details})"


def columns(rows: Sequence[Sequence[str]], right: Container[int] = ()) -> list[str]:
    """Rows in columns as wide as their longest cell, two blanks apart."""
    wide = [max(len(row[at]) for row in rows if at < len(row)) for at in range(max(map(len, rows)))]
    lines = []
    for row in rows:
        cells = [cell.rjust(wide[at]) if at in right else cell.ljust(wide[at]) for at, cell in enumerate(row)]
        lines.append(f"  {'  '.join(cells)}".rstrip())
    return lines


def bill_of(bill: Bill, most: int | None = None) -> list[str]:
    """A line for each seat, at most so many, and the sum; what the figures leave out."""
    seats = bill.seats if most is None else bill.seats[:most]
    rows = [["seat", "type", "from (UTC)", "hours", "about"]]
    for each in seats:
        student = f"{each.student or each.id}{' *' if each.ended_before else ''}"
        kind = each.type if len(each.type) <= 14 else f"{each.type[:13]}…"
        rows.append([student, kind, minute(each.since)[5:], f"{each.hours:.2f}", dollars(each.cost)])
    if len(seats) < len(bill.seats):
        rows.append([f"and {len(bill.seats) - len(seats)} more"])
    if round(bill.disks, 4):
        rows.append(["other volumes", "", "", "", dollars(bill.disks)])
    rows.append(["all", "", "", f"{bill.hours:.2f}", dollars(bill.total)])
    days = sorted({money.as_of(each.region) for each in bill.seats}) or [money.as_of()]
    notes = [f"At list prices of {' and '.join(days)}, with disks and addresses."]
    if any(each.ended_before for each in bill.seats):
        notes.append("* had ended before this run.")
    return [*columns(rows, right=(3, 4)), *textwrap.wrap(" ".join([*notes, *bill.notes]), WIDTH)]


def minute(time: str) -> str:
    return time[:16].replace("T", " ")


def _known_as(thing: Found) -> str:
    return thing.student or thing.label or thing.id


def _called(thing: Found) -> str:
    return (
        f"seat {thing.student} ({thing.id})" if thing.kind == "seat" and thing.student else f"{thing.kind} {thing.id}"
    )
