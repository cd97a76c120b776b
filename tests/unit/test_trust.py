"""First contact, with a program in ssh's place: what is pinned when, and what is said when it goes wrong."""

import os
import socketserver
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from classlab.labfolder import LabFolder
from classlab.trust import contact
from classlab.trust.contact import Contact, Outcome
from classlab.trust.pins import Pins
from classlab.trust.sshconfig import Seat

# Runs what was put down for the alias that is called, and notes that it was called.
SSH = """#!/bin/sh
eval alias=\\${$(($# - 1))}
echo "$alias" >>"$(dirname "$0")/calls"
. "$(dirname "$0")/$alias"
"""
# A seat that behaves: it takes its key into use only when both are pinned on disk already.
WELL = """
echo "Welcome to Ubuntu"
echo "classlab-key NEW-{student}"
read -r answer
[ "$answer" = pinned ] && grep -q "{id} ssh-ed25519 NEW-{student} " "{known_hosts}" || exit 9
grep -q "{id} ssh-ed25519 OLD-{student} {student} one-use" "{known_hosts}" && echo classlab-done
"""


class Greeting(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        self.request.sendall(b"SSH-2.0-test\r\n")


@dataclass
class Room:
    """A lab folder, seats in it that greet on this machine, and what an ssh to each of them meets."""

    folder: LabFolder
    ssh: Path
    port: int

    def seat(self, student: str, said: str = WELL, id: str = "", first_key: bool = True) -> Seat:  # noqa: A002
        seat = Seat(student, id or f"i-{student}", "127.0.0.1", self.port)
        told = said.format(student=student, id=seat.id, known_hosts=self.folder.known_hosts)
        (self.ssh / f"lab-{student}").write_text(told)
        if first_key:
            self.folder.write(self.folder.first_key(student), "private", 0o400)
            self.folder.write(self.folder.path / "first" / f"{student}.pub", f"ssh-ed25519 OLD-{student} first\n")
        return seat

    def establish(self, *seats: Seat, only: tuple[str, ...] = (), wait: float = 5) -> Outcome:
        return contact.establish(Contact(self.folder, "lab", wait, "make up CLASS=x"), seats, only)

    @property
    def calls(self) -> list[str]:
        file = self.ssh / "calls"
        return sorted(file.read_text().split()) if file.exists() else []

    @property
    def pinned(self) -> list[str]:
        return self.folder.known_hosts.read_text().splitlines()

    @property
    def first_keys(self) -> list[str]:
        return sorted(each.name for each in (self.folder.path / "first").iterdir())


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Room]:
    ssh = tmp_path / "bin"
    ssh.mkdir()
    (ssh / "ssh").write_text(SSH)
    (ssh / "ssh").chmod(0o755)
    monkeypatch.setenv("PATH", f"{ssh}:{os.environ['PATH']}")
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Greeting) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
        yield Room(LabFolder(tmp_path / "lab"), ssh, server.server_address[1])
        server.shutdown()


def reason(outcome: Outcome) -> str:
    [failure] = outcome.failures
    return failure["reason"]


def test_seats_are_met_once_and_pinned(room: Room) -> None:
    seats = [room.seat("ada"), room.seat("grace")]
    assert room.establish(*seats) == Outcome(changed=True, met=["ada", "grace"])
    assert room.pinned == ["i-ada ssh-ed25519 NEW-ada ada", "i-grace ssh-ed25519 NEW-grace grace"]
    assert room.first_keys == []
    assert room.establish(*seats) == Outcome()
    assert room.calls == ["lab-ada", "lab-grace"]


def test_only_some_students_are_met_but_all_are_in_ssh_config(room: Room) -> None:
    seats = [room.seat("ada"), room.seat("grace")]
    assert room.establish(*seats, only=("grace",)).met == ["grace"]
    assert room.calls == ["lab-grace"]
    assert "Host ada lab-ada" in room.folder.ssh_config.read_text()
    assert room.establish(*seats).met == ["ada"]


def test_who_is_not_to_be_met_keeps_the_key_it_was_born_with(room: Room) -> None:
    seat = room.seat("ada")
    outcome = contact.establish(Contact(room.folder, "lab"), [seat], meet=False)
    assert (outcome.changed, outcome.met, outcome.failures, room.calls) == (True, [], [], [])
    assert [each.split()[3:] for each in room.pinned] == [["ada", "one-use"]]
    assert "Host ada lab-ada" in room.folder.ssh_config.read_text()
    assert contact.establish(Contact(room.folder, "lab"), [seat], meet=False) == Outcome()
    # Somebody enters it later.
    assert room.establish(seat).met == ["ada"]
    assert room.first_keys == []


@pytest.mark.parametrize(
    "said",
    [
        "echo 'Host key for i-eve has changed.' >&2; echo 'Host key verification failed.' >&2; exit 255",
        "echo 'Unable to negotiate: no matching host key type found. Their offer: ssh-rsa' >&2; exit 255",
    ],
)
def test_another_host_key_is_final_for_that_seat_alone(room: Room, said: str) -> None:
    outcome = room.establish(room.seat("eve", said), room.seat("ada"))
    assert outcome.met == ["ada"]
    assert reason(outcome).startswith(
        "eve (i-eve) answered with another host key than the one it was born with, so nothing was sent to it. "
        "`make up CLASS=x STUDENT=eve` tries again"
    )
    assert room.calls == ["lab-ada", "lab-eve"]
    assert "i-eve ssh-ed25519 OLD-eve eve one-use" in room.pinned
    assert room.first_keys == ["eve", "eve.pub"]


def test_the_same_words_from_inside_a_seat_are_no_matter_of_host_keys(room: Room) -> None:
    said = "echo 'sudo: Host key verification failed' >&2; exit 1"
    outcome = room.establish(room.seat("ada", said))
    assert reason(outcome) == (
        "ada (i-ada) could not make a host key of its own: sudo: Host key verification failed. "
        "`make up CLASS=x STUDENT=ada` tries again."
    )
    assert len(room.calls) == contact.TRIES_INSIDE


def test_a_seat_that_still_boots_is_tried_again(room: Room) -> None:
    booting = "[ -e {known_hosts}.up ] || {{ touch {known_hosts}.up; echo 'System is booting up.' >&2; exit 255; }}\n"
    assert room.establish(room.seat("ada", booting + WELL)).met == ["ada"]
    assert len(room.calls) == 2


def test_a_seat_that_never_answers_is_named_in_time(room: Room) -> None:
    silent = Seat("ada", "i-ada", "127.0.0.1", 1)
    room.seat("ada")
    outcome = room.establish(silent, room.seat("grace"), wait=0.5)
    assert outcome.met == ["grace"]
    assert reason(outcome).startswith(
        "ada (i-ada) could not be entered in 1 s. It runs, but its SSH does not answer yet."
    )
    assert room.calls == ["lab-grace"]


def test_a_teachers_key_that_is_refused_is_not_waited_for_forever(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contact, "KEY_REFUSED_FOR", 0.5)
    refused = "echo 'ubuntu@127.0.0.1: Permission denied (publickey).' >&2; exit 255"
    outcome = room.establish(room.seat("ada", refused), wait=60)
    assert "It does not accept the teacher's key." in reason(outcome)
    assert len(room.calls) > 1


def test_a_seat_that_hangs_after_it_let_us_in_is_given_up(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contact, "CONTACT_TAKES", 0.3)
    outcome = room.establish(room.seat("ada", "exec sleep 60"), wait=0.5)
    assert "It hung up" in reason(outcome)


@pytest.mark.parametrize("known", ["OLD-ada ada one-use", "OLD-ada ada one-use\ni-ada ssh-ed25519 HALF ada"])
def test_a_first_contact_that_was_cut_off_is_made_again(room: Room, known: str) -> None:
    seat = room.seat("ada", first_key=False)
    room.folder.write(room.folder.known_hosts, f"i-ada ssh-ed25519 {known}\n")
    assert room.establish(seat).met == ["ada"]
    assert room.pinned == ["i-ada ssh-ed25519 NEW-ada ada"]


def test_a_one_use_key_that_is_left_over_goes(room: Room) -> None:
    seat = room.seat("ada")
    room.folder.write(room.folder.known_hosts, "i-ada ssh-ed25519 NEW-ada ada\n")
    assert room.establish(seat).changed
    assert room.first_keys == []
    assert room.calls == []


def test_without_any_key_a_seat_is_not_entered(room: Room) -> None:
    outcome = room.establish(room.seat("ada", first_key=False))
    assert f"the lab folder {room.folder.path} has no host key for it" in reason(outcome)
    assert "`make up CLASS=x STUDENT=ada`" in reason(outcome)
    assert room.calls == []


def test_a_student_with_two_seats_is_told_of_and_neither_is_entered(room: Room) -> None:
    outcome = room.establish(room.seat("ada"), room.seat("ada", id="i-other"), room.seat("grace"))
    assert outcome.met == ["grace"]
    assert reason(outcome).startswith("ada has 2 seats (i-ada, i-other), and each of them bills")
    assert room.calls == ["lab-grace"]


def test_a_stopped_seat_is_left_alone(room: Room) -> None:
    room.seat("ada")
    assert "has no address" in reason(room.establish(Seat("ada", "i-ada", "")))
    room.folder.write(room.folder.known_hosts, "i-ada ssh-ed25519 NEW-ada ada\n")
    assert room.establish(Seat("ada", "i-ada", "")).failures == []


def test_a_former_seats_pin_goes_when_its_students_new_one_is_pinned(room: Room) -> None:
    room.establish(room.seat("ada", id="i-1"), room.seat("grace"))
    room.establish(room.seat("ada", id="i-2"))  # grace's seat is hidden for a moment, not gone
    assert room.pinned == ["i-2 ssh-ed25519 NEW-ada ada", "i-grace ssh-ed25519 NEW-grace grace"]


def test_pins_are_written_whole_by_many_threads(room: Room) -> None:
    seats = [room.seat(f"student{number}") for number in range(40)]
    assert len(room.establish(*seats).met) == 40
    assert len(room.pinned) == 40
    assert all(len(Pins(room.folder).of(seat)) == 1 for seat in seats)
