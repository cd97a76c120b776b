"""A lab of a test's own on a localcloud: its key pair, group and subnets; seats by the same code as `make up`."""

import json
import socket
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from classlab.cloud import bringup, patience, seats
from classlab.cloud.bringup import Brought, Wanted
from classlab.cloud.launch import Blueprint, Launcher, Place
from classlab.cloud.userdata import FirstBoot
from classlab.labfolder import LabFolder
from classlab.trust import keys
from localcloud import LocalCloud

REGION = "us-east-1"
IMAGE = "/aws/service/canonical/ubuntu/server/24.04/stable/current/amd64/hvm/ebs-gp3/ami-id"
ENDS_AT, LATER = "2099-11-20T18:00:00Z", "2099-11-20T20:00:00Z"
ARM = "#!/bin/sh\necho armed\n"
# Where a seat is said to be reached, as on clouds behind a forwarded port.
PORT_TAG = "test:ssh-port"
LIVING = ("pending", "running", "stopping", "stopped")


@dataclass
class CloudSide:
    cloud: LocalCloud
    ec2: Any  # as the modules have it: without boto3's own retries
    name: str
    folder: LabFolder
    group_id: str = ""
    began: int = 0
    changes: dict[str, Any] = field(default_factory=dict)  # of the blueprint

    def __post_init__(self) -> None:
        self.client = self.cloud.client("ec2")
        self.image = self.cloud.client("ssm").get_parameter(Name=IMAGE)["Parameter"]["Value"]
        default = [{"Name": "default-for-az", "Values": ["true"]}]
        subnets = self.client.describe_subnets(Filters=default)["Subnets"]
        by_zone = sorted(subnets, key=lambda subnet: str(subnet["AvailabilityZone"]))
        self.vpc = by_zone[0]["VpcId"]
        self.places = [Place(each["AvailabilityZone"], each["SubnetId"]) for each in by_zone]

    def make_group_and_key(self) -> None:
        self.group_id = self.client.create_security_group(GroupName=self.name, Description="seats")["GroupId"]
        public = keys.ensure_all(self.folder, self.name, "ed25519", []).public_key
        self.client.import_key_pair(KeyName=self.name, PublicKeyMaterial=public.encode())

    def tags(self, **other: str) -> dict[str, str]:
        return {"Lab": self.name, "ManagedBy": "classlab", "EndsAt": ENDS_AT, **other}

    def blueprint(self, **changes: Any) -> Blueprint:
        given: dict[str, Any] = {
            "lab": self.name,
            "tags": self.tags(),
            "image_id": self.image,
            "root_device": "/dev/sda1",
            "instance_type": "t3.micro",
            "volume_size": 20,
            "group_id": self.group_id,
            "places": self.places,
            "first_boot": FirstBoot(ARM, ENDS_AT),
        }
        return Blueprint(**{**given, **changes})

    def launcher(self, seen: Mapping[str, list[str]], patience: float = 60, **changes: Any) -> Launcher:
        return Launcher(self.ec2, REGION, self.folder, self.blueprint(**changes), seen, patience=patience, hidden=4)

    def up(self, *students: str, launch: bool = True, patience: float = 60, **changes: Any) -> Brought:
        """As `make up` does it. `changes` are those of what is wanted, or of the blueprint."""
        of_wanted = {key: changes.pop(key) for key in ("leaving", "prune") if key in changes}
        wanted = Wanted(self.name, changes.get("tags", self.tags()), students, patience=60, **of_wanted)
        launcher: Callable[[Mapping[str, list[str]]], Launcher] = lambda seen: self.launcher(seen, patience, **changes)  # noqa: E731
        return bringup.bring_up(self.ec2, wanted, launcher if launch else None)

    def instances(self, *states: str) -> list[dict[str, Any]]:
        """What there really is with the lab's name, in these states or alive."""
        filters = [
            {"Name": "tag:Lab", "Values": [self.name]},
            {"Name": "instance-state-name", "Values": list(states or LIVING)},
        ]
        reservations = self.client.describe_instances(Filters=filters)["Reservations"]
        return [each for reservation in reservations for each in reservation["Instances"]]

    def students(self) -> list[str]:
        return sorted(tags(each)["Student"] for each in self.instances())

    def zones(self) -> dict[str, int]:
        found: dict[str, int] = {}
        for each in self.instances():
            zone = each["Placement"]["AvailabilityZone"]
            found[zone] = found.get(zone, 0) + 1
        return found

    def mark(self) -> None:
        """Requests are counted from here."""
        self.began = self.cloud.requests()[-1]["id"]

    def requests(self, action: str = "") -> list[dict[str, Any]]:
        return [each for each in self.cloud.requests() if each["id"] > self.began and action in ("", each["action"])]

    def changed_anything(self) -> list[str]:
        reads = ("Describe", "Get", "List")
        return [each["action"] for each in self.requests() if not each["action"].startswith(reads)]


def tags(thing: Mapping[str, Any]) -> dict[str, str]:
    return {each["Key"]: each["Value"] for each in thing.get("Tags") or thing.get("TagSet") or []}


@pytest.fixture
def aws(cloud: LocalCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """This process talks to the localcloud, and to nothing else. It is quick, so it is asked again sooner than EC2."""
    monkeypatch.setattr(seats, "PAUSES", (0.1, 0.2, 0.5))
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    for name, value in cloud.env.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def bare(cloud: LocalCloud, aws: None, tmp_path: Path) -> CloudSide:
    """A name, of which nothing exists yet."""
    name = f"lab-{uuid.uuid4().hex[:8]}"
    side = CloudSide(cloud, patience.connect(REGION), name, LabFolder(tmp_path / ".lab" / name))
    side.mark()
    return side


@pytest.fixture
def lab(bare: CloudSide) -> Iterator[CloudSide]:
    """With its group and its key pair; seats can be launched."""
    bare.make_group_and_key()
    bare.mark()
    yield bare
    bare.cloud.clear_faults()
    if ids := [each["InstanceId"] for each in bare.instances()]:
        bare.client.terminate_instances(InstanceIds=ids)


@dataclass(frozen=True)
class Played:
    status: int
    said: str
    facts: dict[str, Any]
    changed: int


Play = Callable[..., Played]


@pytest.fixture
def play(run: Callable[..., Any], tmp_path: Path) -> Play:
    """play(["lab_key"], lab_key_name=…): roles in this order, with these inputs; facts are read afterwards."""

    def roles(names: list[str], facts: tuple[str, ...] = (), **inputs: Any) -> Played:
        told = tmp_path / "facts.json"
        told.unlink(missing_ok=True)
        kept = {name: f"{{{{ {name} | default(none) }}}}" for name in facts}
        copy = {"content": kept, "dest": str(told), "mode": "0600"}
        play = {
            "hosts": "localhost",
            "connection": "local",
            "gather_facts": False,
            "vars": inputs,
            "roles": names,
            "post_tasks": [{"ansible.builtin.copy": copy, "changed_when": False}] if facts else [],
        }
        book = tmp_path / "play.yml"
        book.write_text(json.dumps([play]))
        done = run("ansible-playbook", "-i", "inventory/localhost.yml", book)
        said = done.stdout + done.stderr
        changed = next((line.split("changed=")[1].split()[0] for line in said.splitlines() if "changed=" in line), "0")
        return Played(done.returncode, said, json.loads(told.read_text()) if told.exists() else {}, int(changed))

    return roles


@pytest.fixture
def greeting() -> Iterator[int]:
    """The port of something that greets as SSH does."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def greet() -> None:
            while True:
                try:
                    line, _ = server.accept()
                except OSError:
                    return
                with line:
                    line.sendall(b"SSH-2.0-test\r\n")

        threading.Thread(target=greet, daemon=True).start()
        yield server.getsockname()[1]
