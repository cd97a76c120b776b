"""The lab folder is its owner's alone, and only one command at a time changes a lab."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from classlab.errors import ClasslabError
from classlab.labfolder import LabFolder

# Takes the lock and hands it on to a child, as `classlab up` does with ansible; then waits.
HOLDS = """
import subprocess, sys
from pathlib import Path
from classlab.labfolder import LabFolder
with LabFolder(Path(sys.argv[1])).alone("make up CLASS=demo", print) as lock:
    subprocess.Popen(["sleep", sys.argv[2]], pass_fds=[lock], stdout=subprocess.DEVNULL)
    print("taken", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def folder(tmp_path: Path) -> LabFolder:
    return LabFolder(tmp_path / ".lab" / "demo")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def holder(folder: LabFolder, child_lives: float) -> subprocess.Popen[str]:
    words = [sys.executable, "-c", HOLDS, str(folder.path), str(child_lives)]
    process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    assert process.stdout.readline() == "taken\n"
    return process


def test_nobody_else_may_look_into_it(folder: LabFolder) -> None:
    folder.path.mkdir(parents=True)
    folder.path.parent.chmod(0o755)
    folder.path.chmod(0o777)
    folder.remember("aws")
    folder.write(folder.student_key("ada"), "secret", 0o400)
    assert mode(folder.path.parent) == mode(folder.path) == mode(folder.path / "keys") == 0o700
    assert mode(folder.cloud) == 0o600
    assert mode(folder.student_key("ada")) == 0o400


def test_only_folders_of_labs_are_tightened(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    LabFolder(tmp_path / "lab").make()
    assert mode(tmp_path) == 0o755


def test_a_file_is_there_whole_or_not_at_all(folder: LabFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.write(folder.known_hosts, "before")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        folder.write(folder.known_hosts, "half")
    assert folder.known_hosts.read_text() == "before"
    assert [each.name for each in folder.path.iterdir()] == ["known_hosts"]


def test_the_cloud_is_remembered_until_it_is_forgotten(folder: LabFolder) -> None:
    assert folder.remembered() == ""
    folder.remember("aws")
    assert folder.remembered() == "aws"
    folder.forget()
    folder.forget()
    assert folder.remembered() == ""


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / ".lab").write_text("a file")
    with pytest.raises(ClasslabError, match="it holds the lab's keys, so make it a folder that only you may open"):
        LabFolder(tmp_path / ".lab" / "demo").make()


def test_a_second_command_is_refused_and_told_which_process_is_at_work(folder: LabFolder) -> None:
    first = holder(folder, 0)
    refusal = rf"Process {first.pid} \(make up CLASS=demo, since \d\d:\d\d\) is at work on this lab.*kill {first.pid}\."
    with pytest.raises(ClasslabError, match=refusal), folder.alone("make down", print):
        pass
    first.communicate("")
    with folder.alone("make down", print):
        pass


def test_after_a_kill_the_next_command_waits_for_the_last_step(folder: LabFolder) -> None:
    first = holder(folder, 2)
    first.kill()
    os.waitid(os.P_PID, first.pid, os.WEXITED | os.WNOWAIT)  # it stays a zombie, which does no work
    said: list[str] = []
    with folder.alone("make down", said.append):
        assert said == ["The last step of make up CLASS=demo that was killed is still at work; waiting for it."]


def test_a_last_step_that_does_not_end_is_named(folder: LabFolder) -> None:
    first = holder(folder, 3)
    first.kill()
    first.wait()
    with pytest.raises(ClasslabError, match=r"does not end: lsof .*lock names its processes"):  # noqa: SIM117
        with folder.alone("make down", print, patience=0.5):
            pass


def test_the_lock_goes_with_an_error(folder: LabFolder) -> None:
    with pytest.raises(ZeroDivisionError), folder.alone("make up", print):
        _ = 1 / 0
    with folder.alone("make up", print):
        pass
