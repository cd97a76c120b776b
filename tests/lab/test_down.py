"""`down` as a whole: when it begins, what goes, what stays, what is said, how it ends. Its steps are in molecule/."""

import json
import os
import signal
import subprocess
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from classlab.command.clouds import program
from localcloud import LocalCloud

ROOT = Path(__file__).parents[2]
TERMINAL = ROOT / "molecule" / "common" / "terminal.py"
IMAGE = "/aws/service/canonical/ubuntu/server/24.04/stable/current/amd64/hvm/ebs-gp3/ami-id"
# In GovCloud an account has these two regions. To ask all of them costs a tenth of what it costs elsewhere.
REGION, OTHER = "us-gov-west-1", "us-gov-east-1"
Run = Callable[..., subprocess.CompletedProcess[str]]


class Lab:
    """A lab of anna's, and the command that takes it down."""

    def __init__(self, cloud: LocalCloud, folder: Path, run: Run) -> None:
        self.cloud, self.folder, self.run = cloud, folder, run
        self.name = f"lab-{uuid.uuid4().hex[:8]}"
        self.tags = {"Lab": self.name, "ManagedBy": "classlab", "Owner": "anna"}
        self.ec2 = cloud.client("ec2", REGION)
        self.image = cloud.client("ssm", REGION).get_parameter(Name=IMAGE)["Parameter"]["Value"]

    def marks(self, *kinds: str, **other: str) -> Any:
        listed = [{"Key": key, "Value": value} for key, value in (self.tags | other).items()]
        return [{"ResourceType": kind, "Tags": listed} for kind in kinds]

    def up(self, *students: str) -> list[str]:
        """What `up` makes, in few calls."""
        group = self.group(self.name)
        self.ec2.create_key_pair(KeyName=self.name, TagSpecifications=self.marks("key-pair"))
        return [self.seat(group, Student=student) for student in students]

    def group(self, name: str, **other: str) -> str:
        made = self.ec2.create_security_group(
            GroupName=name, Description="x", TagSpecifications=self.marks("security-group", **other)
        )
        return str(made["GroupId"])

    def seat(self, group: str, **other: str) -> str:
        made = self.ec2.run_instances(
            ImageId=self.image,
            MinCount=1,
            MaxCount=1,
            InstanceType="t3.micro",
            SecurityGroupIds=[group],
            TagSpecifications=self.marks("instance", "volume", **other),
        )
        id_ = str(made["Instances"][0]["InstanceId"])
        self.ec2.get_waiter("instance_running").wait(InstanceIds=[id_], WaiterConfig={"Delay": 1})
        return id_

    def disk(self, region: str = REGION) -> str:
        made = self.cloud.client("ec2", region).create_volume(
            AvailabilityZone=f"{region}a", Size=1, TagSpecifications=self.marks("volume")
        )
        return str(made["VolumeId"])

    def states(self, *instances: str) -> list[str]:
        found = [self.ec2.describe_instances(InstanceIds=[each])["Reservations"][0] for each in instances]
        return [each["Instances"][0]["State"]["Name"] for each in found]

    def down(self, typed: str | None = None, **settings: Any) -> tuple[int, str]:
        """Exit status, and what is said, in one line. `typed`: on a terminal, with this answer."""
        command = self.command(lab_interactive=typed is not None, **settings)
        if typed is None:
            done = self.run(*command)
        else:
            done = self.run("python", TERMINAL, typed, "--", program(command[0]), *command[1:])
        return done.returncode, " ".join((done.stdout + done.stderr).split())

    def command(self, **settings: Any) -> list[str]:
        controls = {
            "lab_name": self.name,
            "lab_tags": {"Owner": "anna"},
            "lab_region": REGION,
            "lab_class": "cs",
            "lab_class_file": str(ROOT / "classes" / "demo.yml"),
            "lab_folder": str(self.folder),
            "lab_cloud_in_use": "localcloud",
            "lab_interactive": False,
            "lab_yes": False,
            "lab_force": False,
            "lab_keep_image": False,
            **settings,
        }
        words = ["ansible-playbook", "-i", "inventory/localhost.yml", "playbooks/down.yml"]
        return [*words, "-e", "@classes/demo.yml", "-e", json.dumps(controls)]

    def receipts(self) -> list[dict[str, Any]]:
        return [json.loads(file.read_text()) for file in sorted(self.folder.glob("receipts/*.json"))]

    def calls(self) -> list[str]:
        return [each["action"] for each in self.cloud.requests()]


@pytest.fixture
def lab_env(lab_env: dict[str, str]) -> dict[str, str]:
    there = dict.fromkeys(("LAB_REGION", "AWS_REGION", "AWS_DEFAULT_REGION"), REGION)
    return {**lab_env, **there, "ANSIBLE_STDOUT_CALLBACK": "classlab"}


@pytest.fixture
def lab(cloud: LocalCloud, lab_env: dict[str, str], run: Run) -> Lab:
    return Lab(cloud, Path(lab_env["LAB_FOLDER"]), run)


def test_a_lab_goes_when_it_may_and_then_all_of_it(lab: Lab, warm: Path) -> None:
    quick = {"ansible_python_interpreter": str(warm)}
    seats = lab.up("ada", "grace")
    lab.disk(OTHER)
    theirs = lab.group("theirs", Lab="another")
    foreign, namesake = lab.seat(theirs, Lab="another"), lab.seat(theirs, ManagedBy="terraform", Student="alan")
    for name in ("teacher.pem", "ssh_config", "results/ada/plot.png"):
        (lab.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (lab.folder / name).write_text("x")
    before = len(lab.calls())

    status, said = lab.down(**quick, lab_name=None)
    assert status != 0
    assert "lab_name" in said
    assert lab.calls()[before:] == []

    status, said = lab.down("yes", **quick, lab_tags={"Owner": "bob"})
    assert status != 0
    assert "Owner=anna" in said
    assert "FORCE=yes" in said

    status, said = lab.down("", **quick)
    assert status != 0
    assert "2 seats" in said
    assert "Remove all this? [y/N]" in said
    assert "Nothing was removed." in said
    assert [each for each in lab.calls()[before:] if not each.startswith("Describe")] == []

    status, said = lab.down("no", **quick, lab_yes=True, lab_force=True, lab_tags={"Owner": "bob"})
    assert status == 0, said
    assert "Remove all this?" not in said
    assert f"{lab.name} is gone: nothing with its tags is left in 2 regions." in said
    assert lab.states(*seats, foreign, namesake) == ["terminated", "terminated", "running", "running"]
    assert f"{namesake} (alan, t3.micro, running, {REGION}) has the tag Lab={lab.name}, but was not" in said
    [receipt] = lab.receipts()
    kinds = sorted(each["kind"] for each in receipt["removed"])
    assert kinds == ["key pair", "seat", "seat", "security group", "volume", "volume", "volume"]
    assert sorted(each["student"] for each in receipt["seats"]) == ["ada", "grace"]

    assert {each.name for each in lab.folder.iterdir()} == {"teacher.pem", "results", "receipts"}

    status, said = lab.down("no", **quick)
    assert status == 0
    assert f"Nothing of lab {lab.name} is on localcloud (2 regions asked)." in said
    assert "Remove all this?" not in said
    assert "$" not in said  # the seats' hours are in the first receipt
    assert [each["complete"] for each in lab.receipts()] == [True, True]


def test_what_cannot_go_is_told_with_its_reason_and_the_rest_goes(lab: Lab, warm: Path) -> None:
    protected, other = lab.up("ada", "grace")
    lab.ec2.modify_instance_attribute(InstanceId=protected, DisableApiTermination={"Value": True})
    disk, elsewhere = lab.disk(), lab.disk(OTHER)
    foreign = lab.seat(lab.group("web", Lab="another"), Lab="another")
    lab.ec2.attach_volume(InstanceId=foreign, VolumeId=disk, Device="/dev/sdf")
    lab.cloud.fault("ec2.DescribeSnapshots", "error=UnauthorizedOperation")

    status, said = lab.down(ansible_python_interpreter=str(warm), lab_network_patience=0)

    assert status != 0
    assert lab.states(protected, other, foreign) == ["running", "terminated", "running"]
    [receipt] = lab.receipts()
    why = {each["id"]: each["why"] for each in receipt["left"]}
    assert "--no-disable-api-termination" in why[protected]
    assert f"held by {foreign}, which does not carry the lab's tags" in why[disk]
    assert sorted(each["kind"] for each in receipt["left"]) == ["seat", "security group", "volume", "volume"]
    assert elsewhere in [each["id"] for each in receipt["removed"]]
    assert [each["kind"] for each in receipt["not_visible"]] == ["snapshot", "snapshot"]
    assert "held by the interface eni-" in " ".join(receipt["troubles"])
    assert f"volume {disk} (1 GiB, in-use, {REGION})" in said
    assert f"{OTHER}, {REGION} (snapshots). UnauthorizedOperation" in said
    assert f"{lab.name} is not gone." in said
    assert f"Not known is what lies in {OTHER}, {REGION}" in said
    assert "run again: make down CLASS=cs" in said
    assert "is gone:" not in said


def test_killed_in_the_middle_the_next_one_finishes_it(lab: Lab, lab_env: dict[str, str], warm: Path) -> None:
    seats = lab.up("ada", "grace")
    lab.disk()
    for moment in ("TerminateInstances", "DeleteVolume", "DeleteSecurityGroup"):
        # It is done, but nobody hears of it: the asker tries again, until it is killed.
        lab.cloud.fault(f"ec2.{moment}", "drop=answer")
        before = len(lab.calls())
        first, *words = lab.command()
        silent = subprocess.DEVNULL
        playing = subprocess.Popen(
            [program(first), *words], env=lab_env, cwd=ROOT, stdin=silent, stdout=silent, stderr=silent, process_group=0
        )
        until = time.monotonic() + 120
        while moment not in lab.calls()[before:] and playing.poll() is None and time.monotonic() < until:
            time.sleep(0.2)
        with suppress(ProcessLookupError):
            os.killpg(playing.pid, signal.SIGKILL)
        assert playing.wait() == -signal.SIGKILL, moment
        lab.cloud.clear_faults()
    assert lab.receipts() == []
    status, said = lab.down(ansible_python_interpreter=str(warm))
    assert status == 0, said
    assert f"{lab.name} is gone" in said
    assert lab.states(*seats) == ["terminated", "terminated"]
