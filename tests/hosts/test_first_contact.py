"""The first contact with real seats: from a one-use host key to one of the seat's own, whatever it is cut off at."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from aws_hosts import Lab

from classlab.cloud.userdata import FirstBoot
from classlab.labfolder import LabFolder
from classlab.trust import contact, keys
from classlab.trust.sshconfig import Seat

ARM = Path(__file__).parents[2] / "roles/deadline/files/arm-deadline.sh"
STUDENTS_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFyQkWGDGGcvMUz3QfKc4Jb1vJTPkWgTzBXgVZ0Ak3+x ada"
FAR = "2099-01-01T00:00:00Z"


@dataclass
class Seats:
    """Seats of a lab, launched as `make up` does, and a lab folder with blanks and a percent sign in its path."""

    lab: Lab
    folder: LabFolder

    def launch(self, *students: str) -> list[Seat]:
        ids = {}
        for student in students:
            private, public = keys.first_key(self.folder, student)
            [ids[student]] = self.lab.launch(
                UserData=FirstBoot(ARM.read_text(), FAR).user_data(private, public, STUDENTS_KEY),
                TagSpecifications=[{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": f"lab-{student}"}]}],
            )
        for each in ids.values():
            self.lab.wait(each, "running")
        return [Seat(who, each, self.lab.describe(each)["PublicIpAddress"]) for who, each in ids.items()]

    def ssh(self, student: str, command: str, check: bool = True, text: str = "") -> str:
        words = ["ssh", "-F", str(self.folder.ssh_config), "-o", "BatchMode=yes", student, command]
        return subprocess.run(words, check=check, input=text, capture_output=True, text=True, timeout=60).stdout.strip()

    def born_again(self, seat: Seat, one_use: tuple[str, str]) -> None:
        """Put seat and lab folder back to where both were before the first contact."""
        key = one_use[1].split()[1]
        self.ssh(
            seat.student,
            "cd /etc/ssh && sudo rm -f *.classlab* && sudo tee ssh_host_ed25519_key && "
            f"echo 'ssh-ed25519 {key}' | sudo tee ssh_host_ed25519_key.pub && sudo systemctl reload ssh && "
            f"until ssh-keyscan -t ed25519 127.0.0.1 2>&1 | grep -qF {key}; do sleep 0.1; done",
            text=one_use[0],
        )
        self.folder.known_hosts.unlink()
        self.folder.write(self.folder.first_key(seat.student), one_use[0], 0o400)
        self.folder.write(self.folder.path / "first" / f"{seat.student}.pub", one_use[1], 0o644)

    def trusted(self, seat: Seat) -> None:
        """What holds once a seat was met, whatever came before."""
        assert contact.establish(contact.Contact(self.folder, "lab", 60), [seat]).failures == []
        [line] = self.folder.known_hosts.read_text().splitlines()
        assert self.ssh(seat.student, "cat /etc/ssh/ssh_host_ed25519_key.pub") == " ".join(line.split()[1:3])
        assert line.split() == [seat.id, "ssh-ed25519", line.split()[2], seat.student]
        assert list((self.folder.path / "first").iterdir()) == []
        assert self.ssh(seat.student, "ls /etc/ssh | grep -c host") == "2"
        assert contact.establish(contact.Contact(self.folder, "lab"), [seat]) == contact.Outcome()


@pytest.fixture(scope="module")
def seats(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seats]:
    folder = LabFolder(tmp_path_factory.mktemp("lab folder 100%") / "demo")
    folder.make()
    folder.write(folder.teacher_key, lab.private_key.read_bytes(), 0o400)
    yield Seats(lab, folder)


@pytest.fixture(scope="module")
def ada(seats: Seats) -> Iterator[tuple[Seat, tuple[str, str]]]:
    one_use = keys.first_key(seats.folder, "ada")
    [seat] = seats.launch("ada")
    seats.trusted(seat)
    yield seat, one_use
    seats.lab.terminate(seat.id)


def test_its_student_may_enter_from_the_first_boot_on(seats: Seats, ada: tuple[Seat, tuple[str, str]]) -> None:
    """As role seat_access would have it, which then has nothing to do; and the teacher's key pair stays."""
    lines = seats.ssh("ada", "stat -c %a .ssh .ssh/authorized_keys; cat .ssh/authorized_keys").splitlines()
    assert lines[:2] == ["700", "600"] and len(lines) == 4
    assert f"{' '.join(STUDENTS_KEY.split()[:2])} classlab-student" in lines[2:]


def test_the_key_it_was_born_with_is_no_longer_taken(seats: Seats, ada: tuple[Seat, tuple[str, str]]) -> None:
    seat, one_use = ada
    known = seats.folder.known_hosts.read_text()
    assert one_use[1].split()[1] not in known
    assert seats.ssh("lab-ada", "hostname") == seats.ssh("ada", "hostname")
    seats.folder.known_hosts.write_text(f"{seat.id} {one_use[1]}\n")
    assert seats.ssh("ada", "hostname", check=False) == ""
    seats.folder.known_hosts.write_text(known)


# The child dies by SIGKILL before or after its nth call of what is named.
CHILD = """
import os, signal, sys
from pathlib import Path
from classlab.trust import contact
from classlab.labfolder import LabFolder
from classlab.trust.pins import Pins
from classlab.trust.sshconfig import Seat
folder, student, id, address, what, when, nth = sys.argv[1:]
calls = 0
def dying(function):
    def replaced(*args, **kwargs):
        global calls
        calls += 1
        if when == "before" and calls == int(nth): os.kill(0, signal.SIGKILL)
        result = function(*args, **kwargs)
        if when == "after" and calls == int(nth): os.kill(0, signal.SIGKILL)
        return result
    return replaced
if what == "pin": Pins.set = dying(Pins.set)
if what == "tell": contact.print = dying(print)
if what == "forget": contact.Contact.forget_one_use_key = dying(contact.Contact.forget_one_use_key)
contact.establish(contact.Contact(LabFolder(Path(folder)), "lab", 60), [Seat(student, id, address)])
"""
MOMENTS = [
    ("pin", "after", 1),  # the one-use key is pinned; the seat has heard nothing yet
    ("pin", "before", 2),  # the seat has said its own key
    ("pin", "after", 2),  # both are pinned; the seat waits
    ("tell", "after", 1),  # the seat goes on alone
    ("pin", "before", 3),  # the seat has finished
    ("forget", "before", 1),  # its own key alone is pinned
]


@pytest.mark.parametrize("moment", MOMENTS, ids=lambda moment: "-".join(map(str, moment)))
def test_killed_here_the_next_run_finishes_it(
    seats: Seats, ada: tuple[Seat, tuple[str, str]], moment: tuple[str, str, int]
) -> None:
    seat, one_use = ada
    seats.born_again(seat, one_use)
    words = [str(seats.folder.path), seat.student, seat.id, seat.address, *map(str, moment)]
    died = subprocess.run(
        [sys.executable, "-c", CHILD, *words], capture_output=True, text=True, timeout=120, start_new_session=True
    )
    assert died.returncode == -signal.SIGKILL, died.stderr
    seats.trusted(seat)


@pytest.mark.parametrize(
    "line",
    ["own=$(public", 'echo "classlab-key', '[ "$answer"', 'mv -f "$new" ', "chmod 644", "rm -f ssh_host", "systemctl"],
)
def test_dead_on_the_seat_before_this_line_the_next_run_finishes_it(
    seats: Seats, ada: tuple[Seat, tuple[str, str]], line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seat, one_use = ada
    seats.born_again(seat, one_use)
    dying = tmp_path / "dying.sh"
    before, found, after = contact.SCRIPT.read_text().partition(line)
    dying.write_text(f"{before}kill -9 $$\n{found}{after}")
    with monkeypatch.context() as patched:
        patched.setattr(contact, "SCRIPT", dying)
        assert contact.establish(contact.Contact(seats.folder, "lab", wait=0.5), [seat]).met == []
    if line == "systemctl":  # its own key is in place, and a reboot takes it before the next run does
        seats.lab.ec2.reboot_instances(InstanceIds=[seat.id])
        seats.lab.wait_ok(seat.id)
    seats.trusted(seat)


def test_a_seat_with_another_key_gets_nothing_sent_and_holds_up_nobody(
    seats: Seats, ada: tuple[Seat, tuple[str, str]]
) -> None:
    seats.born_again(*ada)
    seats.lab.cloud.fault("host", "other-key", "Name=lab-eve")
    [eve] = seats.launch("eve")
    outcome = contact.establish(contact.Contact(seats.folder, "lab", 60, "make up CLASS=demo"), [eve, ada[0]])
    assert outcome.met == ["ada"]
    [failure] = outcome.failures
    assert failure["student"] == "eve"
    assert failure["reason"].startswith(f"eve ({eve.id}) answered with another host key than the one it was born")
    assert "make up CLASS=demo STUDENT=eve" in failure["reason"]
    assert seats.ssh("ada", "echo here") == "here"
    assert seats.ssh("eve", "echo here", check=False) == ""
    told = subprocess.run(
        [str(Path(sys.executable).with_name("localcloud")), "logs", eve.id],
        env=os.environ | {"LOCALCLOUD_HOME": str(seats.lab.cloud.home.folder)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert "sshd" in told
    assert "Accepted publickey" not in told
    seats.lab.terminate(eve.id)
