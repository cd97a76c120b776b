"""`down` as a teacher runs it, against an EC2 in the books: what goes, what stays, what is said, how it ends."""

import json
import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from localcloud import LocalCloud

ROOT = Path(__file__).parents[2]
IMAGE = "/aws/service/canonical/ubuntu/server/24.04/stable/current/amd64/hvm/ebs-gp3/ami-id"
DEMO = {"Lab": "demo", "ManagedBy": "classlab"}
OWN_SETTINGS = ("AWS_", "ANSIBLE_", "LAB_", "BOTO_")


class Lab:
    """A cloud with a lab in it, and the command that takes the lab down."""

    def __init__(self, cloud: LocalCloud, folder: Path) -> None:
        self.cloud, self.folder = cloud, folder
        self.ec2 = cloud.client("ec2")
        self.image = cloud.client("ssm").get_parameter(Name=IMAGE)["Parameter"]["Value"]

    def seat(self, student: str, group: str, tags: dict[str, str] = DEMO, **more: Any) -> str:
        names = {**tags, "Student": student}
        specs = [*marks("instance", **names), *marks("volume", **names)]
        answer = self.ec2.run_instances(
            ImageId=self.image,
            MinCount=1,
            MaxCount=1,
            InstanceType="t3.micro",
            SecurityGroupIds=[group],
            TagSpecifications=specs,
            **more,
        )
        return str(answer["Instances"][0]["InstanceId"])

    def group(self, name: str = "demo", **tags: str) -> str:
        specs = marks("security-group", **(tags or DEMO))
        made = self.ec2.create_security_group(GroupName=name, Description="x", TagSpecifications=specs)
        return str(made["GroupId"])

    def up(self, *students: str) -> list[str]:
        """What `up` makes, in few calls."""
        group = self.group()
        self.ec2.create_key_pair(KeyName="demo", TagSpecifications=marks("key-pair", **DEMO))
        return [self.seat(student, group) for student in students]

    def state(self, instance: str) -> str:
        found = self.ec2.describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"][0]
        return str(found["State"]["Name"])

    def down(self, typed: str | None = None, **settings: Any) -> subprocess.CompletedProcess[str]:
        """`typed`: on a terminal, with this answer."""
        command, environment = self.command(lab_interactive=typed is not None, **settings)
        if typed is not None:
            return on_a_terminal(command, environment, typed)
        silent = subprocess.DEVNULL
        return subprocess.run(command, env=environment, cwd=ROOT, stdin=silent, capture_output=True, text=True)

    def begin(self) -> subprocess.Popen[bytes]:
        """The same, with its processes in a group of their own, so that all can be killed at once."""
        command, environment = self.command()
        silent = subprocess.DEVNULL
        return subprocess.Popen(
            command, env=environment, cwd=ROOT, stdin=silent, stdout=silent, stderr=silent, process_group=0
        )

    def command(self, **settings: Any) -> tuple[list[str], dict[str, str]]:
        controls = {
            "lab_class": "demo",
            "lab_class_file": str(ROOT / "classes" / "demo.yml"),
            "lab_folder": str(self.folder),
            "lab_cloud_in_use": "localcloud",
            "lab_yes": False,
            "lab_force": False,
            "lab_interactive": False,
            "lab_prune": False,
            "lab_only": [],
            **settings,
        }
        kept = {name: value for name, value in os.environ.items() if not name.startswith(OWN_SETTINGS)}
        environment = {
            **kept,
            **self.cloud.env,
            "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
            "LAB_CLASS": "demo",
            "LAB_NAME": "demo",
            "LAB_REGION": "us-east-1",
            "LAB_FOLDER": str(self.folder),
        }
        program = [str(Path(sys.executable).with_name("ansible-playbook")), "playbooks/down.yml"]
        program += ["-i", "inventory/localhost.yml"]
        command = [*program, "-e", "@classes/demo.yml", "-e", json.dumps(controls)]
        return command, environment

    def receipts(self) -> list[dict[str, Any]]:
        return [json.loads(file.read_text()) for file in sorted(self.folder.glob("receipts/*.json"))]

    def calls(self) -> list[str]:
        return [each["action"] for each in self.cloud.requests()]


def on_a_terminal(command: list[str], environment: dict[str, str], typed: str) -> subprocess.CompletedProcess[str]:
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(ROOT)
        os.execve(command[0], command, environment)  # noqa: S606 - there is no shell to avoid
    said = b""
    with suppress(OSError):  # Linux's way to say that the other end has closed
        while True:
            if select.select([terminal], [], [], 1)[0]:
                said += os.read(terminal, 4096)
            elif b"[y/N]" in said:
                # What is typed before the question is asked is thrown away, so it is typed a second after.
                os.write(terminal, f"{typed}\r".encode())
    _, status = os.waitpid(child, 0)
    os.close(terminal)
    return subprocess.CompletedProcess(command, os.waitstatus_to_exitcode(status), said.decode(), "")


def marks(kind: str, **tags: str) -> list[dict[str, Any]]:
    return [{"ResourceType": kind, "Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}]


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    with LocalCloud(hosts=False) as cloud:
        yield Lab(cloud, tmp_path / ".lab" / "demo")


def test_all_of_it_goes_in_all_regions_and_nothing_of_others(lab: Lab) -> None:
    seats = lab.up("ada", "grace")
    for region in ("eu-west-1", "sa-east-1"):
        there = lab.cloud.client("ec2", region)
        there.create_volume(AvailabilityZone=f"{region}a", Size=8, TagSpecifications=marks("volume", **DEMO))
        there.allocate_address(TagSpecifications=marks("elastic-ip", **DEMO))
    theirs = lab.group("theirs", Lab="another", ManagedBy="classlab")
    foreign = lab.seat("ada", theirs, {"Lab": "another", "ManagedBy": "classlab"})
    namesake = lab.seat("ada", theirs, {"Lab": "demo", "ManagedBy": "terraform"})

    done = lab.down()

    assert done.returncode == 0, done.stdout + done.stderr
    assert "demo is gone: nothing with its tags is left in" in done.stdout
    assert [lab.state(each) for each in (*seats, foreign, namesake)] == ["terminated"] * 2 + ["running"] * 2
    assert lab.ec2.describe_security_groups(GroupIds=[theirs])["SecurityGroups"]
    assert lab.ec2.describe_volumes(Filters=[{"Name": "tag:Lab", "Values": ["demo"]}])["Volumes"] != []
    [receipt] = lab.receipts()
    kinds = sorted(each["kind"] for each in receipt["removed"])
    assert kinds == sorted(["address"] * 2 + ["volume"] * 4 + ["seat"] * 2 + ["security group", "key pair"])
    assert sorted(each["student"] for each in receipt["seats"]) == ["ada", "grace"]
    assert f"{namesake} (ada, t3.micro, running, us-east-1) has the tag Lab=demo, but was not" in " ".join(
        done.stdout.split()
    )


def test_twice_in_a_row_and_with_nothing_there(lab: Lab) -> None:
    lab.up("ada")
    assert lab.down().returncode == 0
    again = lab.down()
    assert again.returncode == 0
    assert "Nothing of lab demo is on localcloud" in again.stdout
    assert "$" not in again.stdout  # ada's hours are in the first receipt
    assert [each["complete"] for each in lab.receipts()] == [True, True]


@pytest.mark.parametrize(("typed", "goes"), [("Yes", True), ("", False)])
def test_on_a_terminal_only_a_yes_removes(lab: Lab, typed: str, goes: bool) -> None:
    [seat] = lab.up("ada")
    done = lab.down(typed)
    assert (done.returncode == 0) == goes, done.stdout + done.stderr
    assert (lab.state(seat) == "terminated") == goes
    assert ("Nothing was removed." in done.stdout + done.stderr) != goes
    assert ("TerminateInstances" in lab.calls()) == goes


def test_yes_given_beforehand_is_not_asked_again(lab: Lab) -> None:
    lab.up("ada")
    done = lab.down("no", lab_yes=True)
    assert done.returncode == 0
    assert "Remove all this?" not in done.stdout


def test_what_cannot_go_is_listed_with_its_holder_and_is_no_success(lab: Lab) -> None:
    lab.up("ada")
    disk = lab.ec2.create_volume(AvailabilityZone="us-east-1a", Size=1, TagSpecifications=marks("volume", **DEMO))
    foreign = lab.seat("web", lab.group("web", Name="web"), {"Name": "web"})
    lab.ec2.get_waiter("instance_running").wait(InstanceIds=[foreign], WaiterConfig={"Delay": 1})
    lab.ec2.attach_volume(InstanceId=foreign, VolumeId=disk["VolumeId"], Device="/dev/sdf")

    done = lab.down()

    said = " ".join((done.stdout + done.stderr).split())
    assert done.returncode != 0
    assert f"volume {disk['VolumeId']}" in said
    assert f"held by {foreign}" in said
    assert "demo is not gone." in said
    assert "make down CLASS=demo" in said
    assert "is gone:" not in said
    # All the rest went, and a second run finds the same.
    assert [each["kind"] for each in lab.receipts()[-1]["left"]] == ["volume"]
    assert lab.down().returncode != 0
    lab.ec2.detach_volume(VolumeId=disk["VolumeId"])
    assert lab.down().returncode == 0


def test_a_seat_that_cannot_be_ended_does_not_stop_the_rest(lab: Lab) -> None:
    protected, other = lab.up("ada", "grace")
    lab.ec2.get_waiter("instance_running").wait(InstanceIds=[protected], WaiterConfig={"Delay": 1})
    lab.ec2.modify_instance_attribute(InstanceId=protected, DisableApiTermination={"Value": True})
    done = lab.down(lab_network_patience=1)
    assert done.returncode != 0
    assert (lab.state(protected), lab.state(other)) == ("running", "terminated")
    left = {each["kind"]: each for each in lab.receipts()[-1]["left"]}
    assert "--no-disable-api-termination" in left["seat"]["why"]
    assert "is gone:" not in done.stdout
    lab.ec2.modify_instance_attribute(InstanceId=protected, DisableApiTermination={"Value": False})
    assert lab.down().returncode == 0


def test_a_region_that_denies_is_listed_and_is_no_success(lab: Lab) -> None:
    [seat] = lab.up("ada")
    lab.cloud.fault("ec2.DescribeSnapshots", "error=UnauthorizedOperation")
    done = lab.down()
    said = " ".join((done.stdout + done.stderr).split())
    assert done.returncode != 0
    assert lab.state(seat) == "terminated"
    assert "(snapshots). UnauthorizedOperation" in said
    assert "is gone:" not in said
    assert lab.receipts()[-1]["not_visible"]


def test_seats_that_are_only_beginning_go_too(lab: Lab) -> None:
    """`up` was cut off a moment ago: one is pending, and AWS does not even tell of the other yet."""
    lab.cloud.fault("ec2.RunInstances", "hide=4", "next=1")
    seats = lab.up("ada", "grace")
    done = lab.down()
    assert done.returncode == 0, done.stdout + done.stderr
    assert [lab.state(each) for each in seats] == ["terminated"] * 2


@pytest.mark.parametrize("name", [None, "*"])
def test_without_a_proper_name_nothing_is_even_asked(lab: Lab, name: str | None) -> None:
    lab.up("ada")
    before = len(lab.calls())
    done = lab.down(lab_name=name)
    assert done.returncode != 0
    assert "lab_name" in done.stdout + done.stderr
    assert lab.calls()[before:] == []


def test_somebody_elses_lab_of_the_same_name_is_refused(lab: Lab) -> None:
    group = lab.group(**DEMO, Owner="anna")
    seat = lab.seat("ada", group, {**DEMO, "Owner": "anna"})
    done = lab.down(lab_tags={"Owner": "bob"})
    said = " ".join((done.stdout + done.stderr).split())
    assert done.returncode != 0
    assert "Owner=anna" in said
    assert "FORCE=yes" in said
    assert "TerminateInstances" not in lab.calls()
    assert lab.down(lab_tags={"Owner": "bob"}, lab_force=True).returncode == 0
    assert lab.state(seat) == "terminated"


def test_the_lab_folder_keeps_keys_and_forgets_the_way_to_seats(lab: Lab) -> None:
    lab.up("ada")
    for name in ("teacher.pem", "ssh_config", "known_hosts", "results/ada/plot.png"):
        file = lab.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("x")
    assert lab.down().returncode == 0
    there = {str(file.relative_to(lab.folder)) for file in lab.folder.rglob("*") if file.is_file()}
    assert {each for each in there if not each.startswith("receipts/")} == {"teacher.pem", "results/ada/plot.png"}


@pytest.mark.parametrize("moment", ["TerminateInstances", "DeleteVolume", "DeleteSecurityGroup"])
def test_killed_in_the_middle_the_next_one_finishes_it(lab: Lab, moment: str) -> None:
    seats = lab.up("ada", "grace")
    lab.ec2.create_volume(AvailabilityZone="us-east-1a", Size=1, TagSpecifications=marks("volume", **DEMO))
    lab.cloud.fault(f"ec2.{moment}", "delay=3", "drop=answer")
    playing = lab.begin()
    until = time.monotonic() + 120
    while moment not in lab.calls() and playing.poll() is None and time.monotonic() < until:
        time.sleep(0.2)
    os.killpg(playing.pid, signal.SIGKILL)
    playing.wait()
    lab.cloud.clear_faults()
    assert lab.receipts() == []
    done = lab.down()
    assert done.returncode == 0, done.stdout + done.stderr
    assert "demo is gone" in done.stdout or "Nothing of lab demo" in done.stdout
    assert [lab.state(each) for each in seats] == ["terminated"] * 2
