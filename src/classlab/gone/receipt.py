"""The receipt of a `down`: found, removed, left, not visible, and what it cost about. It says no more than was seen."""

import json
import textwrap
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from classlab.cloud.kinds import KINDS, Found, counted
from classlab.gone import keeping
from classlab.gone.bill import Bill
from classlab.gone.listing import bill_of, columns, minute, named, untouched
from classlab.gone.sweep import Sweep, Unseen
from classlab.labfolder import LabFolder

WIDTH = 80
# More seats than this are in the saved receipt only.
ON_SCREEN = 40


@dataclass(frozen=True)
class Receipt:
    cloud: str
    before: Sweep
    after: Sweep
    bill: Bill
    # Sentences of the steps that failed, and why single things stay, by their id.
    troubles: list[str] = field(default_factory=list)
    why: dict[str, str] = field(default_factory=dict)
    again: str = "make down"

    @property
    def name(self) -> str:
        return self.after.name

    @property
    def left(self) -> list[Found]:
        return self.after.found

    @property
    def unknown(self) -> list[Found]:
        """Seen before, and now the region does not answer: it may be there or not."""
        silent = {(each.region, each.kind) for each in self.after.unseen}
        there = {each.id for each in self.left}
        return [
            each
            for each in self.before.found
            if each.id not in there and ((each.region, each.kind) in silent or each.region not in self.after.regions)
        ]

    @property
    def removed(self) -> list[Found]:
        stays = {each.id for each in (*self.left, *self.unknown)}
        return [each for each in self.before.found if each.id not in stays]

    @property
    def complete(self) -> bool:
        return not self.left and not self.after.unseen and not self.unknown

    def verdict(self) -> str:
        """The last line: gone, with proof, or what is still there or was not seen."""
        regions = f"{len(self.after.regions)} region{'s' if len(self.after.regions) != 1 else ''}"
        if self.complete and self.after.kept:
            return (
                f"{self.name} is gone: nothing but the image that you keep is left in {regions}. `{self.again}` "
                "removes that as well."
            )
        if self.complete and not self.before.found:
            return f"Nothing of lab {self.name} is on {self.cloud} ({regions} asked)."
        if self.complete:
            return f"{self.name} is gone: nothing with its tags is left in {regions}."
        return "\n".join(self._problems())

    def _problems(self) -> list[str]:
        said = []
        if self.left:
            numbers = [(sum(each.kind == kind.name for each in self.left), kind.name) for kind in KINDS]
            things = ", ".join(counted(number, kind) for number, kind in numbers if number)
            said.append(
                f"{self.name} is not gone. Left in {', '.join(self.after.where())}, and perhaps billing: {things}. "
                f"The receipt says why; mend that, then run again: {self.again}"
            )
        if where := sorted({each.region for each in self.after.unseen} | {each.region for each in self.unknown}):
            said.append(
                f"Not known is what lies in {_some(where)}: the question was refused, or not answered. Let your AWS "
                f"user ask there (docs/aws-permissions.md), or wait a while, then run again: {self.again}"
            )
        return said

    def lines(self, most_seats: int | None = None) -> list[str]:
        """The receipt as text of at most 80 columns; nothing to tell is no line."""
        lines = [f"Receipt: lab {self.name} on {self.cloud}, {minute(self.after.time)} UTC"]
        lines += ["", *self._counts()] if self.before.found or self.left else []
        lines += ["", *bill_of(self.bill, most_seats)] if self.bill.seats else []
        for title, entries in (
            ("Left:", [f"{named(each)}. {self.why.get(each.id, '')}" for each in self.left]),
            ("Kept, and billing:", [f"{keeping.told(self.after.kept)}."] if self.after.kept else []),
            ("Went wrong on the way:", self.troubles),
            ("Not visible:", _refusals(self.after.unseen)),
            ("Not touched, because it does not carry the lab's tags:", untouched(self.before)),
        ):
            if entries:
                lines += ["", title, *(line for each in entries for line in _wrapped(each))]
        return lines if len(lines) > 1 else []

    def _counts(self) -> list[str]:
        heads = ["", "found", "removed", "left"] + (["not known"] if self.unknown else [])
        rows = []
        for kind in KINDS:
            groups = [{*_ids(self.before.found, kind.name), *_ids(self.left, kind.name)}]
            groups += [_ids(each, kind.name) for each in (self.removed, self.left)]
            groups += [_ids(self.unknown, kind.name)] if self.unknown else []
            if groups[0]:
                rows.append([kind.several, *(str(len(each)) for each in groups)])
        return columns([heads, *rows], right=range(1, 5))

    def as_dict(self) -> dict[str, Any]:
        def things(found: list[Found]) -> list[dict[str, Any]]:
            return [{key: value for key, value in asdict(each).items() if value} for each in found]

        return {
            "lab": self.name,
            "cloud": self.cloud,
            "complete": self.complete,
            "begun": self.before.time,
            "ended": self.after.time,
            "regions": self.after.regions,
            "found": things(self.before.found),
            "removed": things(self.removed),
            "kept": things(self.after.kept),
            "left": [{**each, "why": self.why.get(each["id"], "")} for each in things(self.left)],
            "not_known": things(self.unknown),
            "not_visible": [asdict(each) for each in self.after.unseen],
            "not_touched": untouched(self.before),
            "troubles": self.troubles,
            "seats": [asdict(each) for each in self.bill.seats],
            "hours": round(self.bill.hours, 4),
            "dollars": round(self.bill.total, 4),
            "notes": self.bill.notes,
        }


def save(receipt: Receipt, folder: LabFolder) -> Path:
    """Keep it in the lab folder, as text and as JSON; the folder is made anew where it was lost."""
    folder.make()
    moment = datetime.fromisoformat(receipt.after.time).astimezone(UTC).strftime("%Y-%m-%dT%H%M%SZ")
    names = (moment, *(f"{moment}-{number}" for number in range(2, 100)))
    stem = next(name for name in names if not (folder.receipts / f"{name}.txt").exists())
    text = "\n".join([*receipt.lines(), "", receipt.verdict(), ""])
    folder.write(folder.receipts / f"{stem}.json", json.dumps(receipt.as_dict(), indent=2, ensure_ascii=False) + "\n")
    folder.write(folder.receipts / f"{stem}.txt", text)
    return folder.receipts / f"{stem}.txt"


def billed(folder: LabFolder) -> set[str]:
    """The seats whose end is in an earlier receipt. AWS tells of them for an hour; nobody should pay twice for them."""
    ids: set[str] = set()
    for file in folder.receipts.glob("*.json"):
        try:
            told = json.loads(file.read_text("utf-8"))
            there = {each["id"] for each in (*told["left"], *told["not_known"])}
            ids |= {each["id"] for each in told["seats"]} - there
        except (ValueError, KeyError, TypeError, OSError):
            continue  # Not a receipt of ours, or a damaged one: then its seats are told once more.
    return ids


def tidy(folder: LabFolder) -> None:
    """Forget how to reach seats that are gone. Keys, results and receipts stay."""
    folder.ssh_config.unlink(missing_ok=True)
    folder.known_hosts.unlink(missing_ok=True)
    first = folder.first_key("any").parent
    for file in first.iterdir() if first.is_dir() else ():
        file.unlink()
    if first.is_dir():
        first.rmdir()


def _ids(found: list[Found], kind: str) -> set[str]:
    return {each.id for each in found if each.kind == kind}


def _some(regions: list[str]) -> str:
    return ", ".join(regions) if len(regions) <= 4 else f"{', '.join(regions[:3])} and {len(regions) - 3} more regions"


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(
        text, WIDTH, initial_indent="  ", subsequent_indent="    ", break_long_words=False, break_on_hyphens=False
    )


def _refusals(unseen: list[Unseen]) -> list[str]:
    """One entry for each reason, with all regions and kinds that gave it."""
    reasons: dict[str, list[Unseen]] = {}
    for each in unseen:
        reasons.setdefault(each.reason.replace(each.region, "REGION"), []).append(each)
    entries = []
    for why, several in reasons.items():
        regions = sorted({each.region for each in several})
        kinds = [kind.several for kind in KINDS if kind.name in {each.kind for each in several}]
        what = ", ".join(kinds) if 0 < len(kinds) < len(KINDS) else "everything"
        entries.append(f"{', '.join(regions)} ({what}). {why.replace('REGION', regions[0])}")
    return entries
