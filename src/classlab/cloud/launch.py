"""Launch the seats that are missing: one request for each, some at a time, none twice."""

import hashlib
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from classlab.cloud import refusals
from classlab.cloud.patience import Pace, patiently
from classlab.cloud.refusals import Holds
from classlab.cloud.regions import code
from classlab.cloud.userdata import FirstBoot
from classlab.labfolder import LabFolder
from classlab.trust import keys

AT_ONCE = 10
# A key pair and a group made a moment ago may not yet be known to the part of EC2 that launches.
YOUNG = ("InvalidKeyPair.NotFound", "InvalidGroup.NotFound")
ENDED = ("shutting-down", "terminated")
# Tokens that were used up before, by seats that have been ended since. More of them than this has no student.
MOST_TOKENS = 30


@dataclass(frozen=True)
class Place:
    zone: str
    subnet_id: str


@dataclass(frozen=True)
class Blueprint:
    """What all seats of a lab have in common."""

    lab: str
    tags: Mapping[str, str]
    image_id: str
    root_device: str
    instance_type: str
    volume_size: int
    group_id: str
    places: Sequence[Place]
    first_boot: FirstBoot
    spot: bool = False
    public_keys: Mapping[str, str] = field(default_factory=dict)  # by student

    def tags_of(self, student: str) -> dict[str, str]:
        return seat_tags(self.tags, self.lab, student)

    def request(self, student: str, place: Place, user_data: str) -> dict[str, Any]:
        """One RunInstances: with all tags at birth, so that nothing ever exists that `down` would not find."""
        tags = [{"Key": key, "Value": value} for key, value in self.tags_of(student).items()]
        kinds = ["instance", "volume", "network-interface", *(["spot-instances-request"] if self.spot else [])]
        interface = {
            "DeviceIndex": 0,
            "SubnetId": place.subnet_id,
            "Groups": [self.group_id],
            "AssociatePublicIpAddress": True,
            "DeleteOnTermination": True,
        }
        disk = {
            "VolumeSize": self.volume_size,
            "VolumeType": "gp3",
            "Encrypted": True,
            "DeleteOnTermination": True,
        }
        request = {
            "ImageId": self.image_id,
            "InstanceType": self.instance_type,
            "KeyName": self.lab,
            "MinCount": 1,
            "MaxCount": 1,
            "UserData": user_data,
            "NetworkInterfaces": [interface],
            "BlockDeviceMappings": [{"DeviceName": self.root_device, "Ebs": disk}],
            # One hop: what a student runs in a container does not reach the metadata service.
            "MetadataOptions": {
                "HttpEndpoint": "enabled",
                "HttpTokens": "required",
                "HttpPutResponseHopLimit": 1,
                "InstanceMetadataTags": "disabled",
            },
            # The deadline shuts the seat down from inside: that must end it, and its bill, and not only stop it.
            "InstanceInitiatedShutdownBehavior": "terminate",
            "TagSpecifications": [{"ResourceType": kind, "Tags": tags} for kind in kinds],
        }
        if self.spot:
            options = {"SpotInstanceType": "one-time", "InstanceInterruptionBehavior": "terminate"}
            request["InstanceMarketOptions"] = {"MarketType": "spot", "SpotOptions": options}
        return request


def seat_tags(tags: Mapping[str, str], lab: str, student: str) -> dict[str, str]:
    return {**tags, "Name": f"{lab}-{student}", "Student": student}


@dataclass
class Launched:
    ids: dict[str, str] = field(default_factory=dict)  # by student
    refused: dict[str, str] = field(default_factory=dict)  # sentences by student
    denial: str = ""  # AWS's encoded words on why it was not allowed


class _NotGivenError(Exception):
    """Carries the sentence why a seat could not be had."""


@dataclass
class Launcher:
    """
    `seen`: the ids of each student's earlier seats that EC2 still tells of. `again`: the command that tries once more.

    A launch may have happened without anybody knowing: the answer was lost, or this program was killed, and EC2 tells
    of a new instance only seconds later. So each launch has a token that another run, also on another computer, comes
    to by itself: EC2 launches once per token. It tells apart the lab (by its group), the student, the subnet (EC2 keeps
    tokens by zone), and how often the student's seat has been ended and launched anew.
    """

    ec2: Any
    region: str
    folder: LabFolder
    blueprint: Blueprint
    seen: Mapping[str, Sequence[str]]
    again: str = "make up"
    patience: float = 60
    hidden: float = 10  # seconds for which EC2 may not tell of what it has launched

    def __post_init__(self) -> None:
        self._began = time.monotonic()
        self._pace = Pace()
        self._lock = threading.Lock()
        self._full: dict[Place, str] = {}
        self._for_all = ""
        self._denial = ""

    def all(self, students: Iterable[str]) -> Launched:
        launched = Launched()
        # All of them before the first launch: what is wrong with keys or user data is said while nothing exists yet.
        told = {student: self._told(student) for student in students}
        with ThreadPoolExecutor(AT_ONCE) as pool:
            for student, answer in zip(told, pool.map(self._one, told, told.values()), strict=True):
                if isinstance(answer, _NotGivenError):
                    launched.refused[student] = str(answer)
                else:
                    launched.ids[student] = answer
        launched.denial = self._denial
        return launched

    def _told(self, student: str) -> str:
        host_key = keys.first_key(self.folder, student)
        return self.blueprint.first_boot.user_data(*host_key, self.blueprint.public_keys.get(student, ""), student)

    def _one(self, student: str, user_data: str) -> str | _NotGivenError:
        """The id of the student's new seat, or why there is none. A zone that said no to one is not asked again."""
        try:
            for place in self.blueprint.places:
                if place not in self._full:
                    if self._for_all:
                        return _NotGivenError(self._for_all)
                    if instance := self._in(place, student, user_data):
                        return instance
        except _NotGivenError as error:
            return error
        said = {place.zone: why for place, why in self._full.items()}
        return _NotGivenError(refusals.no_place(said, self.again))

    def _in(self, place: Place, student: str, user_data: str) -> str:
        """The id, or '' when this place has no room."""
        try:
            return self._with_token(place, student, self.blueprint.request(student, place, user_data))
        except (ClientError, BotoCoreError) as error:
            facts = {
                "type": self.blueprint.instance_type,
                "image": self.blueprint.image_id,
                "subnet": place.subnet_id,
                "region": self.region,
                "again": self.again,
            }
            refusal = refusals.of(error, facts)
            with self._lock:
                self._denial = self._denial or refusals.secret_of(error)
                if refusal.holds is Holds.PLACE:
                    self._full[place] = refusal.sentence
                    return ""
                if refusal.holds is Holds.LAB:
                    self._for_all = refusal.sentence
            raise _NotGivenError(refusal.sentence) from error

    def _with_token(self, place: Place, student: str, request: dict[str, Any]) -> str:
        others = {each for who, ids in self.seen.items() if who != student for each in ids}
        for nth in range(MOST_TOKENS):
            token = self.token(place, student, nth)
            try:
                asked = {"ClientToken": token, **request}
                answer = patiently(self.ec2.run_instances, self.patience, YOUNG, self._pace, **asked)
            except ClientError as error:
                if code(error) == "IdempotentInstanceTerminated":
                    continue
                if code(error) != "IdempotentParameterMismatch":
                    raise
                # Launched before, but then something was different: the deadline, or the key of another teacher.
                instance = self._launched_before(token)
            else:
                launched = answer["Instances"][0]
                instance = "" if launched["State"]["Name"] in ENDED else str(launched["InstanceId"])
            # A spare seat that became a student's answers to its former token for ever.
            if instance and instance not in others:
                return instance
        raise _NotGivenError(
            f"EC2 has launched and ended {MOST_TOKENS} seats of {student} already, and says so to each new request. "
            "`make down` and `make up` begin anew."
        )

    def token(self, place: Place, student: str, nth: int) -> str:
        parts = (self.blueprint.lab, self.blueprint.group_id, student, place.subnet_id, *sorted(self._seen_of(student)))
        return hashlib.sha256("\n".join((*parts, str(nth))).encode()).hexdigest()

    def _seen_of(self, student: str) -> Sequence[str]:
        return self.seen.get(student, ())

    def _launched_before(self, token: str) -> str:
        """The instance that this token launched, if it lives; '' when EC2 does not tell of one, or it has ended."""
        # What was launched before this run began is told of by now; what another teacher launches meanwhile, soon.
        until = max(self._began + self.hidden, time.monotonic() + self.hidden / 3)
        filters = [{"Name": "client-token", "Values": [token]}, {"Name": "tag:Lab", "Values": [self.blueprint.lab]}]
        while True:
            answer = patiently(self.ec2.describe_instances, self.patience, Filters=filters)
            found = [each for reservation in answer["Reservations"] for each in reservation["Instances"]]
            if found:
                return next((str(each["InstanceId"]) for each in found if each["State"]["Name"] not in ENDED), "")
            if time.monotonic() > until:
                return ""
            time.sleep(min(2, self.hidden / 3))
