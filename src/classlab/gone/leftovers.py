"""Remove what seats leave behind in a region: addresses, interfaces, volumes, images, snapshots, stray key pairs.

Each thing's tags are looked at again in the moment before it is deleted. What another holds is tried again for a while;
what stays in the end is told with the name of its holder, never passed over.
"""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from classlab.cloud.kinds import BY_NAME, MANAGED_BY, Found
from classlab.cloud.regions import code, reason
from classlab.errors import UsageError
from classlab.gone.sweep import alive, look
from classlab.names import lab_name_problem

# An interface may carry an address; a snapshot cannot go while its image is there.
ORDER = ("address", "interface", "volume", "image", "snapshot", "key pair")
IDS = {
    "seat": "InstanceIds",
    "address": "AllocationIds",
    "interface": "NetworkInterfaceIds",
    "volume": "VolumeIds",
    "image": "ImageIds",
    "snapshot": "SnapshotIds",
    "key pair": "KeyPairIds",
}
HOLDERS = {"i-": "seat", "eni-": "interface"}
# Answers of a cloud that is still busy taking something apart. All others are final.
BUSY = frozenset(
    {"DependencyViolation", "IncorrectState", "InternalError", "RequestLimitExceeded", "ServiceUnavailable"}
    | {"InvalidIPAddress.InUse", "InvalidNetworkInterface.InUse", "InvalidSnapshot.InUse", "VolumeInUse"}
)
AT_ONCE = 8
Keep = Callable[[Sequence[Found]], Sequence[Found]]


@dataclass(frozen=True)
class Stays:
    """A thing that could not be removed. `busy`: another try may help."""

    thing: Found
    why: str
    busy: bool = False


@dataclass
class Removal:
    removed: list[Found] = field(default_factory=list)
    stays: list[Stays] = field(default_factory=list)
    # Kinds that could not even be listed, as sentences.
    unseen: list[str] = field(default_factory=list)


def remove(
    name: str,
    region: str,
    client: Any,
    limit: float,
    kinds: Sequence[str] = ORDER,
    keep: Keep | None = None,
    dry: bool = False,
) -> Removal:
    """
    Remove what carries the lab's tags; go on for `limit` seconds where something is still held. `keep` is shown the
    images and snapshots, and says which of them stay.
    """
    if problem := lab_name_problem(name):
        raise UsageError(problem)
    done = Removal()
    until = time.monotonic() + limit
    stay = {each.id for each in _stay(name, region, client, keep)} if keep else set()
    for kind in kinds:
        try:
            there = look(name, region, client, BY_NAME[kind])
            things = [each for each in there if _ours(each) and each.id not in stay]
            # The lab's own key pair is called as the lab is, and is the matter of the role lab_key.
            things = [each for each in things if (each.kind, each.label) != ("key pair", name)]
        except (ClientError, BotoCoreError) as error:
            done.unseen.append(f"{BY_NAME[kind].several} in {region} could not be listed: {reason(error)}")
            continue
        if dry:
            done.removed += things
            continue
        stays = _remove_all(things, lambda thing: _attempt(name, client, thing), until)
        done.stays += stays
        done.removed += [each for each in things if each.id not in {stay.thing.id for stay in stays}]
    return done


def _stay(name: str, region: str, client: Any, keep: Keep) -> Sequence[Found]:
    kinds = [BY_NAME[each] for each in ("image", "snapshot")]
    return keep([thing for kind in kinds for thing in look(name, region, client, kind) if _ours(thing)])


def _ours(thing: Found) -> bool:
    return thing.managed_by == MANAGED_BY and alive(thing)


def _remove_all(things: list[Found], attempt: Callable[[Found], Stays | None], until: float) -> list[Stays]:
    final: list[Stays] = []
    pause = 0.5
    with ThreadPoolExecutor(AT_ONCE) as pool:
        while things:
            stays = [each for each in pool.map(attempt, things) if each]
            final += [each for each in stays if not each.busy]
            busy = [each for each in stays if each.busy]
            if not busy or time.monotonic() >= until:
                return final + busy
            time.sleep(min(pause, max(0.0, until - time.monotonic())))
            pause = min(pause * 2, 10)
            things = [each.thing for each in busy]
    return final


def _attempt(name: str, client: Any, thing: Found) -> Stays | None:
    """Try once. None: it is gone, or no longer the lab's."""
    try:
        now = [each for each in _again(name, client, thing.kind, thing.id, thing.region) if _ours(each)]
        if not now:
            return None
        thing = now[0]
        if thing.kind == "image" and thing.state == "pending":
            # Its snapshot may not be there yet, and would be nobody's then.
            return Stays(thing, "EC2 is still making it, which takes some minutes: try again then.", busy=True)
        if stays := _held(name, client, thing):
            return stays
        DELETE[thing.kind](client, thing)
    except ClientError as error:
        if ".NotFound" in code(error):
            return None
        in_use = code(error) in BUSY or "in use" in reason(error)
        held = f" It is held by {thing.held_by}." if thing.held_by else ""
        return Stays(thing, f"{reason(error)}{held}", busy=in_use)
    except BotoCoreError as error:
        return Stays(thing, reason(error), busy=True)
    return None


def _again(name: str, client: Any, kind: str, id_: str, region: str) -> list[Found]:
    """The thing as it is now, if it still carries the lab's tag."""
    try:
        return look(name, region, client, BY_NAME[kind], **{IDS[kind]: [id_]})
    except ClientError as error:
        if ".NotFound" in code(error):
            return []
        raise


def _held(name: str, client: Any, thing: Found) -> Stays | None:
    """Why a thing that is in use cannot go, or not yet; None when it can.

    Taking something from an instance changes that instance: it is done to the lab's own seats only.
    """
    kind = next((kind for prefix, kind in HOLDERS.items() if thing.held_by.startswith(prefix)), "")
    if not kind:
        return None
    holders = [
        each for each in _again(name, client, kind, thing.held_by, thing.region) if each.managed_by == MANAGED_BY
    ]
    if not holders:
        return Stays(thing, f"It is held by {thing.held_by}, which does not carry the lab's tags: take it off there.")
    seat = holders[0]
    if thing.kind == "address" or thing.bond or not alive(seat):
        return None
    who = f"seat {seat.student} ({seat.id})" if seat.student else seat.id
    # It goes with its seat, which is either on its way out or could not be terminated.
    return Stays(thing, f"It is held by {who}, which is {seat.state}.", busy=seat.state == "shutting-down")


def _release(client: Any, thing: Found) -> None:
    if thing.bond:
        client.disassociate_address(AssociationId=thing.bond)
    client.release_address(AllocationId=thing.id)


def _delete_interface(client: Any, thing: Found) -> None:
    if thing.bond:
        client.detach_network_interface(AttachmentId=thing.bond)
    client.delete_network_interface(NetworkInterfaceId=thing.id)


DELETE: dict[str, Callable[[Any, Found], Any]] = {
    "address": _release,
    "interface": _delete_interface,
    "volume": lambda client, thing: client.delete_volume(VolumeId=thing.id),
    "image": lambda client, thing: client.deregister_image(ImageId=thing.id),
    "snapshot": lambda client, thing: client.delete_snapshot(SnapshotId=thing.id),
    "key pair": lambda client, thing: client.delete_key_pair(KeyPairId=thing.id),
}
