"""The dynamic inventory: the seats of one lab, by name, group and type, and nothing else."""

import json
import subprocess
from collections.abc import Callable
from typing import Any

import pytest

from localcloud import LocalCloud

Run = Callable[..., subprocess.CompletedProcess[str]]
FOLDER = "/home/ada lovelace/labs 100%/.lab/demo"


def launch(cloud: LocalCloud, lab: str, *students: str, kind: str = "t3.micro", **tags: str) -> list[str]:
    ec2 = cloud.client("ec2")
    image = ec2.describe_images(Owners=["099720109477"])["Images"][0]["ImageId"]
    made = []
    for student in students:
        own = {"Lab": lab, "ManagedBy": "classlab", "Student": student, "Name": f"{lab}-{student}", **tags}
        told = ec2.run_instances(
            ImageId=image,
            InstanceType=kind,
            MinCount=1,
            MaxCount=1,
            TagSpecifications=[
                {"ResourceType": "instance", "Tags": [{"Key": key, "Value": value} for key, value in own.items()]}
            ],
        )
        made.append(str(told["Instances"][0]["InstanceId"]))
    return made


def inventory(run: Run, lab: str) -> dict[str, Any]:
    done = run("ansible-inventory", "-i", "inventory/lab.aws_ec2.yml", "--list", LAB_NAME=lab, LAB_FOLDER=FOLDER)
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def test_one_lab_is_found_in_groups(cloud: LocalCloud, run: Run) -> None:
    launch(cloud, "cs101", "ada", "grace")
    [big] = launch(cloud, "cs101", "mary-ann", kind="t3.large")
    launch(cloud, "cs102", "ada", "edsger")
    launch(cloud, "cs101", "mallory", ManagedBy="somebody")
    cloud.client("ec2").terminate_instances(InstanceIds=launch(cloud, "cs101", "gone"))
    told = inventory(run, "cs101")
    assert sorted(told["lab_seats"]["hosts"]) == ["ada", "grace", "mary-ann"]
    assert sorted(told["lab_cs101"]["hosts"]) == ["ada", "grace", "mary-ann"]
    assert told["student_mary_ann"]["hosts"] == ["mary-ann"]
    assert sorted(told["type_t3_micro"]["hosts"]) == ["ada", "grace"]
    assert told["type_t3_large"]["hosts"] == ["mary-ann"]
    assert told[f"seat_{big.replace('-', '_')}"]["hosts"] == ["mary-ann"]


def test_seats_are_reached_by_the_labs_own_ssh_config(cloud: LocalCloud, run: Run) -> None:
    """The name of the seat is the alias; a path with blanks stays one word; nothing switches the verification off."""
    [one] = launch(cloud, "ways", "ada")
    own = inventory(run, "ways")["_meta"]["hostvars"]["ada"]
    assert not {"ansible_host", "ansible_port", "ansible_user"} & set(own)
    ping = ["ansible", "-i", "inventory/lab.aws_ec2.yml", "ada", "-m", "ansible.builtin.ping", "-vvv"]
    done = run(*ping, LAB_NAME="ways", LAB_FOLDER=FOLDER, ANSIBLE_SSH_EXECUTABLE="/bin/echo")
    [words, *_] = [line for line in done.stdout.splitlines() if "SSH: EXEC" in line]
    assert "-F '/home/ada lovelace/labs 100%/.lab/demo/ssh_config'" in words
    assert f"/{one[-10:]}" in words.split("ControlPath=")[1].split()[0]
    assert "StrictHostKeyChecking" not in words


def test_two_seats_of_one_student_are_not_lost_in_silence(cloud: LocalCloud, run: Run) -> None:
    launch(cloud, "twins", "ada", "ada", "grace")
    told = inventory(run, "twins")
    assert len(told["lab_seats"]["hosts"]) == 2
    assert len([group for group in told if group.startswith("seat_")]) == 3


def test_an_empty_lab_is_no_error(cloud: LocalCloud, run: Run) -> None:
    assert inventory(run, "nobody")["_meta"]["hostvars"] == {}


@pytest.mark.parametrize("name", ["LAB_NAME", "LAB_REGION"])
def test_without_a_lab_nothing_is_listed_at_all(cloud: LocalCloud, run: Run, name: str) -> None:
    launch(cloud, "listed", "ada")
    done = run("ansible-inventory", "-i", "inventory/lab.aws_ec2.yml", "--list", **{"LAB_NAME": "listed", name: ""})
    assert done.returncode != 0
    assert f"{name} is not set: use make" in done.stderr
    assert "ada" not in done.stdout


def test_a_cloud_that_does_not_answer_is_an_error_and_no_empty_lab(cloud: LocalCloud, run: Run) -> None:
    cloud.fault("ec2.DescribeInstances", "error=UnauthorizedOperation")
    done = run("ansible-inventory", "-i", "inventory/lab.aws_ec2.yml", "--list", LAB_NAME="listed")
    assert done.returncode != 0
