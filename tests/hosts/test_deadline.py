"""A seat ends at its time, whatever is done to it, and not before a time that was moved."""

import json
import os
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aws_hosts import Lab, until

from classlab import clock
from classlab.cloud.userdata import FirstBoot
from classlab.command.clouds import program
from classlab.labfolder import LabFolder
from classlab.trust import contact, keys
from classlab.trust.sshconfig import Seat

ROOT = Path(__file__).parents[2]
ARM = (ROOT / "roles/deadline/files/arm-deadline.sh").read_text()
BOOK = """
- hosts: lab_seats
  gather_facts: false
  tasks:
    - ansible.builtin.import_role: {name: seat_trust, tasks_from: require}
    - ansible.builtin.import_role: {name: seat_access}
    - ansible.builtin.import_role: {name: deadline}
"""


def seconds_from_now(seconds: float) -> str:
    return clock.written(datetime.now(UTC) + timedelta(seconds=seconds))


def wait_until(ends_at: str) -> None:
    time.sleep(max(0, (datetime.fromisoformat(ends_at) - datetime.now(UTC)).total_seconds()))


class Seats:
    """Seats as `make up` launches them: they end with their power, and are reached by the lab's ssh_config."""

    def __init__(self, lab: Lab, folder: LabFolder) -> None:
        self.lab = lab
        self.folder = folder
        folder.write(folder.teacher_key, lab.private_key.read_bytes(), 0o400)
        self.seat = Seat("", "", "")

    def launch(self, ends_at: str) -> None:
        first_boot = FirstBoot(ARM, ends_at).user_data(*keys.first_key(self.folder, "ada"))
        tags = {"Lab": "lab", "ManagedBy": "classlab", "Student": "ada", "Name": "lab-ada"}
        [instance] = self.lab.launch(
            UserData=first_boot,
            InstanceInitiatedShutdownBehavior="terminate",
            TagSpecifications=[
                {"ResourceType": "instance", "Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}
            ],
        )
        self.seat = Seat("ada", instance, "")
        self.running()

    def running(self) -> None:
        """Until it can be logged in to, for the first time or again."""
        self.lab.wait(self.seat.id, "running")
        self.seat = Seat("ada", self.seat.id, self.lab.describe(self.seat.id)["PublicIpAddress"])
        assert contact.establish(contact.Contact(self.folder, "lab", 60), [self.seat]).failures == []
        until(lambda: self.ssh("systemctl is-active classlab-deadline.timer") == "active")

    def reboot(self) -> None:
        before = self.ssh("systemctl show -P UserspaceTimestamp")
        self.lab.ec2.reboot_instances(InstanceIds=[self.seat.id])
        until(lambda: self.ssh("systemctl show -P UserspaceTimestamp") not in ("", before))
        until(lambda: self.ssh("systemctl is-active classlab-deadline.timer") == "active")

    def ssh(self, command: str) -> str:
        words = ["ssh", "-F", str(self.folder.ssh_config), "-o", "BatchMode=yes", "ada", command]
        return subprocess.run(words, capture_output=True, text=True, timeout=60).stdout.strip()

    def ended(self) -> None:
        """Its power-off is what terminates it; half a minute after a boot it looks by itself."""
        until(lambda: self.lab.state(self.seat.id) == "terminated", 90)

    def play(self, ends_at: str, public_key: str) -> str:
        """Run the roles; the line of Ansible's recap."""
        book = self.folder.path / "book.yml"
        book.write_text(BOOK)
        environment = {
            **os.environ,
            **self.lab.cloud.env,
            "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
            "ANSIBLE_STDOUT_CALLBACK": "ansible.builtin.default",
            "LAB_REGION": "us-east-1",
            "LAB_NAME": "lab",
            "LAB_FOLDER": str(self.folder.path),
        }
        given = {"deadline_ends_at": ends_at, "seat_access_public_key": public_key}
        words = [str(program("ansible-playbook")), "-i", "inventory/lab.aws_ec2.yml", "-i", "inventory/localhost.yml"]
        done = subprocess.run(
            [*words, str(book), "-e", json.dumps(given)],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        [recap] = [line for line in done.stdout.splitlines() if line.startswith("ada ") and "ok=" in line]
        return recap


@pytest.fixture
def seats(lab: Lab, tmp_path: Path) -> Iterator[Seats]:
    seats = Seats(lab, LabFolder(tmp_path / "a lab"))
    yield seats
    if lab.state(seats.seat.id) != "terminated":
        lab.terminate(seats.seat.id)


def test_armed_at_boot_it_holds_through_a_reboot_and_while_the_seat_is_switched_off(seats: Seats) -> None:
    ends_at = seconds_from_now(60)
    seats.launch(ends_at)
    seats.reboot()
    told = seats.ssh("systemctl show -P NextElapseUSecRealtime classlab-deadline.timer")
    assert ends_at == f"{told.split()[1]}T{told.split()[2]}Z"
    assert seats.lab.state(seats.seat.id) == "running"
    seats.lab.ec2.stop_instances(InstanceIds=[seats.seat.id])
    seats.lab.wait(seats.seat.id, "stopped")
    wait_until(ends_at)
    seats.lab.ec2.start_instances(InstanceIds=[seats.seat.id])
    seats.ended()


def test_a_time_that_was_moved_counts_whatever_user_data_says(seats: Seats) -> None:
    first, later = seconds_from_now(25), "2099-01-01T00:00:00Z"
    seats.launch(first)
    # Killed after it had noted the new time, before systemd heard of it.
    seats.ssh(f"echo {later} {seats.seat.id} | sudo tee /etc/classlab/deadline")
    wait_until(first)
    until(lambda: seats.ssh("journalctl -u classlab-deadline.service | grep Finished"))
    public_key = keys.public_half(seats.folder.teacher_key)
    assert "changed=2 " in seats.play(later, public_key)
    assert "changed=0 " in seats.play(later, public_key)
    assert "classlab-student" in seats.ssh("tail -1 .ssh/authorized_keys")
    seats.reboot()
    assert seats.ssh("cat /etc/classlab/deadline") == f"{later} {seats.seat.id}"
    assert "changed=0 " in seats.play(later, public_key)
    # In an image that was made of another seat, that seat's time is found; this one's own counts.
    seats.ssh("echo 2020-01-01T00:00:00Z i-other | sudo tee /etc/classlab/deadline")
    soon = seconds_from_now(25)
    assert "changed=1 " in seats.play(soon, public_key)
    wait_until(soon)
    seats.ended()
