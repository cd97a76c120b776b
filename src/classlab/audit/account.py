"""Ask every region that the account has enabled what is there. What is not answered is told, never passed over."""

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from classlab import clock, money, pricelist
from classlab.audit.things import FILE_SYSTEM, OF_EC2, OLD, Seen, Thing, judged
from classlab.cloud.kinds import Found, Kind, stamp, tags_of
from classlab.cloud.regions import code, connector, enabled, reason
from classlab.gone.sweep import AT_ONCE, Unseen, alive, records

# Services that are not in a region: they stand where else a region does.
S3, IAM = "S3", "IAM"
# The price list is one place for all regions, and soon says that it was asked too often.
REGIONS_PRICED_AT_ONCE = 4
Key = tuple[str, str]  # region, and what is asked for there
# What the second questions are about: a bucket, or a user.
OF = ("tags of the bucket", "access keys of")


@dataclass(frozen=True)
class AccessKey:
    """A key with which programs log in as a user, for as long as it is active."""

    user: str
    id: str
    active: bool
    since: str
    days: int

    @property
    def old(self) -> bool:
        return self.days > OLD.days


@dataclass(frozen=True)
class Audit:
    account: str
    cloud: str
    time: str
    regions: list[str]
    # The most expensive first.
    things: list[Thing] = field(default_factory=list)
    # The oldest first.
    access_keys: list[AccessKey] = field(default_factory=list)
    unseen: list[Unseen] = field(default_factory=list)

    @property
    def an_hour(self) -> float:
        return sum(each.an_hour or 0 for each in self.things)

    def as_document(self) -> dict[str, Any]:
        return {
            "account": self.account,
            "cloud": self.cloud,
            "time": self.time,
            "regions": self.regions,
            "complete": not self.unseen,
            "an_hour": round(self.an_hour, 6),
            "a_month": round(self.an_hour * money.MONTH_HOURS, 6),
            "prices": self.prices,
            "things": [each.as_dict() for each in self.things],
            "access_keys": [{**asdict(each), "old": each.old} for each in self.access_keys],
            "unseen": [asdict(each) for each in self.unseen],
        }

    @property
    def prices(self) -> str:
        """Whose prices these are."""
        return "; ".join(sorted({money.source(each.region) for each in self.things if each.an_hour}))


def audit(home: str, cloud: str, now: datetime) -> Audit:
    """`home` is the region that is asked which others there are."""
    clients, untold = enabled(connector(), home)
    identity = connector("sts")(home).get_caller_identity()
    files = {region: connect(region) for connect in [connector("efs")] for region in clients}
    s3, iam = connector("s3"), connector("iam")(home)
    here = {(region, kind.name): _told(ec2, kind) for region, ec2 in clients.items() for kind in OF_EC2}
    here |= {(region, FILE_SYSTEM.name): _told(efs, FILE_SYSTEM) for region, efs in files.items()}
    here[S3, "bucket"] = _pages(s3(home), "list_buckets", "Buckets[]")
    here[IAM, "access key"] = _pages(iam, "list_users", "Users[]")
    first, unseen = _ask(here)

    buckets, users = first.pop((S3, "bucket"), []), first.pop((IAM, "access key"), [])
    near = {region: s3(region) for region in {each.get("BucketRegion") or home for each in buckets}}
    questions = {(each.get("BucketRegion") or home, each["Name"]): _tags(near, home, each) for each in buckets}
    questions |= {(IAM, user["UserName"]): _keys(iam, user["UserName"]) for user in users}
    second, without = _ask(questions)
    keys = [key for user in users for key in second.get((IAM, user["UserName"]), [])]

    by_name = {kind.name: kind for kind in (*OF_EC2, FILE_SYSTEM)}
    seen = [_seen(by_name[kind], record, region) for (region, kind), told in first.items() for record in told]
    seen = [each for each in seen if _there(each)]
    seen += [_bucket(each, each.get("BucketRegion") or home, second) for each in buckets]
    _learn(seen)
    return Audit(
        account=str(identity["Account"]),
        cloud=cloud,
        time=clock.written(now),
        regions=sorted(clients),
        things=judged(seen, now),
        access_keys=sorted((_key(each, now) for each in keys), key=lambda each: (-each.days, each.user)),
        unseen=[
            *([Unseen("all other regions", "everything", untold)] if untold else []),
            *unseen,
            *(replace(each, kind=f"{OF[each.region == IAM]} {each.kind}") for each in without),
        ],
    )


def _told(client: Any, kind: Kind) -> Callable[[], list[Any]]:
    return lambda: list(records(client, kind))


def _pages(client: Any, operation: str, path: str, **asked: str) -> Callable[[], list[Any]]:
    # S3 tells where a bucket lies only if it may tell of them page by page.
    pages = {"PaginationConfig": {"PageSize": 1000}}
    return lambda: list(client.get_paginator(operation).paginate(**asked, **pages).search(path))


def _keys(iam: Any, user: str) -> Callable[[], list[Any]]:
    return _pages(iam, "list_access_keys", "AccessKeyMetadata[]", UserName=user)


def _tags(near: Mapping[str, Any], home: str, bucket: Mapping[str, Any]) -> Callable[[], list[Any]]:
    s3 = near[bucket.get("BucketRegion") or home]

    def tags() -> list[Any]:
        try:
            told: list[Any] = s3.get_bucket_tagging(Bucket=bucket["Name"])["TagSet"]
        except ClientError as error:
            if code(error) == "NoSuchTagSet":  # so S3 says that it has none
                return []
            raise
        return told

    return tags


def _ask(questions: Mapping[Key, Callable[[], list[Any]]]) -> tuple[dict[Key, list[Any]], list[Unseen]]:
    """The answers, and what was not answered."""

    def one(key: Key) -> list[Any] | Unseen:
        try:
            return questions[key]()
        except (ClientError, BotoCoreError) as error:
            return Unseen(*key, reason(error))

    with ThreadPoolExecutor(AT_ONCE) as pool:
        told = dict(zip(questions, pool.map(one, questions), strict=True))
    unseen = [each for each in told.values() if isinstance(each, Unseen)]
    return {key: each for key, each in told.items() if not isinstance(each, Unseen)}, unseen


def _seen(kind: Kind, record: Mapping[str, Any], region: str) -> Seen:
    return Seen(kind.found(record, region), tags_of(record), record)


def _there(seen: Seen) -> bool:
    """Neither gone already, nor the group that each network has and nobody can remove."""
    if seen.found.kind == FILE_SYSTEM.name:
        return seen.found.state not in FILE_SYSTEM.gone
    return alive(seen.found) and (seen.found.kind, seen.found.label) != ("security group", "default")


def _bucket(told: Mapping[str, Any], region: str, tags: Mapping[Key, list[Any]]) -> Seen:
    found = Found("bucket", told["Name"], region, since=stamp(told.get("CreationDate")))
    own = tags.get((region, told["Name"]))
    return Seen(found, None if own is None else tags_of({"Tags": own}), told)


def _key(told: Mapping[str, Any], now: datetime) -> AccessKey:
    return AccessKey(
        user=told["UserName"],
        id=told["AccessKeyId"],
        active=told["Status"] == "Active",
        since=stamp(told["CreateDate"]),
        days=(now - told["CreateDate"]).days,
    )


def _learn(seen: Iterable[Seen]) -> None:
    """Today's prices of what is there; who may not ask for them is told those of the table."""
    wanted: dict[str, tuple[set[str], set[str]]] = {}
    for each in seen:
        if each.found.kind in ("seat", "volume", "address"):
            types, volumes = wanted.setdefault(each.found.region, (set(), set()))
            types |= {each.found.label} if each.found.kind == "seat" else set()
            volumes |= {each.record["VolumeType"]} if each.found.kind == "volume" else set()
    pricing = connector("pricing", pricelist.PATIENCE)(pricelist.HOME)

    def ask(region: str) -> pricelist.PriceList | None:
        try:
            return pricelist.ask(pricing, region, *wanted[region])
        except (ClientError, BotoCoreError, ValueError):
            return None  # money then has the table's, and says so

    with ThreadPoolExecutor(REGIONS_PRICED_AT_ONCE) as pool:
        for region, told in zip(wanted, pool.map(ask, wanted), strict=True):
            money.learn(region, told)
