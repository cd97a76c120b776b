"""`make check`: each thing that is looked at here and on a seat, when it is well and when it is not."""

import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from classlab.check import account, checkup, finding, here, seats
from classlab.check.finding import Finding, bad, good
from classlab.check.seats import Entered
from classlab.cloud.seats import Seat
from classlab.labfolder import LabFolder
from classlab.project import bundle
from classlab.trust import keys, sshconfig

ROOT = Path(__file__).parents[2]
# Takes the lock, hands it on to a child as `classlab up` does with ansible, and waits.
HOLDS = """
import subprocess, sys
from pathlib import Path
from classlab.labfolder import LabFolder
with LabFolder(Path(sys.argv[1])).alone("make up CLASS=cs", print) as lock:
    subprocess.Popen(["sleep", "60"], pass_fds=[lock], stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
    print("taken", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def folder(tmp_path: Path) -> LabFolder:
    """With the keys of a class of two."""
    made = LabFolder(tmp_path / ".lab" / "cs")
    keys.ensure_all(made, "cs", "ed25519", ["ada", "ben"])
    return made


def in_folder(folder: LabFolder, up: bool = True) -> list[Finding]:
    return list(here.lab_folder(folder, ["ada", "ben"], up, "make up CLASS=cs"))


def entered(student: str, ahead: float = 0, timer: str = "active", why: str = "") -> Entered:
    return Entered(Seat(f"i-{student}", student, "running", "10.0.0.1", "", {}), [], why, ahead, timer)


def test_a_line_for_each_and_a_longer_one_goes_on_below() -> None:
    said = "It is wrong, and " + "very " * 12 + "much so: `make up CLASS=cs STUDENT=ada` mends it."
    lines = finding.lines("The seats", [good("ada", "well"), bad("ben: venv", said)])
    assert lines[:2] == ["The seats", "  ✓ ada: well"]
    assert lines[2].startswith("  ✗ ben: venv: It is wrong") and lines[3].startswith("    ")
    assert any("`make up CLASS=cs STUDENT=ada`" in each for each in lines), "a command stays in one line"
    assert all(len(each) <= 80 for each in lines)
    assert finding.lines("The seats", []) == []


def test_ssh_is_there_and_git_is_asked_for_an_address_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert [(each.what, each.ok) for each in here.tools("lesson", tmp_path)] == [("ssh", True)]
    git = "https://example.org/lesson.git"
    assert [(each.what, each.ok) for each in here.tools(git, tmp_path)] == [("ssh", True), ("git", True)]
    monkeypatch.setenv("PATH", str(tmp_path))
    ssh, _ = here.tools(git, tmp_path)
    assert not ssh.ok and "`sudo apt-get install openssh-client`" in ssh.said
    (tmp_path / "ssh").write_text("#!/bin/sh\necho broken >&2; exit 1\n")
    (tmp_path / "ssh").chmod(0o755)
    [ssh] = here.tools("", tmp_path)
    assert not ssh.ok and "does not run (broken)" in ssh.said


def test_packages_are_as_the_lock_pins_them(tmp_path: Path) -> None:
    found = here.packages(ROOT / "requirements.txt")
    assert found.ok and "amazon.aws " in found.said
    lock = tmp_path / "requirements.txt"
    lock.write_text("boto3==0.1 \\\n    --hash=sha256:00\nno-such-package==1.0 \\\n    --hash=sha256:00\n")
    found = here.packages(lock)
    assert not found.ok
    assert "boto3 " in found.said and "no-such-package missing, not 1.0" in found.said and "`make setup`" in found.said


def test_a_collection_that_was_damaged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(here, "COLLECTIONS", ("amazon.aws", "no.such"))
    found = here.packages(ROOT / "requirements.txt")
    assert not found.ok and "The collection no.such is not there" in found.said


def test_room_on_the_disk(folder: LabFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    assert here.room(folder).ok
    assert here.room(LabFolder(folder.path / "not" / "there")).ok
    monkeypatch.setattr(here, "ROOM", 2**60)
    assert not here.room(folder).ok


def test_the_lab_folder_is_as_it_should_be(folder: LabFolder, tmp_path: Path) -> None:
    assert in_folder(folder) == [good("lab folder", ".lab/cs, 3 keys, for nobody's eyes but yours")]
    nothing = in_folder(LabFolder(tmp_path / ".lab" / "other"), up=False)
    assert nothing == [good("lab folder", "there is none yet; `make up CLASS=cs` makes .lab/other")]


def test_what_others_could_read_is_named_with_its_chmod(folder: LabFolder) -> None:
    folder.student_key("ada").chmod(0o644)
    folder.path.chmod(0o755)
    assert [(each.ok, each.said) for each in in_folder(folder)] == [
        (False, ".lab/cs/keys/ada.pem has the mode 644: `chmod 400 .lab/cs/keys/ada.pem`."),
        (False, ".lab/cs has the mode 755: `chmod 700 .lab/cs`."),
    ]


def test_keys_that_are_missing_matter_when_there_are_seats(folder: LabFolder) -> None:
    folder.student_key("ada").unlink()
    assert [each.ok for each in in_folder(folder, up=False)] == [True]
    [found] = in_folder(folder)
    assert not found.ok and found.said == ".lab/cs/keys/ada.pem is not there: `make up CLASS=cs` makes it."
    folder.teacher_key.unlink()
    [found] = in_folder(folder)
    assert "bring it back from where the lab was brought up" in found.said


def test_a_key_that_is_none(folder: LabFolder) -> None:
    folder.write(folder.teacher_key, "nonsense", 0o400)
    [found] = in_folder(folder)
    assert not found.ok and "teacher.pem is no private key that can be used" in found.said


@pytest.fixture
def holder(folder: LabFolder) -> Iterator["subprocess.Popen[str]"]:
    words = [sys.executable, "-c", HOLDS, str(folder.path)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, process_group=0) as process:
        assert process.stdout and process.stdout.readline() == "taken\n"
        yield process
        subprocess.run(["kill", "-9", "--", f"-{process.pid}"], check=True)


def test_no_lock_and_one_that_was_left(folder: LabFolder) -> None:
    assert here.lock(folder).ok
    with folder.alone("make up", print):
        pass
    assert here.lock(folder).ok, "the file stays, and nobody holds it"


def test_a_command_at_work_and_one_that_was_killed(folder: LabFolder, holder: "subprocess.Popen[str]") -> None:
    found = here.lock(folder)
    assert not found.ok and f"make up CLASS=cs (process {holder.pid}, since " in found.said
    assert "is at work on this lab" in found.said
    holder.kill()
    holder.wait()
    found = here.lock(folder)
    assert not found.ok and "that was killed is still at work: `lsof .lab/cs/lock`" in found.said


@pytest.mark.parametrize(("seconds", "ok"), [(0, True), (50, True), (-50, True), (120, False), (-7200, False)])
def test_our_clock_against_the_clouds(seconds: int, ok: bool) -> None:
    assert account.own_clock(timedelta(seconds=seconds)).ok is ok
    assert "2 hours behind the cloud's" in account.own_clock(timedelta(hours=-2)).said
    assert "2 minutes ahead of the cloud's" in account.own_clock(timedelta(minutes=2)).said


def test_what_entering_a_seat_tells() -> None:
    assert list(seats.of_itself([entered("ada", 4.9), entered("ben", -4.9)], "cs")) == []
    told = list(seats.of_itself([entered("ada", 61), entered("ben", timer="inactive"), entered("cy", why="x")], "cs"))
    assert [(each.what, each.students) for each in told] == [("ada: clock", ["ada"]), ("ben: deadline", ["ben"])]
    assert "61 s ahead of this computer's" in told[0].said and "`make stop CLASS=cs STUDENT=ada`" in told[0].said
    assert "`make ssh CLASS=cs STUDENT=ben CMD='sudo systemctl start classlab-deadline.timer'`" in told[1].said


@pytest.mark.parametrize(
    ("ssh_said", "told"),
    [
        ("ssh: connect to host 10.0.0.1 port 22: Connection timed out", "`make allow` lets the new one in"),
        ("Timeout (20s)", "too busy to answer in time"),
        ("No ED25519 host key is known for i-1\nHost key verification failed.", "is not pinned in the lab folder"),
        ("@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @", "is not the one pinned at the first contact"),
    ],
)
def test_why_a_seat_was_not_entered(ssh_said: str, told: str) -> None:
    [found] = seats.not_entered([entered("ada", why=ssh_said), entered("ben")], "cs")
    assert (found.what, found.ok) == ("ada: ssh", False)
    assert told in found.said and "STUDENT=ada" in found.said


def test_a_silent_address_costs_seconds_and_not_minutes(folder: LabFolder) -> None:
    """192.0.2.0/24 is nobody's."""
    [found] = seats.enter(folder, [Seat("i-1", "ada", "running", "192.0.2.1", "", {})], "")
    assert found.why
    [found] = seats.enter(folder, [Seat("i-1", "ada", "running", "", "", {})], "")
    assert found.why == "it has no address"


def test_the_options_say_what_the_file_would(folder: LabFolder) -> None:
    seat = sshconfig.Seat("ada", "i-1", "10.0.0.1", 2222)
    words = subprocess.run(
        ["ssh", "-G", *sshconfig.options(folder, seat, 5), "ada"], capture_output=True, text=True, check=True
    ).stdout
    folder.write(folder.ssh_config, sshconfig.text(folder, "cs", [seat]))
    file = subprocess.run(
        ["ssh", "-G", "-F", str(folder.ssh_config), "ada"], capture_output=True, text=True, check=True
    ).stdout
    differing = set(words.splitlines()) ^ set(file.splitlines())
    assert {each.split()[0] for each in differing} == {"connecttimeout"}
    assert "connecttimeout 5" in words


def test_seats_that_are_well_share_a_line_and_each_trouble_has_its_own() -> None:
    before = [bad("cy: clock", "late", ["cy"]).told("seats"), good("ssh", "there").told("here")]
    answers = {
        "ada": {"why": {}},
        "ben": {"why": {"venv": "there is no /home/ubuntu/venv", "access": "the student's key is another one"}},
        "cy": {"why": {}},
        "dan": {"msg": "Timed out after 60 second(s)."},
    }
    found, say, count = checkup.verdict(before, ["dan", "cy", "ben", "ada"], answers, "cs")
    assert say[0] == "The seats"
    assert [each["what"] for each in found] == [
        "ssh", "ben: venv", "ben: the student's key", "cy: clock", "dan", "ada",
    ]  # fmt: skip
    assert found[1]["said"] == "there is no /home/ubuntu/venv: `make up CLASS=cs STUDENT=ben` mends it."
    assert "(Timed out after 60 second(s))" in found[4]["said"]
    assert count == "2 ok, 4 not ok"


def test_what_the_seat_says_of_its_deadline_is_told_once() -> None:
    before = [bad("ada: deadline", "its timer is inactive", ["ada"]).told("seats")]
    found, _, _ = checkup.verdict(before, ["ada"], {"ada": {"why": {"deadline": "no deadline is armed"}}}, "cs")
    assert [each["said"] for each in found] == ["no deadline is armed: `make up CLASS=cs STUDENT=ada` mends it."]


def test_the_project_is_known_without_being_bundled(tmp_path: Path) -> None:
    (tmp_path / "lesson").mkdir()
    (tmp_path / "lesson" / "main.py").write_text("print()\n")
    lab = tmp_path / "project"
    known = bundle.known("lesson", tmp_path, lab)
    assert not lab.exists()
    made = bundle.make("lesson", tmp_path, lab)
    assert known == {"name": made.name, "digest": made.digest}
    # Of a git address, what was made last.
    assert bundle.known("https://example.org/lesson.git", tmp_path / "x", lab) == known
    assert bundle.known("https://example.org/lesson.git", tmp_path / "x", tmp_path / "none") == {}
