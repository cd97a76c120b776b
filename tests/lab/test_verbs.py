"""`classlab VERB` with playbooks that only tell what they were told: which cloud, which environment, which end."""

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from class_room import FAILS, ROOT, TELLS, WAITS, ClassRoom

from classlab.command.clouds import program
from localcloud import LocalCloud, daemon

TAGS = [{"Key": "Lab", "Value": "demo"}, {"Key": "ManagedBy", "Value": "classlab"}]


@pytest.fixture(scope="module")
def other() -> Iterator[LocalCloud]:
    """Stands for AWS: it is reached as AWS is, by a profile of the caller's."""
    with LocalCloud(hosts=False) as cloud:
        yield cloud


@pytest.fixture
def room(tmp_path: Path, cloud: LocalCloud) -> ClassRoom:
    room = ClassRoom(tmp_path, {"LOCALCLOUD_HOME": str(cloud.home.folder)})
    room.make(up=TELLS, down=TELLS, extend=TELLS, allow=TELLS)
    return room


@pytest.fixture
def on_aws(room: ClassRoom, other: LocalCloud) -> None:
    (room.root / "config").write_text(
        "[profile school]\naws_access_key_id = AKIASCHOOL\naws_secret_access_key = x\n"
        f"endpoint_url = {other.endpoint}\n"
    )
    room.settings |= {"AWS_CONFIG_FILE": str(room.root / "config"), "AWS_PROFILE": "school"}


@pytest.fixture
def lab_in() -> Iterator[Callable[[LocalCloud], None]]:
    """lab_in(cloud): from now until the test's end something of the lab demo is there."""
    made = []

    def make(cloud: LocalCloud) -> None:
        ec2 = cloud.client("ec2")
        ec2.create_security_group(
            GroupName="demo", Description="demo", TagSpecifications=[{"ResourceType": "security-group", "Tags": TAGS}]
        )
        made.append(ec2)

    yield make
    for ec2 in made:
        ec2.delete_security_group(GroupName="demo")


def told(room: ClassRoom) -> tuple[dict[str, Any], dict[str, str]]:
    """The variables and the environment that the playbook saw."""
    found = json.loads((room.root / "playbooks" / "told.json").read_text())
    return found["vars"], dict(each.split("=", 1) for each in found["env"] if "=" in each)


def memory(room: ClassRoom, name: str = "demo") -> str:
    file = room.root / ".lab" / name / "cloud"
    return file.read_text().strip() if file.exists() else ""


def where(room: ClassRoom, verb: str, **variables: str) -> str:
    """The cloud that the verb acted on."""
    done = room.run(verb, **variables)
    assert done.returncode == 0, done.stdout + done.stderr
    return str(told(room)[0]["lab_cloud_in_use"])


def test_up_tells_the_playbook_all_it_needs(room: ClassRoom, cloud: LocalCloud) -> None:
    room.write("cs101", "lab_name: cs-one\nlab_students: [ada, grace]\nlab_region: eu-central-1\n")
    done = room.run("up", CLASS="cs101", STUDENT="ada, grace ada", PRUNE="yes", FORCE="0")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "WARN" not in done.stdout + done.stderr
    variables, environment = told(room)
    folder = str(room.root / ".lab" / "cs101")
    expected = {
        "lab_class": "cs101",
        "lab_class_file": str(room.root / "classes" / "cs101.yml"),
        "lab_folder": folder,
        "lab_cloud_in_use": "localcloud",
        "lab_yes": False,
        "lab_prune": True,
        "lab_force": False,
        "lab_interactive": False,
        "lab_only": ["ada", "grace"],
        "lab_name": "cs-one",
    }
    assert expected.items() <= variables.items()
    assert {
        "AWS_ENDPOINT_URL": cloud.endpoint,
        "AWS_REGION": "eu-central-1",
        "LAB_CLASS": "cs101",
        "LAB_NAME": "cs-one",
        "LAB_REGION": "eu-central-1",
        "LAB_FOLDER": folder,
        "LAB_CHECKIP_URL": cloud.env["LOCALCLOUD_CHECKIP_URL"],
        "ANSIBLE_CONFIG": str(room.root / "ansible.cfg"),
    }.items() <= environment.items()
    assert memory(room, "cs101") == "localcloud"


def test_extend_and_allow_hand_on_what_they_were_given(room: ClassRoom) -> None:
    assert room.run("extend", HOURS="1.5", CLOUD="localcloud").returncode == 0
    assert told(room)[0]["lab_extend_hours"] == 1.5
    assert room.run("allow", CIDR="203.0.113.7 198.51.100.0/24", CLOUD="localcloud").returncode == 0
    assert told(room)[0]["lab_allow_cidrs"] == ["203.0.113.7/32", "198.51.100.0/24"]


def test_with_seats_in_the_inventory_one_student_more_is_still_found(room: ClassRoom, lab_env: dict[str, str]) -> None:
    """A --limit that matches none of the seats that exist must leave the plays of this machine."""
    inventory = room.root / "inventory" / "lab.aws_ec2.yml"
    inventory.write_text("all: {hosts: {grace: }}\n")
    done = room.run("up", STUDENT="ada")
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_real_rooms_are_found(cloud: LocalCloud, tmp_path: Path) -> None:
    """The repository's own group_vars and inventory, with a playbook that only tells."""
    room = ClassRoom(tmp_path, {"LOCALCLOUD_HOME": str(cloud.home.folder)})
    room.make(up=TELLS)
    for name in ("inventory", "group_vars"):
        (tmp_path / name).rename(tmp_path / f"{name}.own")
        (tmp_path / name).symlink_to(ROOT / name)
    assert where(room, "up") == "localcloud"
    assert told(room)[0]["lab_instance_type"] == "t3.micro"


def test_verbose_shows_ansibles_own_words(room: ClassRoom) -> None:
    assert "TASK [" in room.run("up", VERBOSE="1").stdout


def test_where_letters_are_not_utf8_it_runs_all_the_same(room: ClassRoom) -> None:
    room.settings["LC_ALL"] = "C"
    done = room.run("up")
    assert done.returncode == 0, done.stdout + done.stderr


# Which cloud


def test_a_lab_is_found_again_where_up_made_it(room: ClassRoom, on_aws: None, other: LocalCloud) -> None:
    assert where(room, "up", CLOUD="aws") == "aws"
    assert memory(room) == "aws"
    environment = told(room)[1]
    assert environment["AWS_PROFILE"] == "school"
    assert "AWS_ENDPOINT_URL" not in environment
    assert where(room, "up") == "aws"
    assert where(room, "extend", HOURS="1") == "aws"
    assert where(room, "down") == "aws"
    assert memory(room) == ""


def test_up_writes_the_memory_before_anything_is_changed(room: ClassRoom) -> None:
    (room.root / "playbooks" / "up.yml").write_text(
        """
- hosts: localhost
  gather_facts: false
  tasks:
    - ansible.builtin.assert:
        that: lookup('ansible.builtin.file', lab_folder ~ '/cloud') == 'localcloud'
"""
    )
    assert room.run("up").returncode == 0


def test_a_failed_down_keeps_the_memory(room: ClassRoom) -> None:
    room.remembers("localcloud")
    (room.root / "playbooks" / "down.yml").write_text(FAILS)
    assert room.run("down").returncode == 2
    assert memory(room) == "localcloud"


def test_down_on_another_cloud_keeps_the_memory_of_the_lab(room: ClassRoom, on_aws: None) -> None:
    room.remembers("aws")
    assert where(room, "down", CLOUD="localcloud") == "localcloud"
    assert memory(room) == "aws"


def test_a_first_up_that_was_refused_may_go_elsewhere_next(room: ClassRoom, on_aws: None) -> None:
    (room.root / "playbooks" / "up.yml").write_text(FAILS)
    assert room.run("up", CLOUD="aws").returncode == 2
    assert memory(room) == ""


def test_a_first_up_that_failed_after_its_plan_was_good_keeps_the_memory(room: ClassRoom, on_aws: None) -> None:
    (room.root / "playbooks" / "up.yml").write_text(
        """
- hosts: localhost
  gather_facts: false
  tasks:
    - ansible.builtin.copy: {content: us-east-1, dest: "{{ lab_folder }}/region", mode: "0600"}
    - ansible.builtin.fail:
"""
    )
    assert room.run("up", CLOUD="aws").returncode == 2
    assert memory(room) == "aws"


def test_without_the_lab_folder_the_lab_is_found_where_it_is(
    room: ClassRoom, on_aws: None, cloud: LocalCloud, other: LocalCloud, lab_in: Callable[[LocalCloud], None]
) -> None:
    assert where(room, "down") == "localcloud", "on neither: as the class file says"
    lab_in(other)
    assert where(room, "down") == "aws"
    lab_in(cloud)
    done = room.run("down")
    assert done.returncode == 2
    assert "The lab of demo is on both clouds: say which is meant, CLOUD=localcloud or CLOUD=aws." in done.stderr
    assert where(room, "down", CLOUD="aws") == "aws"


def test_a_lab_on_aws_is_found_from_a_shell_that_is_set_for_localcloud(
    room: ClassRoom, on_aws: None, cloud: LocalCloud, other: LocalCloud, lab_in: Callable[[LocalCloud], None]
) -> None:
    lab_in(other)
    room.settings |= cloud.env
    done = room.run("down")
    assert done.returncode == 2
    assert "This shell is set for localcloud" in done.stderr


def test_where_aws_refuses_to_tell_nothing_is_claimed(room: ClassRoom, on_aws: None, other: LocalCloud) -> None:
    other.fault("ec2.DescribeInstances", "error=ExpiredToken")
    try:
        done = room.run("down")
    finally:
        other.clear_faults()
    assert done.returncode == 1
    assert "Whether the lab of demo is on AWS could not be asked: ExpiredToken" in done.stderr


def test_without_credentials_it_says_that_aws_was_not_asked(room: ClassRoom) -> None:
    done = room.run("down")
    assert done.returncode == 0
    assert done.stdout.startswith("AWS was not asked (no AWS credentials were found); if the lab of demo is there, add")


def test_localcloud_is_started_where_it_does_not_run(room: ClassRoom) -> None:
    with LocalCloud(hosts=False) as mine:
        room.settings["LOCALCLOUD_HOME"] = str(mine.home.folder)
        mine.kill()
        try:
            done = room.run("up")
        finally:
            daemon.stop(mine.home)
        assert done.returncode == 0, done.stdout + done.stderr
        assert f"localcloud runs at {mine.endpoint}." in done.stdout


def test_a_localcloud_that_does_not_start_says_why_and_what_is_left(room: ClassRoom) -> None:
    with LocalCloud(hosts=False) as mine, socket.socket() as taken:
        room.settings["LOCALCLOUD_HOME"] = str(mine.home.folder)
        mine.kill()
        taken.bind(("127.0.0.1", mine.running.port))
        taken.listen()
        done = room.run("up")
    assert done.returncode == 1
    assert f"Port {mine.running.port} is taken" in done.stderr
    assert "what it said is above. Without it, a class runs on AWS only: CLOUD=aws." in done.stderr
    assert memory(room) == ""


# One at a time, and how it ends


def test_the_exit_status_is_ansibles(room: ClassRoom) -> None:
    (room.root / "playbooks" / "up.yml").write_text(FAILS)
    assert room.run("up").returncode == 2
    (room.root / "playbooks" / "up.yml").unlink()
    assert room.run("up").returncode == 1


def begun(room: ClassRoom) -> None:
    until = time.monotonic() + 30
    while not (room.root / "playbooks" / "begun").exists():
        assert time.monotonic() < until
        time.sleep(0.05)


def test_an_input_that_a_killed_ssh_left_non_blocking_is_mended(room: ClassRoom) -> None:
    ours, theirs = os.pipe()
    os.set_blocking(ours, False)
    up = [str(program("classlab")), "up"]
    done = subprocess.run(up, env=room.environment(), cwd=room.root, stdin=ours, capture_output=True, text=True)
    os.close(ours)
    os.close(theirs)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("to_all", [True, False], ids=["the terminal's Ctrl-C", "kill -INT"])
def test_an_interrupted_up_says_what_stays(room: ClassRoom, to_all: bool) -> None:
    (room.root / "playbooks" / "up.yml").write_text(WAITS)
    process = room.start("up")
    begun(room)
    (os.killpg if to_all else os.kill)(process.pid, signal.SIGINT)
    said, _ = process.communicate(timeout=20)
    assert process.returncode == 130
    assert said.splitlines()[-1] == "Interrupted; what exists stays: make up goes on, make down removes it."
    assert "Traceback" not in said
    assert memory(room) == "localcloud"


def test_a_second_up_is_refused_while_the_first_is_at_work(room: ClassRoom) -> None:
    (room.root / "playbooks" / "up.yml").write_text(WAITS)
    process = room.start("up")
    begun(room)
    done = room.run("down")
    assert done.returncode == 1
    assert f"Process {process.pid} (make up CLASS=demo, since " in done.stderr
    process.terminate()
    said, _ = process.communicate(timeout=20)
    assert process.returncode == 143
    assert said.splitlines()[-1].startswith("Interrupted;")
    assert where(room, "down", CLOUD="localcloud") == "localcloud"


def test_a_closed_terminal_ends_it_with_all_its_workers(room: ClassRoom) -> None:
    (room.root / "playbooks" / "up.yml").write_text(WAITS)
    process = room.start("up")
    begun(room)
    os.killpg(process.pid, signal.SIGHUP)
    said, _ = process.communicate(timeout=20)
    assert process.returncode == 129
    assert said.splitlines()[-1].startswith("Interrupted;")
    done = room.run("down", CLOUD="localcloud")
    assert done.returncode == 0
    assert "still at work" not in done.stdout


def test_after_a_kill_nothing_goes_on_unseen(room: ClassRoom) -> None:
    (room.root / "playbooks" / "up.yml").write_text(WAITS)
    process = room.start("up")
    begun(room)
    process.kill()
    process.communicate(timeout=20)  # ends when ansible, which has the same output, has ended
    assert where(room, "down", CLOUD="localcloud") == "localcloud"


def test_after_a_kill_of_all_the_next_waits_for_the_step_that_is_under_way(room: ClassRoom) -> None:
    """Ansible's workers are in sessions of their own, so one may still be changing the cloud."""
    (room.root / "playbooks" / "up.yml").write_text(WAITS.replace("sleep 60", "sleep 6"))
    process = room.start("up")
    begun(room)
    os.killpg(process.pid, signal.SIGKILL)
    done = room.run("down", CLOUD="localcloud")
    assert done.returncode == 0
    assert "The last step of make up CLASS=demo that was killed is still at work; waiting for it." in done.stdout
    process.communicate()
