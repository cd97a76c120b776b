"""The seats of a lab as the cloud has them: found by their tags alone, corrected, started, waited for, ended."""

import base64
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import repeat
from typing import Any

from botocore.exceptions import ClientError

from classlab import clock
from classlab.cloud.kinds import MANAGED_BY, tags_of
from classlab.cloud.patience import patiently
from classlab.cloud.regions import code, reason
from classlab.cloud.userdata import with_deadline
from classlab.errors import ClasslabError, UsageError
from classlab.names import lab_name_problem

AT_ONCE = 10
LIVING = ("pending", "running", "stopping", "stopped")
PATIENCE = 60.0
# CreateTags takes this many ids, and a page of an answer has at most this many instances.
MOST_IDS = 1000
PAUSES = (0.5, 1.0, 1.0, 2.0, 3.0)
# A seat that boots has to be told of a later deadline before it meets the one that it knows.
BOOT = timedelta(minutes=5)


@dataclass(frozen=True)
class Seat:
    id: str
    student: str
    state: str
    address: str
    private_address: str
    tags: Mapping[str, str]
    belongings: tuple[str, ...] = ()  # volumes and interfaces: they carry the same tags
    reason: str = ""  # why it is in this state, in AWS's words
    type: str = ""

    @property
    def living(self) -> bool:
        return self.state in LIVING

    @property
    def asleep(self) -> bool:
        return self.state in ("stopping", "stopped")

    @property
    def end(self) -> datetime | None:
        return clock.tagged(self.tags.get("EndsAt", ""))

    def reached(self, port_tag: str) -> tuple[str, int]:
        """Address and port of its SSH. Where a tag tells a port of this machine, that is the way in."""
        port = self.tags.get(port_tag, "") if port_tag else ""
        return ("127.0.0.1", int(port)) if port else (self.address, 22)

    def told(self, port_tag: str) -> dict[str, Any]:
        """As a module returns it."""
        address, port = self.reached(port_tag)
        known = {"student": self.student, "id": self.id, "address": address, "port": port, "state": self.state}
        return {**known, "private_address": self.private_address}


def of_lab(ec2: Any, lab: str) -> list[Seat]:
    """Every seat of the lab, in every state."""
    return [seat(each) for each in records(ec2, lab)]


def records(ec2: Any, lab: str) -> list[Any]:
    """Every instance with the lab's two tags, as EC2 tells it. A name is checked first: in a filter, * is every lab."""
    if problem := lab_name_problem(lab):
        raise UsageError(problem)
    filters = [{"Name": "tag:Lab", "Values": [lab]}, {"Name": "tag:ManagedBy", "Values": [MANAGED_BY]}]
    # Without a size of its pages AWS throttles such a question sooner, and may not answer it in time.
    pages = _pages(ec2.describe_instances, Filters=filters, MaxResults=MOST_IDS)
    found = [each for page in pages for each in _instances(page)]
    ours = {"Lab": lab, "ManagedBy": MANAGED_BY}
    return [each for each in found if ours.items() <= tags_of(each).items()]


def _pages(call: Callable[..., Any], **asked: Any) -> Iterator[Any]:
    while True:
        page = patiently(call, PATIENCE, **asked)
        yield page
        if not page.get("NextToken"):
            return
        asked["NextToken"] = page["NextToken"]


def _instances(page: Mapping[str, Any]) -> list[Any]:
    return [each for reservation in page["Reservations"] for each in reservation["Instances"]]


def seat(record: Mapping[str, Any]) -> Seat:
    tags = tags_of(record)
    volumes = [each["Ebs"]["VolumeId"] for each in record.get("BlockDeviceMappings") or [] if "Ebs" in each]
    interfaces = [each["NetworkInterfaceId"] for each in record.get("NetworkInterfaces") or []]
    return Seat(
        id=record["InstanceId"],
        student=tags.get("Student", ""),
        state=record["State"]["Name"],
        address=record.get("PublicIpAddress") or "",
        private_address=record.get("PrivateIpAddress") or "",
        tags=tags,
        belongings=(*volumes, *interfaces),
        reason=(record.get("StateReason") or {}).get("Message", ""),
        type=record.get("InstanceType") or "",
    )


def by_student(seats: Iterable[Seat]) -> dict[str, list[Seat]]:
    sorted_out: dict[str, list[Seat]] = {}
    for seat in seats:
        sorted_out.setdefault(seat.student, []).append(seat)
    return sorted_out


def root_device(ec2: Any, image_id: str) -> str:
    """Under which name the image expects its root disk; another name would add a second disk."""
    images = patiently(ec2.describe_images, PATIENCE, ImageIds=[image_id])["Images"]
    if not images:
        raise ClasslabError(f"The image {image_id} is gone: `make down` and `make up` take a new one for all seats.")
    return str(images[0]["RootDeviceName"])


def correct_tags(ec2: Any, lab: str, wanted: Iterable[tuple[Seat, Mapping[str, str]]]) -> list[Seat]:
    """Write what differs, with one request for all seats where the same differs. Other tags of a seat stay."""
    differing: dict[tuple[tuple[str, str], ...], list[Seat]] = {}
    for seat, tags in wanted:
        if wrong := tuple(sorted((key, value) for key, value in tags.items() if seat.tags.get(key) != value)):
            differing.setdefault(wrong, []).append(seat)
    for wrong, seats in differing.items():
        write_tags(ec2, lab, seats, dict(wrong))
    return [seat for seats in differing.values() for seat in seats]


def write_tags(ec2: Any, lab: str, seats: Sequence[Seat], tags: Mapping[str, str], others: Iterable[str] = ()) -> None:
    """On the seats, on those of their disks and interfaces that are the lab's, and on `others`, which are."""
    hanging = [each for seat in seats for each in seat.belongings]
    ids = [*(seat.id for seat in seats), *_of_lab(ec2, lab, hanging), *others]
    written = [{"Key": key, "Value": value} for key, value in tags.items()]
    for start in range(0, len(ids), MOST_IDS):
        patiently(ec2.create_tags, PATIENCE, Resources=ids[start : start + MOST_IDS], Tags=written)


def _of_lab(ec2: Any, lab: str, ids: Sequence[str]) -> list[str]:
    """A disk that somebody has attached by hand is theirs, and not to be touched."""
    ours = {"Lab": lab, "ManagedBy": MANAGED_BY}
    filters = [{"Name": "key", "Values": list(ours)}, {"Name": "value", "Values": list(ours.values())}]
    asked: dict[str, Any] = {"Filters": filters, "MaxResults": 1000}
    found: dict[str, dict[str, str]] = {}
    while True:
        page = patiently(ec2.describe_tags, PATIENCE, **asked)
        for each in page["Tags"]:
            found.setdefault(each["ResourceId"], {})[each["Key"]] = each["Value"]
        if not page.get("NextToken"):
            return [each for each in ids if found.get(each) == ours]
        asked["NextToken"] = page["NextToken"]


def start(ec2: Any, lab: str, seats: Sequence[Seat], patience: float) -> dict[str, ClientError]:
    """Start what is stopped, and what is on its way there once it has arrived. What was refused, by id."""
    ids = {seat.id for seat in seats}
    for now in watch(ec2, lab, patience):
        if not any(seat.id in ids and seat.state == "stopping" for seat in now):
            break
    stopped = [seat for seat in now if seat.id in ids and seat.state == "stopped"]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        untold = {
            seat.id: why
            for seat, why in zip(stopped, pool.map(_tell_deadline, repeat(ec2), stopped), strict=True)
            if why
        }
    return untold | all_or_each(ec2.start_instances, [seat.id for seat in stopped if seat.id not in untold])


def _tell_deadline(ec2: Any, seat: Seat) -> ClientError | None:
    """What a stopped seat knows of its end it has from its user data, which its tag may have left behind."""
    try:
        answer = patiently(ec2.describe_instance_attribute, PATIENCE, InstanceId=seat.id, Attribute="userData")
        known = base64.b64decode(answer.get("UserData", {}).get("Value", "")).decode(errors="surrogateescape")
        wanted = with_deadline(known, seat.tags.get("EndsAt", ""))
        if wanted != known:
            text = wanted.encode(errors="surrogateescape")
            patiently(ec2.modify_instance_attribute, PATIENCE, InstanceId=seat.id, UserData={"Value": text})
    except ClientError as error:
        return error
    return None


def would_end(seat: Seat, at: datetime) -> str:
    """Why a stopped seat must not be started: '' when it may."""
    if not seat.end or seat.end > at + BOOT:
        return ""
    return (
        f"{seat.id} was not started: its deadline, {clock.told(seat.end)}, is over, so it would end itself at once, "
        "with what is on it. `make extend` moves it; then start it."
    )


def not_started(seat: Seat, error: ClientError) -> str:
    return f"{seat.id} is stopped and could not be started. {reason(error)}"


def all_or_each(call: Callable[..., Any], ids: Sequence[str]) -> dict[str, ClientError]:
    """One request for all; where EC2 refuses all for the sake of one, one for each. What was refused, by id."""
    if not ids:
        return {}
    try:
        patiently(call, PATIENCE, InstanceIds=list(ids))
    except ClientError as error:
        if len(ids) == 1:
            return {ids[0]: error}
        return {key: value for each in ids for key, value in all_or_each(call, [each]).items()}
    return {}


def wait_until_running(ec2: Any, lab: str, ids: Collection[str], patience: float) -> tuple[list[Seat], dict[str, str]]:
    """All seats of the lab when these run and can be reached, and sentences about those that do not, by id."""
    for seats in watch(ec2, lab, patience):
        now = {seat.id: seat for seat in seats}
        # One that was launched a moment ago may not be told of yet.
        if all(each in now and (_ready(now[each]) or not now[each].living) for each in ids):
            break
    late = {each: _late(now.get(each), patience) for each in ids if each not in now or not _ready(now[each])}
    return seats, late


def _ready(seat: Seat) -> bool:
    return seat.state == "running" and bool(seat.address)


def _late(seat: Seat | None, patience: float) -> str:
    if seat is None:
        return f"EC2 has launched it, but has not told of it for {patience:.0f} seconds: wait a minute, then try again."
    if seat.state == "running":
        return f"{seat.id} runs, but has no public address: does the subnet allow one?"
    if seat.living:
        return f"{seat.id} is still {seat.state} after {patience:.0f} seconds: wait a minute, then try again."
    why = f" ({seat.reason})" if seat.reason else ""
    return f"{seat.id} ended as soon as it was launched{why}. Trying again launches another."


def watch(ec2: Any, lab: str, patience: float) -> Iterator[list[Seat]]:
    """The lab's seats again and again, with longer pauses, until the time is over; at least once."""
    until = time.monotonic() + patience
    yield of_lab(ec2, lab)
    pauses = list(PAUSES)
    while time.monotonic() < until:
        time.sleep(min(pauses.pop(0) if len(pauses) > 1 else pauses[0], patience))
        yield of_lab(ec2, lab)


@dataclass(frozen=True)
class Ended:
    seats: list[Seat]
    left: dict[str, tuple[Seat, str]]  # by id, with a sentence


def end_all(ec2: Any, lab: str, region: str, patience: float, expected: float = 0, only: Collection[str] = ()) -> Ended:
    """Terminate every seat of the lab, or `only` these, and see that it is terminated.

    `expected`: for so many seconds a seat may appear although none is seen now, because an `up` was cut off.
    """
    asked: dict[str, Seat] = {}
    left: dict[str, tuple[Seat, str]] = {}
    if not only:
        cancel_spot_requests(ec2, lab)
    appears_until = time.monotonic() + expected
    for seats in watch(ec2, lab, patience):
        chosen = [seat for seat in seats if not only or seat.id in only]
        alive = [seat for seat in chosen if seat.state != "terminated" and seat.id not in left]
        new = [seat for seat in alive if seat.living and seat.id not in asked]
        refused = all_or_each(ec2.terminate_instances, [seat.id for seat in new])
        asked |= {seat.id: seat for seat in alive}
        left |= {seat.id: (seat, _not_ended(seat, refused[seat.id], region)) for seat in new if seat.id in refused}
        if not [seat for seat in alive if seat.id not in left] and (asked or time.monotonic() >= appears_until):
            break
    for seat in alive:
        if seat.id not in left:
            left[seat.id] = (seat, f"{seat.id} is still {seat.state} after {patience:.0f} seconds: `make down` again.")
    return Ended([seat for seat in asked.values() if seat.id not in left], left)


def _not_ended(seat: Seat, error: ClientError, region: str) -> str:
    if code(error) == "OperationNotPermitted":
        return (
            f"{seat.id} is protected against termination, which classlab never does, and goes on billing. Take that "
            f"off with: aws ec2 modify-instance-attribute --region {region} --instance-id {seat.id} "
            "--no-disable-api-termination; then `make down` again."
        )
    return f"{seat.id} could not be ended and goes on billing. {reason(error)}"


def cancel_spot_requests(ec2: Any, lab: str) -> None:
    """A request that is still open could launch a seat after the others have gone."""
    filters = [
        {"Name": "tag:Lab", "Values": [lab]},
        {"Name": "tag:ManagedBy", "Values": [MANAGED_BY]},
        {"Name": "state", "Values": ["open", "active"]},
    ]
    pages = _pages(ec2.describe_spot_instance_requests, Filters=filters)
    ids = [each["SpotInstanceRequestId"] for page in pages for each in page["SpotInstanceRequests"]]
    if ids:
        patiently(ec2.cancel_spot_instance_requests, PATIENCE, SpotInstanceRequestIds=ids)
