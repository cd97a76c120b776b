"""What is missing on a seat, asked once."""

import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.append(str(Path(__file__).parents[2] / "plugins" / "module_utils"))  # what Ansible sends to a seat

from seat import facts, files
from seat.files import SeatError


def says(reason: str) -> Any:
    return lambda wanted: reason.format(**wanted)


def fails(error: Exception) -> Any:
    def ask(_: dict[str, Any]) -> str:
        raise error

    return ask


def test_reasons_come_in_the_order_of_the_work_and_what_is_not_wanted_is_not_asked() -> None:
    things = {
        "packages": says("{name} not installed"),
        "python": says(""),
        "pip": fails(AssertionError("asked")),
        "project": says("the project is new"),
    }
    wanted = {"project": {"path": "/p"}, "packages": {"name": "tmux"}, "python": {"version": "3.11"}, "pip": {}}
    found = facts.missing(things, wanted)
    assert list(found.items()) == [("packages", "tmux not installed"), ("project", "the project is new")]


def test_with_a_new_environment_the_projects_requirements_are_looked_at_again() -> None:
    wanted = {"venv": {"path": "/v"}, "project": {"path": "/p"}}
    assert facts.missing({"venv": says("gone"), "project": says("")}, wanted) == {
        "venv": "gone",
        "project": "it stands on venv",
    }
    assert facts.missing({"venv": says(""), "project": says("")}, wanted) == {}


def test_what_cannot_be_known_counts_as_missing() -> None:
    wanted = {"venv": {"path": "/v"}, "access": {"user": "x"}}
    things = {"access": fails(SeatError("There is no user 'x'.")), "venv": fails(PermissionError("no"))}
    assert facts.missing(things, wanted) == {"access": "There is no user 'x'.", "venv": "no"}


def test_a_damaged_record_is_none(tmp_path: Path) -> None:
    record = tmp_path / "etc" / "record.json"
    assert files.read_record(str(record)) == {}
    files.write_record(str(record), {"a": 1})
    assert files.read_record(str(record)) == {"a": 1}
    for text in ("", '{"a": 1', "[1]", "\udcff"):
        record.write_bytes(text.encode("utf-8", "surrogateescape"))
        assert files.read_record(str(record)) == {}


def test_a_file_is_put_in_place_whole_or_not_at_all(tmp_path: Path) -> None:
    file = tmp_path / "file"
    files.write_file(str(file), "one", mode=0o640)
    assert (file.read_text(), file.stat().st_mode & 0o777) == ("one", 0o640)
    (tmp_path / "folder").mkdir()
    with pytest.raises(SeatError, match="folder cannot be written: Is a directory"):
        files.write_file(str(tmp_path / "folder"), "two")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["file", "folder"]
