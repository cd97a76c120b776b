"""One thing of the account: whose it is, what it costs, and whether it costs that for nothing."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from typing import Any

from classlab import clock, money
from classlab.cloud.kinds import BY_NAME, MANAGED_BY, Found, Kind, Record, stamp
from classlab.plan.tags import KEYS

OLD = timedelta(days=90)
# Up to these, a gp3 volume bills for its size alone.
GP3_IOPS, GP3_MIBS = 3000, 125
FILE_SYSTEM = Kind(
    "file system",
    "file systems",
    "describe_file_systems",
    "FileSystems[]",
    "FileSystemId",
    lambda record: {
        "state": record.get("LifeCycleState", ""),
        "label": record.get("Name", ""),
        "since": stamp(record.get("CreationTime")),
    },
    gone=frozenset({"deleting", "deleted"}),
)
# What the account is asked for in each region; a lab's interfaces and spot requests cost nothing by themselves.
OF_EC2 = tuple(
    BY_NAME[name] for name in ("seat", "volume", "snapshot", "image", "address", "key pair", "security group")
)
# Only in a class an instance is somebody's seat.
CALLED = {"seat": "instance"}


@dataclass(frozen=True)
class Seen:
    """What a region told of a thing."""

    found: Found
    tags: Mapping[str, str] | None  # None where they could not be asked for
    record: Record


@dataclass(frozen=True)
class Thing:
    """Times are as in tags, or empty; a price is None where it is not known."""

    kind: str
    id: str
    region: str
    name: str = ""
    detail: str = ""
    state: str = ""
    since: str = ""
    # The lab of classlab's that it belongs to.
    lab: str = ""
    lacks: list[str] = field(default_factory=list)
    ends_at: str = ""
    over: bool = False
    # Why it is of no use to anybody, as far as can be seen.
    idle: str = ""
    an_hour: float | None = 0
    note: str = ""

    @property
    def a_month(self) -> float | None:
        return money.times(self.an_hour, money.MONTH_HOURS)

    def as_dict(self) -> dict[str, Any]:
        told = {each.name: getattr(self, each.name) for each in fields(self)}
        return told | {"an_hour": _rounded(self.an_hour), "a_month": _rounded(self.a_month)}


def judged(seen: Collection[Seen], now: datetime) -> list[Thing]:
    """The most expensive first; what has no known price before what costs nothing."""
    asleep = {each.found.id for each in seen if each.found.kind == "seat" and each.found.state.startswith("stop")}
    addressed = {each.found.held_by for each in seen if each.found.kind == "address"}
    things = [_judged(each, asleep, addressed, now) for each in seen]
    return sorted(things, key=lambda each: (_rank(each.an_hour), -(each.an_hour or 0), each.kind, each.region, each.id))


def _rank(price: float | None) -> int:
    return 1 if price is None else 0 if price else 2


def _judged(seen: Seen, asleep: Collection[str], addressed: Collection[str], now: datetime) -> Thing:
    this, tags = seen.found, seen.tags or {}
    end = clock.tagged(this.ends_at)
    ours = tags.get("ManagedBy") == MANAGED_BY
    notes = [f"Lab={tags['Lab']}, but not classlab's"] if "Lab" in tags and not ours else []
    notes += ["its EndsAt is no time"] if this.ends_at and not end else []
    notes += ["its tags are not known"] if seen.tags is None else []
    return Thing(
        kind=CALLED.get(this.kind, this.kind),
        id=this.id,
        region=this.region,
        name=tags.get("Name", "") or (this.label if this.kind in ("image", "key pair", "security group") else ""),
        detail=_detail(seen),
        state=this.state,
        since=this.since,
        lab=tags.get("Lab", "") if ours else "",
        lacks=[] if seen.tags is None else [key for key in KEYS if not tags.get(key)],
        ends_at=this.ends_at,
        over=bool(end and end < now),
        idle=_idle(seen, asleep, now),
        an_hour=_an_hour(seen, addressed),
        note="; ".join(notes),
    )


def _detail(seen: Seen) -> str:
    this = seen.found
    if this.kind == "volume":
        return f"{this.label} {seen.record.get('VolumeType', '')}".rstrip()
    if this.kind == "seat" and this.spot:
        return f"{this.label} spot"
    if this.kind == "file system":
        return f"{seen.record.get('SizeInBytes', {}).get('Value', 0) / 2**30:.1f} GiB"
    return this.label if this.kind in ("seat", "address", "snapshot") else ""


def _idle(seen: Seen, asleep: Collection[str], now: datetime) -> str:
    this = seen.found
    if this.id in asleep:
        return "stopped: its disks bill on"
    if this.held_by in asleep:
        return "its instance is stopped"
    if this.kind == "volume" and not this.held_by:
        return "attached to nothing"
    if this.kind == "address" and not (this.held_by or this.bond):
        return "in use by nothing"
    if this.kind == "file system" and not seen.record.get("NumberOfMountTargets"):
        return "mounted nowhere"
    since = clock.tagged(this.since)
    if this.kind == "snapshot" and since and now - since > OLD:
        return f"{(now - since).days} days old"
    return ""


def _an_hour(seen: Seen, addressed: Collection[str]) -> float | None:
    this, record = seen.found, seen.record
    if this.kind == "seat":
        if this.state not in ("pending", "running"):
            return 0
        plain = record.get("PlatformDetails", "Linux/UNIX") == "Linux/UNIX"
        plain = plain and record.get("Placement", {}).get("Tenancy", "default") == "default"
        # An address of the account's own is in the list by itself.
        address = money.address_hour(this.region) if this.public and this.id not in addressed else 0
        return money.add(money.instance_hour(this.region, this.label) if plain else None, address)
    if this.kind == "volume":
        kind, iops, mibs = record["VolumeType"], record.get("Iops") or 0, record.get("Throughput") or 0
        more = kind == "gp3" and (iops > GP3_IOPS or mibs > GP3_MIBS)
        return None if more else money.volume_hour(this.region, this.size, kind)
    if this.kind == "address":
        return money.address_hour(this.region)
    # Snapshots, file systems and buckets bill for what is in them, which the questions here do not tell.
    return None if this.kind in ("snapshot", "file system", "bucket") else 0


def _rounded(price: float | None) -> float | None:
    return None if price is None else round(price, 6)
