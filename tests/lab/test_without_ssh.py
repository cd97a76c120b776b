"""`make up SSH=no`, all of it, for many seats on a cloud that keeps books only: they say what they are told to."""

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest
from cloud_side import IMAGE, LIVING, tags

from classlab import settings
from classlab.image.images import facts
from classlab.image.recipe import recipe
from localcloud import LocalCloud

ROOT = Path(__file__).parents[2]
DEFAULTS = settings.known(ROOT / "group_vars" / "all")
PPA = ["https://ppa.example.org/ubuntu", "F" * 40]
SEATS = 40


class Class:
    """A class without a project, and a baked image of it."""

    def __init__(self, cloud: LocalCloud, folder: Path, run: Callable[..., Any]) -> None:
        self.cloud, self.folder, self.run = cloud, folder, run
        self.ec2 = cloud.client("ec2")
        self.students = [f"s{number:03}" for number in range(SEATS)]
        self.file = folder / "test.yml"
        self.file.write_text(
            json.dumps(
                {
                    "lab_name": "test",
                    "lab_students": self.students,
                    **dict(zip(("lab_ppa_url", "lab_ppa_fingerprint"), PPA, strict=True)),
                }
            )
        )

    def up(self, **more: Any) -> CompletedProcess[str]:
        controls = {
            "lab_class": "test",
            "lab_class_file": str(self.file),
            "lab_folder": str(self.folder / ".lab" / "test"),
            "lab_cloud_in_use": "localcloud",
            **dict.fromkeys(("lab_prune", "lab_yes", "lab_force", "lab_interactive"), False),
            "lab_only": [],
            "lab_on_roster": self.students,
        }
        inventory = ["-i", "inventory/localhost.yml"]
        extra = ["-e", f"@{self.file}", "-e", json.dumps({**controls, **more})]
        done: CompletedProcess[str] = self.run(
            "ansible-playbook", *inventory, "playbooks/up-without-ssh.yml", *extra, ANSIBLE_STDOUT_CALLBACK="classlab"
        )
        return done

    def bake(self) -> None:
        """An image with the tags that `make bake` would give one of this class."""
        base = self.cloud.client("ssm").get_parameter(Name=IMAGE)["Parameter"]["Value"]
        parts = {"packages": DEFAULTS["lab_packages"], "jupyter": False, "ppa": PPA, "python": DEFAULTS["lab_python"]}
        what = recipe(ROOT, base, {**parts, **dict.fromkeys(("script", "project", "requirements"), "")})
        seat = self.ec2.run_instances(ImageId=base, InstanceType="t3.micro", MinCount=1, MaxCount=1)
        told = {"Lab": "test", "ManagedBy": "classlab", **facts(base, what, "3.11", "")}
        marks = [{"Key": key, "Value": value} for key, value in told.items()]
        kinds = [{"ResourceType": kind, "Tags": marks} for kind in ("image", "snapshot")]
        id_ = seat["Instances"][0]["InstanceId"]
        self.image = self.ec2.create_image(InstanceId=id_, Name="test", TagSpecifications=kinds)["ImageId"]
        self.ec2.terminate_instances(InstanceIds=[id_])

    def seats(self) -> dict[str, Any]:
        filters = [
            {"Name": "tag:Lab", "Values": ["test"]},
            {"Name": "instance-state-name", "Values": list(LIVING)},
        ]
        pages = self.ec2.get_paginator("describe_instances").paginate(Filters=filters)
        found = [each for page in pages for one in page["Reservations"] for each in one["Instances"]]
        return {tags(each)["Student"]: each for each in found}

    @contextmanager
    def speaking(self, *silent: str) -> Iterator[None]:
        """Meanwhile each new seat but these says that it is ready, and one that it is not."""
        over = threading.Event()

        def speak() -> None:
            said: set[str] = set()
            while not over.wait(1):
                lines = {
                    each["InstanceId"]: 'classlab-not-ready s001 {"venv": "there is none"}'
                    if who == "s001"
                    else f"classlab-ready {who} venv"
                    for who, each in self.seats().items()
                    if who not in said and who not in silent
                }
                self.cloud.say(lines)
                said |= self.seats().keys() & {who for who, each in self.seats().items() if each["InstanceId"] in lines}

        thread = threading.Thread(target=speak, daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()


@pytest.fixture(scope="module")
def cloud() -> Iterator[LocalCloud]:
    """One of its own: its lab has the name of other tests' labs, and as many seats as a quota allows."""
    with LocalCloud(hosts=False) as cloud:
        yield cloud


@pytest.fixture
def large(cloud: LocalCloud, run: Callable[..., Any], tmp_path: Path) -> Iterator[Class]:
    made = Class(cloud, tmp_path, run)
    yield made
    if ids := [each["InstanceId"] for each in made.seats().values()]:
        made.ec2.terminate_instances(InstanceIds=ids)
    for each in made.ec2.describe_images(Owners=["self"])["Images"]:
        made.ec2.deregister_image(ImageId=each["ImageId"])


def test_many_seats_by_few_calls(large: Class) -> None:
    refused = large.up()
    assert refused.returncode and "there is none: `make bake CLASS=test` makes one" in refused.stdout
    assert large.seats() == {}
    large.bake()
    before = large.cloud.requests()[-1]["id"]
    with large.speaking():
        done = large.up()
    asked = Counter(each["action"] for each in large.cloud.requests() if each["id"] > before)
    assert done.returncode and "s001" in done.stdout and "not ready: venv: there is none" in done.stdout
    assert f"{SEATS - 1} others" in done.stdout and "1 of 40 seats is not ready" in done.stdout
    seats = large.seats()
    assert len(seats) == SEATS and {each["ImageId"] for each in seats.values()} == {large.image}
    assert [who for who, each in seats.items() if "Ready" not in tags(each)] == ["s001"]
    # One for each seat is what cannot be asked for all at once, and nothing else is.
    assert asked["RunInstances"] == SEATS
    assert asked["GetConsoleOutput"] < 4 * SEATS
    few = {action: number for action, number in asked.items() if action not in ("RunInstances", "GetConsoleOutput")}
    assert few["CreateTags"] < 5 and sum(few.values()) - few["DescribeInstances"] < SEATS, few
