"""A class on real hosts, as its teacher has it: up, up again, another roster, down; and killed in the middle."""

import re
import stat
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from aws_hosts import Lab
from school import School


@pytest.fixture
def school(lab: Lab) -> Iterator[School]:
    # Not tmp_path: that has the test's name in it, and ssh's sockets want short paths.
    with tempfile.TemporaryDirectory() as folder:
        school = School(lab.cloud, Path(folder))
        yield school
        if school.left():
            school.make("down", YES="yes")


def test_the_whole_way(school: School, lab: Lab) -> None:
    [foreign] = lab.launch()

    first = school.make("up")
    assert "2 seats of cs are ready" in first
    born = school.seats()
    assert set(born) == {"ada", "ben"}
    assert re.search(r"^Include .*/\.lab/cs/ssh_config$", first, re.MULTILINE)
    for file in school.folder.rglob("*.pem"):
        assert stat.S_IMODE(file.stat().st_mode) == 0o400
    assert not (school.folder / "first").exists() or not list((school.folder / "first").iterdir())
    assert school.ssh("ada", "python3.11 --version").startswith("Python 3.11.")
    assert school.ssh("cs-ben", "pip3.11 --version").endswith("(python 3.11)")
    assert school.ssh("ada", "bash -lc 'cd lesson && python main.py'").startswith("3.11.")
    assert school.ssh("ada", "bash -lc 'python -c \"import six; print(six.__version__)\"'") == "1.17.0"
    assert school.ssh("ada", "python3 --version").startswith("Python 3.12.")

    again = school.make("up")
    assert "Nothing changed" in again
    assert "0 changes, 0 failures" in again
    assert school.seats() == born

    school.ssh("ada", "echo '# mine' >> lesson/main.py")
    school.roster("ada", "ben", "cleo")
    more = school.make("up")
    assert "cleo" in more
    assert {student: seat for student, seat in school.seats().items() if student != "cleo"} == born
    assert school.ssh("cleo", "python3.11 --version").startswith("Python 3.11.")
    assert school.ssh("ada", "tail -1 lesson/main.py") == "# mine"

    school.roster("ada", "cleo")
    assert "PRUNE=yes" in school.make("up")
    assert set(school.seats()) == {"ada", "ben", "cleo"}
    school.make("up", PRUNE="yes")
    assert set(school.seats()) == {"ada", "cleo"}

    # Killed behind our back: the next up makes it anew.
    lab.terminate(school.seats()["cleo"])
    school.make("up")
    now = school.seats()
    assert set(now) == {"ada", "cleo"}
    assert now["ada"] == born["ada"]
    assert school.ssh("cleo", "python3.11 --version").startswith("Python 3.11.")

    gone = school.make("down", YES="yes")
    assert "cs is gone" in gone
    assert school.left() == []
    assert len(list((school.folder / "receipts").glob("*.txt"))) == 1
    assert "cs" in school.make("down", YES="yes")
    assert lab.state(foreign) == "running"
    lab.terminate(foreign)


MOMENTS: dict[str, Callable[[School, str], bool]] = {
    "the key is in the cloud, nothing else": lambda school, shown: "Tell EC2 the teacher's public key" in shown,
    "one of the seats is launched": lambda school, shown: bool(school.seats()),
    "a seat has proved who it is": lambda school, shown: (school.folder / "known_hosts").exists(),
    "a seat is being set up": lambda school, shown: "seat access" in shown,
}


@pytest.mark.parametrize("moment", MOMENTS)
def test_killed_then_up(school: School, moment: str) -> None:
    shown = school.kill_up(lambda shown: MOMENTS[moment](school, shown))
    assert "are ready" not in shown
    before = school.seats()

    assert "2 seats of cs are ready" in school.make("up")
    now = school.seats()
    assert set(now) == {"ada", "ben"}
    assert before.items() <= now.items(), "what was launched is used"
    for student in now:
        assert school.ssh(student, "bash -lc 'cd lesson && python main.py'").startswith("3.11.")


@pytest.mark.parametrize("moment", MOMENTS)
def test_killed_then_down(school: School, moment: str) -> None:
    school.kill_up(lambda shown: MOMENTS[moment](school, shown))
    assert "cs is gone" in school.make("down", YES="yes")
    assert school.left() == []


def test_down_without_the_lab_folder(school: School) -> None:
    school.kill_up(lambda shown: len(school.seats()) == 2)
    for file in sorted(school.folder.rglob("*"), reverse=True):
        file.rmdir() if file.is_dir() else file.unlink()
    school.folder.rmdir()
    assert "cs is gone" in school.make("down", YES="yes")
    assert school.left() == []
