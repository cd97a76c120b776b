"""What an audit found, as lines for a terminal of 80 columns, and as rows for a spreadsheet."""

import csv
import io
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields

from classlab import clock, money
from classlab.audit.account import Audit
from classlab.audit.things import FILE_SYSTEM, OF_EC2, OLD, Thing
from classlab.display.recap import fold, listed
from classlab.gone.listing import WIDTH, columns, minute
from classlab.gone.sweep import Unseen
from classlab.money import dollars
from classlab.plan.tags import KEYS

# As wide as these columns may be, the table is 80 wide.
WIDEST_THING, WIDEST_LAB = 31, 10
MARGIN = " " * 14
SEVERAL = {each.name: each.several for each in (*OF_EC2, FILE_SYSTEM)} | {"seat": "instances"}
FIELDS = [*(each.name for each in fields(Thing)), "a_month"]


def lines(audit: Audit) -> list[str]:
    """The table, most expensive first, and what it comes to."""
    free = "" if audit.cloud == "aws" else " Nothing is billed here; on AWS it would be:"
    head = f"Account {audit.account} on {audit.cloud}, {minute(audit.time)} UTC, {_regions(audit)}.{free}"
    return [*_folded(head), *_table(audit.things), *_keys(audit), *_sum(audit)]


def verdict(audit: Audit) -> str:
    """'' when everything was answered; else all that was not, a line each."""
    if not audit.unseen:
        return ""
    first = "This is no full audit: what was not told of may be there, and bill."
    asked: dict[tuple[str, str], list[str]] = {}
    for each in audit.unseen:
        asked.setdefault((each.region, each.reason), []).append(_called(each))
    told = [f"{region} did not tell of {listed(kinds)}: {reason}" for (region, reason), kinds in asked.items()]
    return "\n".join([first, *told])


def as_csv(audit: Audit) -> str:
    """One row for each thing, for each access key, and for each question without an answer."""
    text = io.StringIO()
    rows = csv.DictWriter(text, FIELDS, restval="", lineterminator="\n")
    rows.writeheader()
    for thing in audit.things:
        rows.writerow({**thing.as_dict(), "lacks": " ".join(thing.lacks), "over": "yes" if thing.over else ""})
    for key in audit.access_keys:
        row = {"kind": "access key", "id": key.id, "name": key.user, "since": key.since, "an_hour": 0, "a_month": 0}
        note = f"{key.days} days old" if key.old else ""
        rows.writerow({**row, "state": "active" if key.active else "inactive", "note": note})
    for each in audit.unseen:
        rows.writerow({"kind": _called(each), "region": each.region, "state": "not seen", "note": each.reason})
    return text.getvalue()


def _table(things: Sequence[Thing]) -> list[str]:
    if not things:
        return ["Nothing was found that could bill."]
    rows = [("a month", "thing", "region", "lab", "lacks")]
    for each in things:
        lacks = "".join(key[0] for key in each.lacks)
        rows.append((dollars(each.a_month) if each.an_hour != 0 else "", _thing(each), each.region, each.lab, lacks))
    heads, *bodies = columns([_fitting(row) for row in rows], right={0})
    told = [heads]
    for each, body in zip(things, bodies, strict=True):
        told += [body, *fold(f"{MARGIN}{_remarks(each)}", WIDTH, MARGIN)] if _remarks(each) else [body]
    return told


def _fitting(row: Sequence[str]) -> list[str]:
    return [row[0], _cut(row[1], WIDEST_THING), row[2], _cut(row[3], WIDEST_LAB), row[4]]


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _thing(this: Thing) -> str:
    """By what it is found in AWS's console: its id, but a key pair's name, and an address itself."""
    kind = {"security group": "group", "file system": "files"}.get(this.kind, this.kind)
    return f"{kind} {this.name if this.kind == 'key pair' else this.detail if this.kind == 'address' else this.id}"


def _remarks(this: Thing) -> str:
    named = "" if this.kind == "key pair" else this.name
    facts = [named, "" if this.kind == "address" else this.detail, "" if this.idle else this.state]
    end = clock.tagged(this.ends_at)
    over = f"past its end ({end:%Y-%m-%d %H:%M} UTC)" if this.over and end else ""
    return "; ".join(filter(None, (", ".join(filter(None, facts)), over, this.idle, this.note)))


def _keys(audit: Audit) -> list[str]:
    if not (old := [each for each in audit.access_keys if each.old]):
        return []
    rows = [("days", "access key", "", "user")]
    rows += [(str(each.days), each.id, "" if each.active else "inactive", each.user) for each in old]
    return ["", *(_cut(line, WIDTH) for line in columns(rows, right={0}))]


def _sum(audit: Audit) -> list[str]:
    things = audit.things
    cost = f"about {dollars(audit.an_hour * money.MONTH_HOURS)} a month, {dollars(audit.an_hour)} an hour"
    said = [f"{_count(len(things), 'thing')}: {cost}."] if things else []
    if unknown := _kinds(things, lambda each: each.an_hour is None):
        said.append(f"Not counted, for their price is not known here: {unknown}.")
    if idle := [each for each in things if each.idle]:
        for_nothing = sum(each.an_hour or 0 for each in idle) * money.MONTH_HOURS
        said.append(f"Idle: {_kinds(idle)}; {dollars(for_nothing)} a month for nothing.")
    if over := _kinds(things, lambda each: each.over):
        labs = sorted({each.lab for each in things if each.over and each.lab})
        said.append(f"Past their end: {over}{f' (labs: {listed(labs)})' if labs else ''}.")
    if lacking := [each for each in things if each.lacks]:
        letters = ", ".join(f"{key[0]} {key}" for key in KEYS)
        said.append(f"{_count(len(lacking), 'thing')} without all tags ({letters}).")
    if keys := audit.access_keys:
        many = len([each for each in keys if each.old])
        said.append(f"{_count(len(keys), 'access key')}, {many or 'none'} older than {OLD.days} days.")
    if audit.prices:
        said.append(f"Prices of {audit.prices}, without tax and traffic.")
    return ["", *(line for each in said for line in _folded(each))] if said else []


def _kinds(things: Iterable[Thing], which: Callable[[Thing], bool] = lambda _: True) -> str:
    """2 volumes, 1 address"""
    kinds = Counter(each.kind for each in things if which(each))
    return ", ".join(_count(number, kind) for kind, number in kinds.items())


def _count(number: int, kind: str) -> str:
    return f"{number} {kind}" if number == 1 else f"{number} {kind}{'es' if kind.endswith('s') else 's'}"


def _called(unseen: Unseen) -> str:
    """As words; what is not one of the kinds is told in words already."""
    return {**SEVERAL, "bucket": "buckets", "access key": "access keys"}.get(unseen.kind, unseen.kind)


def _regions(audit: Audit) -> str:
    return _count(len(audit.regions), "region")


def _folded(text: str) -> list[str]:
    return fold(text, WIDTH, "")
