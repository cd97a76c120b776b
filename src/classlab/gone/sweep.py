"""Ask every enabled region what carries a lab's tag. Nothing here changes anything, and no region is passed over."""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any, Self

from botocore.exceptions import BotoCoreError, ClientError

from classlab.cloud.kinds import BY_NAME, KINDS, MANAGED_BY, Found, Kind, Record, stamp, tags_of
from classlab.cloud.regions import Connect, enabled, reason
from classlab.errors import UsageError
from classlab.gone.keeping import kept
from classlab.names import lab_name_problem

# Twenty regions with nine questions each take as long as six questions one after the other.
AT_ONCE = 32
PAGE = 500


@dataclass(frozen=True)
class Unseen:
    """A question that a region did not answer: what lies there is not known."""

    region: str
    kind: str
    reason: str


# By region and kind.
Answers = dict[tuple[str, str], list[Found] | Unseen]


@dataclass(frozen=True)
class Sweep:
    """What all regions said at one time."""

    name: str
    time: str
    regions: list[str]
    found: list[Found]
    # Terminated seats and the like: they cost nothing any more, but AWS still tells of them for about an hour.
    ended: list[Found] = field(default_factory=list)
    # Things with the tag Lab=<name> that classlab did not make: never touched.
    others: list[Found] = field(default_factory=list)
    # Images that are to stay, with their snapshots.
    kept: list[Found] = field(default_factory=list)
    unseen: list[Unseen] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, told: dict[str, Any]) -> Self:
        names = ("found", "ended", "others", "kept")
        lists = {name: [Found(**each) for each in told.get(name, [])] for name in names}
        unseen = [Unseen(**each) for each in told["unseen"]]
        return cls(name=told["name"], time=told["time"], regions=list(told["regions"]), unseen=unseen, **lists)

    def where(self) -> list[str]:
        """The regions in which something was found."""
        return sorted({each.region for each in self.found})

    def work(self) -> list[dict[str, Any]]:
        """Where something is to be removed, and what the roles for seats, network and key have to do there.

        Where a question was not answered, the answer might have been yes.
        """
        todo = []
        for region in self.where():
            kinds = {each.kind for each in self.found if each.region == region}
            kinds |= {each.kind for each in self.unseen if each.region == region}
            # A group or a key is made before seats are launched: where one is, a seat may be that is not told of yet.
            seats = bool(kinds & {"seat", "spot request", "security group", "key pair"})
            todo.append(
                {"region": region, "seats": seats, "network": "security group" in kinds, "key": "key pair" in kinds}
            )
        return todo

    def owners(self) -> list[str]:
        return sorted({each.owner for each in self.found if each.owner})


def sweep(name: str, home: str, connect: Connect, patience: float = 0, keep_images: bool = False) -> Sweep:
    """What carries the lab's tags, anywhere. With `keep_images`, baked images are told of apart from the rest.

    AWS may tell of a thing for some seconds after it is gone: with `patience`, whatever is found is asked about again
    for so many seconds before it is believed to be there.
    """
    if problem := lab_name_problem(name):
        raise UsageError(problem)
    clients, untold = enabled(connect, home)
    answers = _ask(name, clients, [(region, kind.name) for region in clients for kind in KINDS])
    until = time.monotonic() + patience
    pause = 0.5
    stays: list[Found] = []
    while True:
        stays = kept(_ours(answers)) if keep_images else []
        there = [key for key, each in answers.items() if _any_alive(each, stays)]
        if not there or time.monotonic() >= until:
            break
        time.sleep(pause)
        pause *= 2
        answers |= _ask(name, clients, there)
    unseen = [each for each in answers.values() if isinstance(each, Unseen)]
    if untold:
        unseen.append(Unseen("all other regions", "everything", untold))
    ours = _ours(answers)
    return Sweep(
        name=name,
        time=stamp(datetime.now(UTC)),
        regions=sorted(clients),
        found=[thing for thing in ours if alive(thing) and thing not in stays],
        ended=[thing for thing in ours if not alive(thing)],
        others=[thing for thing in _things(answers) if thing.managed_by != MANAGED_BY and alive(thing)],
        kept=stays,
        unseen=unseen,
    )


def tagged(name: str) -> list[dict[str, Any]]:
    """The one filter by which a lab's things are known. A name is checked first: in a filter, * would be every lab."""
    return [{"Name": "tag:Lab", "Values": [name]}]


def look(name: str, region: str, client: Any, kind: Kind, **narrower: Any) -> list[Found]:
    """All things of a kind with the tag Lab=<name> in one region."""
    told = records(client, kind, Filters=tagged(name), **narrower)
    return [kind.found(each, region) for each in told if tags_of(each).get("Lab") == name]


def records(client: Any, kind: Kind, **asked: Any) -> list[Record]:
    """What a region tells of a kind, page after page."""
    asked = {**kind.arguments, **asked}
    if not client.can_paginate(kind.operation):
        told = getattr(client, kind.operation)(**asked)[kind.path.removesuffix("[]")]
    else:
        by_id = any(each.endswith("Ids") for each in asked.keys() - kind.arguments)
        pages = {} if by_id else {"PaginationConfig": {"PageSize": PAGE}}
        told = client.get_paginator(kind.operation).paginate(**asked, **pages).search(kind.path)
    return [each for each in told if each]


def alive(thing: Found) -> bool:
    return thing.state not in BY_NAME[thing.kind].gone


def _things(answers: Answers) -> list[Found]:
    return [thing for each in answers.values() if not isinstance(each, Unseen) for thing in each]


def _ours(answers: Answers) -> list[Found]:
    return [thing for thing in _things(answers) if thing.managed_by == MANAGED_BY]


def _any_alive(answer: list[Found] | Unseen, stays: list[Found]) -> bool:
    """Something that should be gone, and is not."""
    return not isinstance(answer, Unseen) and any(
        alive(each) and each.managed_by == MANAGED_BY and each not in stays for each in answer
    )


def _ask(name: str, clients: dict[str, Any], keys: list[tuple[str, str]]) -> Answers:
    def one(key: tuple[str, str]) -> list[Found] | Unseen:
        region, kind = key
        try:
            return look(name, region, clients[region], BY_NAME[kind])
        except (ClientError, BotoCoreError) as error:
            return Unseen(region, kind, reason(error))

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return dict(zip(keys, pool.map(one, keys), strict=True))
