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
from quick_room import QUICKLY_FAILS, QUICKLY_TELLS, QuickRoom

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
def quick(tmp_path: Path, cloud: LocalCloud, warm: Path) -> QuickRoom:
    room = QuickRoom(tmp_path, {"LOCALCLOUD_HOME": str(cloud.home.folder)}, warm)
    room.make(**dict.fromkeys(("up", "down", "extend", "allow", "check", "status", "audit"), QUICKLY_TELLS))
    return room


@pytest.fixture
def on_aws(quick: QuickRoom, other: LocalCloud) -> None:
    (quick.root / "config").write_text(
        "[profile school]\naws_access_key_id = AKIASCHOOL\naws_secret_access_key = x\n"
        f"endpoint_url = {other.endpoint}\n"
    )
    quick.settings |= {"AWS_CONFIG_FILE": str(quick.root / "config"), "AWS_PROFILE": "school"}


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


@pytest.fixture
def seat_in() -> Iterator[Callable[[LocalCloud], None]]:
    """seat_in(cloud): from now until the test's end a student of the lab demo has a seat there."""
    made = []

    def make(cloud: LocalCloud) -> None:
        ec2 = cloud.client("ec2")
        marks = [{"ResourceType": "instance", "Tags": [*TAGS, {"Key": "Student", "Value": "ada"}]}]
        image = ec2.describe_images(Owners=["099720109477"])["Images"][0]["ImageId"]
        launched = ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1, TagSpecifications=marks)
        made.append((ec2, launched["Instances"][0]["InstanceId"]))

    yield make
    for ec2, instance in made:
        ec2.terminate_instances(InstanceIds=[instance])
        ec2.get_waiter("instance_terminated").wait(InstanceIds=[instance], WaiterConfig={"Delay": 1})


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
        "lab_keep_image": False,
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


def test_without_ssh_another_playbook_is_played_and_no_seat_is_looked_for(quick: QuickRoom) -> None:
    quick.make(**{"up-without-ssh": QUICKLY_TELLS})
    done = quick.run("up", SSH="no", STUDENT="ada")
    assert done.returncode == 0, done.stdout + done.stderr
    assert told(quick)[0]["lab_only"] == ["ada"]
    done = quick.run("up", SSH="no", FORCE="yes")
    assert done.returncode and "FORCE=yes has nothing to force" in done.stderr
    done = quick.run("up", SSH="never")
    assert done.returncode and "SSH=never is neither yes nor no" in done.stderr
    assert quick.run("down", SSH="no").returncode, "only up has a way without it"


@pytest.mark.usefixtures("on_aws")
def test_an_audit_begins_in_the_shells_region_and_belongs_to_no_lab(quick: QuickRoom, other: LocalCloud) -> None:
    (quick.root / "classes" / "demo.yml").unlink()
    assert where(quick, "audit", CLOUD="aws") == "aws"
    assert told(quick)[0] == {"lab_region": "us-east-1", "lab_cloud_in_use": "aws"}
    quick.settings["AWS_REGION"] = "eu-central-1"
    assert where(quick, "audit", CLOUD="aws", FORMAT="csv") == "aws"
    variables, environment = told(quick)
    assert variables["lab_region"] == environment["AWS_REGION"] == "eu-central-1"
    assert environment["LAB_FORMAT"] == "csv" and environment["AWS_PROFILE"] == "school"
    assert "LAB_NAME" not in environment and not (quick.root / ".lab").exists()


def test_a_check_asks_the_cloud_where_up_would_go(quick: QuickRoom, on_aws: None, cloud: LocalCloud) -> None:
    assert quick.run("check").returncode == 0
    variables, environment = told(quick)
    assert (variables["lab_cloud_in_use"], variables["lab_cloud_answers"]) == ("localcloud", True)
    assert (variables["lab_hosts_here"], variables["lab_cloud_trouble"]) == (True, "")
    assert environment["AWS_ENDPOINT_URL"] == cloud.endpoint
    assert not (quick.root / ".lab").exists(), "nothing is remembered, nothing is locked"
    assert quick.run("check", CLOUD="aws").returncode == 0
    variables, environment = told(quick)
    assert (variables["lab_cloud_in_use"], variables["lab_hosts_here"]) == ("aws", False)
    assert environment["AWS_PROFILE"] == "school"


def test_a_check_starts_no_cloud_that_never_ran(quick: QuickRoom) -> None:
    quick.settings["LOCALCLOUD_HOME"] = str(quick.root / "none")
    assert quick.run("check").returncode == 0
    variables, environment = told(quick)
    assert (variables["lab_cloud_answers"], variables["lab_cloud_trouble"]) == (False, "")
    assert [each for each in environment if each.startswith("AWS_ACCESS") or each == "AWS_ENDPOINT_URL"] == []
    assert not (quick.root / "none").exists()


def test_a_check_goes_on_where_the_cloud_does_not_start(quick: QuickRoom) -> None:
    (quick.root / "none").mkdir()
    (quick.root / "none" / "options.json").write_text('{"port": 1, "hosts": false}')
    (quick.programs / "localcloud").unlink()
    (quick.programs / "localcloud").write_text("#!/bin/sh\necho it is broken; exit 1\n")
    (quick.programs / "localcloud").chmod(0o755)
    quick.settings["LOCALCLOUD_HOME"] = str(quick.root / "none")
    done = quick.run("check")
    assert done.returncode == 0 and "it is broken" in done.stdout
    variables = told(quick)[0]
    assert variables["lab_cloud_answers"] is False
    assert "localcloud ended with status 1" in variables["lab_cloud_trouble"]


def test_students_are_named_by_patterns_as_well(quick: QuickRoom) -> None:
    quick.write("cs101", "lab_name: cs-one\nlab_students: [ada, alan, grace, group-1, group-2, group-10]\n")
    assert quick.run("up", CLASS="cs101", STUDENT="a*,group-[12] grace").returncode == 0
    variables = told(quick)[0]
    assert variables["lab_only"] == ["ada", "alan", "group-1", "group-2", "grace"]
    assert variables["lab_on_roster"] == ["ada", "alan", "grace", "group-1", "group-2", "group-10"]


def test_a_program_gets_what_is_for_people_on_the_other_line(quick: QuickRoom) -> None:
    done = quick.run("status", FORMAT="json")
    assert (done.returncode, done.stdout) == (0, "")
    assert "AWS was not asked" in done.stderr
    assert told(quick)[1]["LAB_FORMAT"] == "json"


def test_extend_and_allow_hand_on_what_they_were_given(
    quick: QuickRoom, cloud: LocalCloud, seat_in: Callable[[LocalCloud], None]
) -> None:
    seat_in(cloud)
    assert quick.run("extend", HOURS="1.5", CLOUD="localcloud").returncode == 0
    assert told(quick)[0]["lab_extend_hours"] == 1.5
    assert quick.run("allow", CIDR="203.0.113.7 198.51.100.0/24", CLOUD="localcloud").returncode == 0
    assert told(quick)[0]["lab_allow_cidrs"] == ["203.0.113.7/32", "198.51.100.0/24"]


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


def test_what_ansible_refuses_of_a_terminal_is_mended(room: ClassRoom) -> None:
    """Letters that are not UTF-8, and an input that a killed ssh has left non-blocking."""
    room.settings["LC_ALL"] = "C"
    ours, theirs = os.pipe()
    os.set_blocking(ours, False)
    up = [str(program("classlab")), "up"]
    done = subprocess.run(up, env=room.environment(), cwd=room.root, stdin=ours, capture_output=True, text=True)
    os.close(ours)
    os.close(theirs)
    assert done.returncode == 0, done.stdout + done.stderr


# Which cloud


@pytest.mark.parametrize("verb", ["extend", "push", "run"])
def test_a_verb_for_seats_is_refused_where_there_are_none(quick: QuickRoom, verb: str) -> None:
    hours = {"HOURS": "1"} if verb == "extend" else {}
    done = quick.run(verb, CLOUD="localcloud", **hours)
    assert done.returncode == 1
    assert done.stderr == "classlab: The lab demo has no seats: `make up` brings it up.\n"


def test_a_lab_is_found_again_where_up_made_it(
    quick: QuickRoom, on_aws: None, other: LocalCloud, seat_in: Callable[[LocalCloud], None]
) -> None:
    assert where(quick, "up", CLOUD="aws") == "aws"
    assert memory(quick) == "aws"
    environment = told(quick)[1]
    assert environment["AWS_PROFILE"] == "school"
    assert "AWS_ENDPOINT_URL" not in environment
    assert where(quick, "up") == "aws"
    seat_in(other)
    assert where(quick, "extend", HOURS="1") == "aws"
    assert where(quick, "down") == "aws"
    assert memory(quick) == ""


def test_up_writes_the_memory_before_anything_is_changed(quick: QuickRoom) -> None:
    (quick.root / "playbooks" / "up.yml").write_text("print(open('.lab/demo/cloud').read())")
    assert quick.run("up").stdout == "localcloud\n\n"


def test_a_failed_down_keeps_the_memory(quick: QuickRoom) -> None:
    quick.remembers("localcloud")
    (quick.root / "playbooks" / "down.yml").write_text(QUICKLY_FAILS)
    assert quick.run("down").returncode == 2
    assert memory(quick) == "localcloud"


def test_down_on_another_cloud_keeps_the_memory_of_the_lab(quick: QuickRoom, on_aws: None) -> None:
    quick.remembers("aws")
    assert where(quick, "down", CLOUD="localcloud") == "localcloud"
    assert memory(quick) == "aws"


def test_a_first_up_that_was_refused_may_go_elsewhere_next(quick: QuickRoom, on_aws: None) -> None:
    (quick.root / "playbooks" / "up.yml").write_text(QUICKLY_FAILS)
    assert quick.run("up", CLOUD="aws").returncode == 2
    assert memory(quick) == ""


def test_a_first_up_that_failed_after_its_plan_was_good_keeps_the_memory(quick: QuickRoom, on_aws: None) -> None:
    (quick.root / "playbooks" / "up.yml").write_text(f"open('.lab/demo/region', 'w')\n{QUICKLY_FAILS}")
    assert quick.run("up", CLOUD="aws").returncode == 2
    assert memory(quick) == "aws"


def test_without_the_lab_folder_the_lab_is_found_where_it_is(
    quick: QuickRoom, on_aws: None, cloud: LocalCloud, other: LocalCloud, lab_in: Callable[[LocalCloud], None]
) -> None:
    assert where(quick, "down") == "localcloud", "on neither: as the class file says"
    lab_in(other)
    assert where(quick, "down") == "aws"
    lab_in(cloud)
    done = quick.run("down")
    assert done.returncode == 2
    assert "The lab of demo is on both clouds: say which is meant, CLOUD=localcloud or CLOUD=aws." in done.stderr
    assert where(quick, "down", CLOUD="aws") == "aws"


def test_a_lab_on_aws_is_found_from_a_shell_that_is_set_for_localcloud(
    quick: QuickRoom, on_aws: None, cloud: LocalCloud, other: LocalCloud, lab_in: Callable[[LocalCloud], None]
) -> None:
    lab_in(other)
    quick.settings |= cloud.env
    done = quick.run("down")
    assert done.returncode == 2
    assert "This shell is set for localcloud" in done.stderr


def test_where_aws_refuses_to_tell_nothing_is_claimed(quick: QuickRoom, on_aws: None, other: LocalCloud) -> None:
    other.fault("ec2.DescribeInstances", "error=ExpiredToken")
    try:
        done = quick.run("down")
    finally:
        other.clear_faults()
    assert done.returncode == 1
    assert "Whether the lab of demo is on AWS could not be asked: ExpiredToken" in done.stderr


def test_without_credentials_it_says_that_aws_was_not_asked(quick: QuickRoom) -> None:
    done = quick.run("down")
    assert done.returncode == 0
    assert done.stdout.startswith("AWS was not asked (no AWS credentials were found); if the lab of demo is there, add")


@pytest.fixture(scope="module")
def asleep() -> Iterator[LocalCloud]:
    """A localcloud that does not run."""
    with LocalCloud(hosts=False) as cloud:
        cloud.kill()
        yield cloud


def test_a_localcloud_that_does_not_start_says_why_and_what_is_left(quick: QuickRoom, asleep: LocalCloud) -> None:
    quick.settings["LOCALCLOUD_HOME"] = str(asleep.home.folder)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", asleep.running.port))
        taken.listen()
        done = quick.run("up")
    assert done.returncode == 1
    assert f"Port {asleep.running.port} is taken" in done.stderr
    assert "what it said is above. Without it, a class runs on AWS only: CLOUD=aws." in done.stderr
    assert memory(quick) == ""


def test_localcloud_is_started_where_it_does_not_run(quick: QuickRoom, asleep: LocalCloud) -> None:
    quick.settings["LOCALCLOUD_HOME"] = str(asleep.home.folder)
    done = quick.run("up")
    daemon.stop(asleep.home)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"localcloud runs at {asleep.endpoint}." in done.stdout


# One at a time, and how it ends


def test_the_exit_status_is_ansibles(room: ClassRoom) -> None:
    (room.root / "playbooks" / "up.yml").write_text(FAILS)
    assert room.run("up").returncode == 2
    (room.root / "playbooks" / "up.yml").unlink()
    assert room.run("up").returncode == 1


def begun(quick: QuickRoom) -> None:
    until = time.monotonic() + 30
    while not (quick.root / "playbooks" / "begun").exists():
        assert time.monotonic() < until
        time.sleep(0.05)


@pytest.mark.parametrize("to_all", [True, False], ids=["the terminal's Ctrl-C", "kill -INT"])
def test_an_interrupted_up_says_what_stays(quick: QuickRoom, to_all: bool) -> None:
    (quick.root / "playbooks" / "up.yml").write_text(WAITS)
    process = quick.start("up")
    begun(quick)
    (os.killpg if to_all else os.kill)(process.pid, signal.SIGINT)
    said, _ = process.communicate(timeout=50)
    assert process.returncode == 130
    assert said.splitlines()[-1] == "Interrupted; what exists stays: make up goes on, make down removes it."
    assert "Traceback" not in said
    assert memory(quick) == "localcloud"


def test_a_second_up_is_refused_while_the_first_is_at_work(quick: QuickRoom) -> None:
    (quick.root / "playbooks" / "up.yml").write_text(WAITS)
    process = quick.start("up")
    begun(quick)
    done = quick.run("down")
    assert done.returncode == 1
    assert f"Process {process.pid} (make up CLASS=demo, since " in done.stderr
    process.terminate()
    said, _ = process.communicate(timeout=50)
    assert process.returncode == 143
    assert said.splitlines()[-1].startswith("Interrupted;")
    assert where(quick, "down", CLOUD="localcloud") == "localcloud"


@pytest.fixture
def terminal() -> Iterator[None]:
    """These tests may run under `nohup`, and what they start would inherit that."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.mark.usefixtures("terminal")
def test_a_closed_terminal_ends_it_with_all_its_workers(quick: QuickRoom) -> None:
    (quick.root / "playbooks" / "up.yml").write_text(WAITS)
    process = quick.start("up")
    begun(quick)
    os.killpg(process.pid, signal.SIGHUP)
    said, _ = process.communicate(timeout=50)
    assert process.returncode == 129
    assert said.splitlines()[-1].startswith("Interrupted;")
    done = quick.run("down", CLOUD="localcloud")
    assert done.returncode == 0
    assert "still at work" not in done.stdout


def test_after_a_kill_nothing_goes_on_unseen(quick: QuickRoom) -> None:
    (quick.root / "playbooks" / "up.yml").write_text(WAITS)
    process = quick.start("up")
    begun(quick)
    process.kill()
    process.communicate(timeout=50)  # ends when ansible, which has the same output, has ended
    assert where(quick, "down", CLOUD="localcloud") == "localcloud"


def test_after_a_kill_of_all_the_next_waits_for_the_step_that_is_under_way(quick: QuickRoom) -> None:
    """Ansible's workers are in sessions of their own, so one may still be changing the cloud."""
    (quick.root / "playbooks" / "up.yml").write_text(WAITS.replace("sleep 60", "sleep 4"))
    process = quick.start("up")
    begun(quick)
    os.killpg(process.pid, signal.SIGKILL)
    done = quick.run("down", CLOUD="localcloud")
    assert done.returncode == 0
    assert "The last step of make up CLASS=demo that was killed is still at work; waiting for it." in done.stdout
    process.communicate()
