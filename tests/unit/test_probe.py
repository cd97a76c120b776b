"""Seats asked what is missing on them. A stand-in takes the place of ssh here; molecule/seat_facts has the real one."""

import os
from pathlib import Path
from typing import Any

import pytest

from classlab.labfolder import LabFolder
from classlab.probe import asking, program
from classlab.probe.asking import Asked, Probe

SEAT = Path(__file__).parents[2] / "plugins" / "module_utils" / "seat"
# Each seat is this computer; the last but one word is its name.
SSH = """\
#!/bin/sh
while [ $# -gt 2 ]; do shift; done
echo "$0 $*" >>"$LAB_TEST_SEEN"
case $1 in
    cs-gone) echo "ssh: connect to host 198.51.100.7 port 22: Connection refused" >&2; exit 255 ;;
    cs-odd) echo "sudo: a password is required" >&2; exit 1 ;;
    cs-mute) exit 0 ;;
    cs-slow) exec sleep 30 ;;
esac
echo "Welcome to your seat"
exec ${2#sudo -n }
"""


@pytest.fixture
def seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What was on ssh's command line."""
    ssh = tmp_path / "bin" / "ssh"
    ssh.parent.mkdir()
    ssh.write_text(SSH)
    ssh.chmod(0o755)
    monkeypatch.setenv("PATH", f"{ssh.parent}:{os.environ['PATH']}")
    monkeypatch.setenv("LAB_TEST_SEEN", str(tmp_path / "seen"))
    monkeypatch.setattr(program, "PYTHON", ("python3", "-I", "-S", "-"))
    monkeypatch.setattr(asking, "PYTHON", program.PYTHON)
    return tmp_path / "seen"


def probe(folder: Path, **wanted: Any) -> Probe:
    return Probe(LabFolder(folder), "cs", wanted, {}, SEAT)


def test_a_seat_says_why_things_are_missing_in_the_order_of_the_work(seen: Path, tmp_path: Path) -> None:
    wanted = {"venv": {"path": f"{tmp_path}/venv", "owner": "root", "python": "3.11"}}
    asked = probe(tmp_path, project={"path": "/none", "digest": "secret-7", "venv": ""}, **wanted).all(
        [{"student": "ada"}, {"student": "ben"}]
    )
    assert [each.student for each in asked] == ["ada", "ben"]
    assert dict(asked[0].why or {}) == {"venv": f"there is no {tmp_path}/venv", "project": "the project is new"}
    assert list(asked[0].why or {}) == ["venv", "project"]
    # Nothing of it is where other users of the computer, or of the seat, could see it.
    assert "secret-7" not in seen.read_text() and str(tmp_path / "venv") not in seen.read_text()


def test_one_that_cannot_be_asked_holds_up_nobody(seen: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "ENDS_WITHIN", 1)
    students = ["gone", "odd", "mute", "slow", "ada"]
    asked = probe(tmp_path, packages={"names": []}).all([{"student": each} for each in students])
    reasons = {each.student: each.reason("`make up`") for each in asked if each.why is None}
    assert list(reasons) == students[:-1] and asked[-1].why == {}
    assert reasons["gone"].startswith("It runs, but its SSH does not answer yet.")
    assert reasons["slow"].startswith("It is too busy to answer in time.")
    assert "sudo: a password is required." in reasons["odd"]
    assert "it said nothing" in reasons["mute"]
    assert asked[1].told == {"msg": "sudo: a password is required"} and asked[-1].told == {"why": {}}


def test_each_seat_is_asked_for_its_own_key_and_end(tmp_path: Path) -> None:
    folder = LabFolder(tmp_path)
    folder.write(Path(f"{folder.student_key('ada')}.pub"), "ssh-ed25519 AAAA made\n")
    wanted = {"access": {"user": "ubuntu"}, "deadline": {"ends_at": "2099-01-01T00:00:00Z"}}
    this = Probe(folder, "cs", wanted, {"ben": "ssh-ed25519 BBBB own"}, SEAT)

    def of(**seat: str) -> dict[str, Any]:
        return this._of(seat, this._public_key(seat))

    assert of(student="ada")["access"] == {"user": "ubuntu", "public_key": "ssh-ed25519 AAAA made"}
    assert of(student="ben")["access"]["public_key"] == "ssh-ed25519 BBBB own"
    assert of(student="cy", public_key="ssh-ed25519 CCCC")["access"]["public_key"] == "ssh-ed25519 CCCC"
    assert of(student="ada")["deadline"] == wanted["deadline"]
    assert of(student="ada", ends_at="2099-01-02T00:00:00Z")["deadline"] == {"ends_at": "2099-01-02T00:00:00Z"}
    assert "deadline" not in of(student="ada", ends_at="")
    assert wanted["access"] == {"user": "ubuntu"}


def test_the_way_is_the_ssh_config_or_the_seats_own(tmp_path: Path) -> None:
    this = probe(tmp_path)
    assert this._way({"student": "ada"})[:3] == ["ssh", "-F", f"{tmp_path}/ssh_config"]
    assert this._way({"student": "ada", "ssh": "-F none -o 'A b'"}) == [
        *("ssh", "-F", "none", "-o", "A b", "-o", "BatchMode=yes"),
        "ada",
    ]


def test_what_a_seat_says_besides_is_no_answer() -> None:
    assert program.answer('hello\nclasslab-missing {"pip": "gone"}\n') == {"pip": "gone"}
    assert program.answer("hello\n") is None
    assert Asked("ada", "", None, "").told == {"msg": "it said nothing"}
