"""The tags that each thing of a lab should have: without them it has no name on the bill, or `make down` misses it."""

from collections.abc import Iterator, Mapping, Sequence

from classlab import clock
from classlab.check.finding import Finding, bad, good
from classlab.check.lab import Lab, Thing
from classlab.cloud.kinds import MANAGED_BY
from classlab.cloud.launch import seat_tags
from classlab.display.recap import listed
from classlab.names import make

# What `make up` writes anew on a seat, with its disk, and on group and key pair. What a thing is known by it does not.
MENDED = {"Email", "Project", "Task", "EndsAt", "Name"}
Lacking = Mapping[str, str]


def tags(there: Lab, name: str, wanted: Mapping[str, str], class_name: str) -> Iterator[Finding]:
    """`wanted`: Owner, Email, Project and Task, as far as the class file has them."""
    yield from _lost(there, name)
    common = {"Lab": name, **{key: value for key, value in wanted.items() if value}, "ManagedBy": MANAGED_BY}
    things = list(_things(there, name, common))
    # Things that lack the same are told of at once.
    alike: dict[tuple[str, bool, tuple[tuple[str, str], ...]], list[Thing]] = {}
    for thing, lacking, by_up in things:
        if lacking:
            alike.setdefault((thing.kind, by_up, tuple(lacking.items())), []).append(thing)
    for (kind, by_up, items), them in alike.items():
        ids, lacking = [each.id for each in them], dict(items)
        who = sorted(each.student for each in them if each.student)
        mend = f"`{make('up', class_name)}` writes what is missing." if by_up else _create(ids, lacking)
        yield bad("tags", f"The {kind}{f' of {listed(who)}' if who else ''} {_lacks(lacking)}. {mend}", who)
    if things and not alike:
        yield good("tags", f"{', '.join(common)} and EndsAt are on all {len(things)} things of the lab")


def _things(there: Lab, name: str, common: Mapping[str, str]) -> Iterator[tuple[Thing, Lacking, bool]]:
    """Each with what it lacks, and whether `make up` writes that."""
    for seat in there.seats:
        if not seat.student:  # nobody's, which is told elsewhere
            continue
        thing = Thing("seat", seat.id, seat.tags, seat.student)
        lacking = _lacking(thing, seat_tags({**common, "EndsAt": ""}, name, seat.student))
        by_up = lacking.keys() <= MENDED
        yield thing, lacking, by_up
        for disk in there.disks:
            if disk.student == seat.student:
                ends_at = seat.tags.get("EndsAt", "")
                more = _lacking(disk, seat_tags({**common, "EndsAt": ends_at}, name, seat.student))
                # Where its seat lacks the same, both are written at once.
                yield disk, more if more.keys() - lacking.keys() or not by_up else {}, False
    for thing in there.rest:
        lacking = _lacking(thing, {**common, "EndsAt": ""})
        yield thing, lacking, lacking.keys() <= MENDED


def _lacking(thing: Thing, wanted: Mapping[str, str]) -> Lacking:
    """What it should have and has not. Any time will do where none is wanted."""
    return {
        key: value
        for key, value in wanted.items()
        if (thing.tags.get(key) != value if value else not clock.tagged(thing.tags.get(key, "")))
    }


def _lost(there: Lab, name: str) -> Iterator[Finding]:
    for each in there.others:
        keys = {"Lab": name, "ManagedBy": MANAGED_BY}
        lacking = {key: value for key, value in keys.items() if each.tags.get(key) != value}
        yield bad(
            "tags",
            f"{each.id} was launched with the lab's key, but {_lacks(lacking)}: `make down` would not find it, and it "
            f"bills. {_create([each.id], lacking)}",
        )


def _lacks(lacking: Lacking) -> str:
    return "lacks " + ", ".join(f"{key}={value}" if value else key for key, value in lacking.items())


def _create(ids: Sequence[str], lacking: Lacking) -> str:
    given = " ".join(f'"Key={key},Value={value}"' for key, value in lacking.items() if value)
    return f"`aws ec2 create-tags --resources {' '.join(ids)} --tags {given}` writes what is missing."
