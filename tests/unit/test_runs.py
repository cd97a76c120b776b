"""Which run a class is at, and the grid of how it went."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from classlab.day.runs import Outcome, Run, choose, close, grid, outcomes
from classlab.errors import UsageError
from classlab.labfolder import LabFolder

NOW = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)
RUN = Run("20261120-180000", "python main.py", "/home/ubuntu/lesson")


@pytest.fixture
def folder(tmp_path: Path) -> LabFolder:
    (tmp_path / "lesson").mkdir()
    return LabFolder(tmp_path / ".lab" / "cs")


def chosen(folder: LabFolder, command: str = RUN.command, minutes: int = 0) -> Run:
    base = folder.path.parents[1]
    return choose(folder, command, "lesson", base, "cs", NOW + timedelta(minutes=minutes))


def test_a_run_stays_the_same_until_it_was_shown(folder: LabFolder) -> None:
    assert chosen(folder) == RUN
    assert chosen(folder, minutes=5) == RUN
    close(folder, [Outcome("ada", "done", 0), Outcome("ben", "running")])
    assert chosen(folder, minutes=6) == RUN
    close(folder, [Outcome("ada", "done", 0), Outcome("ben", "done", 1)])
    assert chosen(folder, minutes=7).id == "20261120-180700"


def test_another_command_is_another_run(folder: LabFolder) -> None:
    chosen(folder)
    assert chosen(folder, "python other.py", 1) == Run("20261120-180100", "python other.py", RUN.directory)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"id": "x"}', "null"])
def test_a_damaged_record_is_no_run(folder: LabFolder, content: str) -> None:
    folder.write(folder.run, content)
    assert chosen(folder) == RUN


def test_without_a_project_it_runs_at_home_and_without_a_command_not_at_all(folder: LabFolder) -> None:
    assert choose(folder, "uptime", "", folder.path, "cs", NOW).directory == "/home/ubuntu"
    assert choose(folder, "ls", "https://example.com/x/lesson.git", folder.path, "cs", NOW).directory.endswith(
        "/lesson"
    )
    with pytest.raises(UsageError, match=r"write lab_run .* make run CLASS=cs SCRIPT='python main.py'"):
        choose(folder, "", "", folder.path, "cs", NOW)


def test_what_each_seat_has_said(folder: LabFolder) -> None:
    done = {"state": "done", "status": 0, "seconds": 0.0, "last": "x" * 90, "id": RUN.id, "command": RUN.command}
    told = {
        "s10": done,
        "s9": {**done, "status": 3, "last": ""},
        "ben": {"failed": True, "msg": "There is no tmux on this seat."},
        "eve": {**done, "id": "other", "command": "sleep 9", "state": "running", "status": None, "seconds": 61.25},
    }
    found = outcomes(told, ["s9", "s10", "zoe", "ada"], ["s9", "s10", "ada", "ben", "eve"])
    lines = grid(found, RUN)
    assert lines[0].split() == ["student", "exit", "seconds", "last", "line"]
    assert [line.split()[:2] for line in lines[1:5]] == [
        ["ada", "not"],
        ["ben", "not"],
        ["eve", "running"],
        ["s9", "3"],
    ]
    assert lines[1].endswith("the seat did not say how it went")
    assert lines[2].endswith("There is no tmux on this seat.")
    assert lines[5].startswith("  s10      0 ") and len(lines[5]) == 80 and lines[5].endswith("x…")
    assert lines[6].endswith("there is no seat that runs")
    assert lines[7] == "Under way was another run, so nothing was begun there: sleep 9"
    assert lines[8] == "python main.py: 1 of 6 well, 1 still running."
    assert [each.good for each in found] == [False, False, False, False, True, False]
    assert not replace(found[4], status=None).good
