"""What happens to a student's files when the class's project comes to the seat."""

import io
import json
import os
import pwd
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from classlab.project import bundle

sys.path.append(str(Path(__file__).parents[2] / "plugins" / "module_utils"))  # what Ansible sends to a seat

from seat import project, project_folder
from seat.files import SeatError

V1 = {"main.py": "print(1)\n", "data/a.csv": "1\n", "data/old/b.csv": "2\n"}
V2 = {"main.py": "print(2)\n", "data/a.csv": "1\n", "data/c.csv": "3\n"}
V3 = {"main.py": "print(3)\n", "data/a.csv": "one\n", "data/old": "a file now\n"}


class Killed(BaseException):
    """As SIGKILL: nothing that is written for errors catches it."""


class Seat:
    """A seat's home and records, and the teacher who brings one version of the project after the other."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.home, self.etc = folder, folder / "home", folder / "etc"
        self.home.mkdir()
        self.root = self.home / "weather"
        self.owner = pwd.getpwuid(os.getuid()).pw_name
        self.venv = ""

    def wanted(self, made: bundle.Bundle, *, force: bool = False) -> dict[str, Any]:
        return {
            "path": str(self.root),
            "owner": self.owner,
            "digest": made.digest,
            "force": force,
            "venv": self.venv,
        }

    def make(self, files: dict[str, str]) -> bundle.Bundle:
        source = self.folder / "teacher" / "weather"
        shutil.rmtree(source, ignore_errors=True)
        put(source, files)
        return bundle.make("weather", source.parent, self.folder / "lab")

    def bring(self, files: dict[str, str] | bundle.Bundle, *, force: bool = False) -> dict[str, Any]:
        """Ask what is missing, do it, and ask again: nothing may be missing then."""
        made = files if isinstance(files, bundle.Bundle) else self.make(files)
        wanted = self.wanted(made, force=force)
        missing = project.missing(wanted)
        done = project.ensure(self.run, wanted, io.BytesIO(made.archive.read_bytes()))
        assert project.missing(wanted) == ""
        return {**done, "missing": missing}

    def run(self, *_: Any, **__: Any) -> tuple[int, str, str]:
        raise AssertionError("no program is needed for files")

    @property
    def there(self) -> dict[str, str]:
        files = {str(each.relative_to(self.root)): each for each in self.root.rglob("*")}
        return {path: each.read_text() for path, each in files.items() if each.is_file() and not each.is_symlink()}

    @property
    def aside(self) -> dict[str, str]:
        """By path below the folder with the date, of which there is one."""
        [folder] = self.root.with_name("weather.set-aside").iterdir()
        return {str(each.relative_to(folder)): each.read_text() for each in folder.rglob("*") if each.is_file()}


def put(folder: Path, files: dict[str, str]) -> None:
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)


@pytest.fixture
def seat(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Seat:
    seat = Seat(tmp_path)
    monkeypatch.setattr(project, "RECORD", str(seat.etc / "project.json"))
    monkeypatch.setattr(project, "REQUIREMENTS", str(seat.etc / "requirements"))
    return seat


def test_the_first_time_all_is_put(seat: Seat) -> None:
    done = seat.bring(V1)
    assert done["missing"] == "the project is new"
    assert done["put"] == 3
    assert seat.there == V1


def test_the_second_time_nothing_is_missing(seat: Seat) -> None:
    seat.bring(V1)
    written = (seat.root / "main.py").stat().st_mtime_ns
    done = seat.bring(V1)
    assert (done["missing"], done["put"], done["removed"]) == ("", 0, [])
    assert (seat.root / "main.py").stat().st_mtime_ns == written


def test_a_new_version_updates_puts_and_removes(seat: Seat) -> None:
    seat.bring(V1)
    done = seat.bring(V2)
    assert done["missing"] == "the project has changed"
    assert (done["put"], done["removed"], done["kept"]) == (2, ["data/old/b.csv"], [])
    assert seat.there == V2
    assert not (seat.root / "data" / "old").exists()


def test_back_to_an_earlier_version(seat: Seat) -> None:
    seat.bring(V1)
    seat.bring(V2)
    assert seat.bring(V1)["kept"] == []
    assert seat.there == V1


def test_a_students_change_is_kept_and_named_when_there_is_something_newer(seat: Seat) -> None:
    seat.bring(V1)
    put(seat.root, {"main.py": "mine\n", "data/a.csv": "my data\n"})
    assert seat.bring(V1)["missing"] == ""
    done = seat.bring(V2)
    assert done["kept"] == ["data/a.csv", "main.py"]
    assert done["conflicts"] == ["main.py"]
    assert seat.there == {**V2, "main.py": "mine\n", "data/a.csv": "my data\n"}


def test_force_sets_the_students_change_aside(seat: Seat) -> None:
    seat.bring(V1)
    put(seat.root, {"main.py": "mine\n", "data/a.csv": "my data\n", "own.py": "own\n"})
    done = seat.bring(V1, force=True)
    assert done["missing"] == "data/a.csv is the student's own"
    assert done["set_aside"] == ["data/a.csv", "main.py"]
    assert seat.there == {**V1, "own.py": "own\n"}
    assert seat.aside == {"main.py": "mine\n", "data/a.csv": "my data\n"}
    assert done["aside"].startswith(f"{seat.root}.set-aside/20")
    assert seat.bring(V1, force=True)["missing"] == ""


def test_what_was_set_aside_once_is_not_overwritten(seat: Seat, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(project_folder.time, "strftime", lambda _: "2026-11-20T10-00-00")
    seat.bring(V1)
    for number in (1, 2):
        put(seat.root, {"main.py": f"mine {number}\n"})
        seat.bring(V1, force=True)
    found = sorted(each.read_text() for each in seat.home.glob("weather.set-aside/*/main.py"))
    assert found == ["mine 1\n", "mine 2\n"]


def test_a_students_copy_of_a_file_that_leaves_the_project(seat: Seat) -> None:
    seat.bring(V1)
    put(seat.root, {"data/old/b.csv": "mine\n", "data/old/own.csv": "own\n"})
    done = seat.bring(V2)
    assert (done["kept"], done["conflicts"], done["removed"]) == (["data/old/b.csv"], [], [])
    assert seat.there == {**V2, "data/old/b.csv": "mine\n", "data/old/own.csv": "own\n"}
    # From now on it is the student's file like any other.
    assert seat.bring(V2, force=True)["missing"] == ""


def test_own_files_are_never_touched(seat: Seat) -> None:
    seat.bring(V1)
    put(seat.root, {"data/old/own.csv": "own\n", "plots/a.png": "plot\n"})
    seat.bring(V2, force=True)
    assert seat.there == {**V2, "data/old/own.csv": "own\n", "plots/a.png": "plot\n"}


def test_what_the_student_deleted_is_put_again(seat: Seat) -> None:
    seat.bring(V1)
    (seat.root / "main.py").unlink()
    assert seat.bring(V1)["missing"] == "main.py is not there"
    shutil.rmtree(seat.root)
    seat.bring(V1)
    assert seat.there == V1


def test_a_file_that_the_student_made_before_us(seat: Seat) -> None:
    put(seat.root, {"main.py": "mine\n", "data/a.csv": "1\n"})
    done = seat.bring(V1)
    assert (done["kept"], done["conflicts"], done["put"]) == (["main.py"], ["main.py"], 1)
    assert seat.there == {**V1, "main.py": "mine\n"}


def test_a_file_where_a_folder_was(seat: Seat) -> None:
    seat.bring(V1)
    seat.bring(V3)
    assert seat.there == V3
    seat.bring(V1)
    assert seat.there == V1


def test_a_file_where_the_students_folder_is(seat: Seat) -> None:
    seat.bring(V1)
    put(seat.root, {"data/old/own.csv": "own\n"})
    done = seat.bring(V3)
    assert (done["kept"], done["conflicts"]) == (["data/old"], ["data/old"])
    assert (seat.root / "data/old/own.csv").read_text() == "own\n"
    seat.bring(V3, force=True)
    assert seat.there == V3
    assert seat.aside == {"data/old/own.csv": "own\n"}


def test_modes_follow_the_class_and_spare_the_students(seat: Seat) -> None:
    source = seat.folder / "teacher" / "weather"
    seat.bring({**V1, "run.sh": "#!/bin/sh\n"})
    (seat.root / "main.py").chmod(0o700)
    (source / "run.sh").chmod(0o755)
    seat.bring(bundle.make("weather", source.parent, seat.folder / "lab"))
    assert (seat.root / "run.sh").stat().st_mode & 0o777 == 0o755
    assert (seat.root / "main.py").stat().st_mode & 0o777 == 0o700


def test_links_and_empty_folders(seat: Seat) -> None:
    source = seat.folder / "teacher" / "weather"
    seat.make(V1)
    (source / "newest.csv").symlink_to("data/a.csv")
    (source / "plots").mkdir()
    made = bundle.make("weather", source.parent, seat.folder / "lab")
    seat.bring(made)
    assert (seat.root / "newest.csv").readlink() == Path("data/a.csv")
    assert (seat.root / "plots").is_dir()
    (seat.root / "newest.csv").unlink()
    (seat.root / "newest.csv").symlink_to("main.py")
    assert seat.bring(made, force=True)["set_aside"] == ["newest.csv"]
    seat.bring(V1)
    assert not os.path.lexists(seat.root / "newest.csv")
    assert not (seat.root / "plots").exists()


class TestTraps:
    """A student put something in the way, on purpose or not. What lies elsewhere must come to no harm."""

    @pytest.fixture
    def elsewhere(self, seat: Seat) -> Path:
        put(seat.home / "elsewhere", {"a.csv": "precious\n", "c.csv": "precious\n"})
        return seat.home / "elsewhere"

    def test_a_folder_became_a_link_to_elsewhere(self, seat: Seat, elsewhere: Path) -> None:
        seat.bring(V1)
        shutil.rmtree(seat.root / "data")
        (seat.root / "data").symlink_to(elsewhere)
        assert seat.bring(V1)["missing"] == ""
        done = seat.bring(V2)
        assert (done["kept"], done["conflicts"]) == (["data"], ["data"])
        assert {each.name: each.read_text() for each in elsewhere.iterdir()} == dict.fromkeys(
            ["a.csv", "c.csv"], "precious\n"
        )
        assert seat.bring(V2, force=True)["set_aside"] == ["data"]
        assert seat.there == V2
        assert sorted(each.name for each in elsewhere.iterdir()) == ["a.csv", "c.csv"]

    def test_a_file_became_a_link_to_elsewhere(self, seat: Seat, elsewhere: Path) -> None:
        seat.bring(V1)
        (seat.root / "main.py").unlink()
        (seat.root / "main.py").symlink_to(elsewhere / "a.csv")
        assert seat.bring(V2)["kept"] == ["main.py"]
        assert (elsewhere / "a.csv").read_text() == "precious\n"
        seat.bring(V2, force=True)
        assert (elsewhere / "a.csv").read_text() == "precious\n"
        assert not (seat.root / "main.py").is_symlink()

    def test_the_whole_project_became_a_link(self, seat: Seat, elsewhere: Path) -> None:
        seat.bring(V1)
        shutil.rmtree(seat.root)
        seat.root.symlink_to(elsewhere)
        assert seat.bring(V2)["missing"] == "the project has changed"
        assert sorted(each.name for each in elsewhere.iterdir()) == ["a.csv", "c.csv"]
        seat.bring(V2, force=True)
        assert seat.there == V2
        assert sorted(each.name for each in elsewhere.iterdir()) == ["a.csv", "c.csv"]

    def test_a_link_waits_where_a_file_is_written_first(self, seat: Seat, elsewhere: Path) -> None:
        seat.bring(V1)
        (seat.root / project_folder.PART).symlink_to(elsewhere / "a.csv")
        seat.bring(V2)
        assert (elsewhere / "a.csv").read_text() == "precious\n"
        assert seat.there == V2

    def test_a_pipe_does_not_stop_us(self, seat: Seat) -> None:
        seat.bring(V1)
        (seat.root / "main.py").unlink()
        os.mkfifo(seat.root / "main.py")
        assert seat.bring(V2)["kept"] == ["main.py"]
        seat.bring(V2, force=True)
        assert seat.there == V2

    def test_an_archive_that_names_other_places_is_refused(self, seat: Seat) -> None:
        import gzip
        import tarfile

        packed = io.BytesIO()
        with gzip.GzipFile(fileobj=packed, mode="wb") as out, tarfile.open(fileobj=out, mode="w") as tar:
            tar.addfile(tarfile.TarInfo("data/../../x"))
        wanted = {"path": str(seat.root), "owner": seat.owner, "digest": "1"}
        with pytest.raises(SeatError, match="not in the project"):
            project.ensure(seat.run, wanted, io.BytesIO(packed.getvalue()))

    def test_a_damaged_archive_changes_nothing(self, seat: Seat) -> None:
        seat.bring(V1)
        made = seat.make(V2)
        half = made.archive.read_bytes()[:-30]
        with pytest.raises(SeatError, match=r"came damaged to the seat.*Run it again"):
            project.ensure(seat.run, seat.wanted(made), io.BytesIO(half))
        assert seat.there == V1


class TestInterrupted:
    """Killed between any two calls that change something, the next run goes on; what is ours stays known as ours."""

    CALLS = ("open", "replace", "unlink", "rmdir", "rename", "makedirs", "symlink", "fchmod")

    @pytest.fixture
    def kill_at(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[int], pytest.MonkeyPatch]]:
        def armed(count: int) -> pytest.MonkeyPatch:
            patch = pytest.MonkeyPatch()
            left = [count]

            def counted(call: Any) -> Any:
                def counting(*words: Any, **more: Any) -> Any:
                    left[0] -= 1
                    if left[0] < 0:
                        raise Killed
                    return call(*words, **more)

                return counting

            for name in self.CALLS:
                patch.setattr(os, name, counted(getattr(os, name)))
            return patch

        yield armed

    @pytest.mark.parametrize("force", [False, True])
    @pytest.mark.parametrize("next_version", [V1, V2, V3])
    def test_the_next_run_goes_on(
        self,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        kill_at: Callable[[int], pytest.MonkeyPatch],
        next_version: dict[str, str],
        force: bool,
    ) -> None:
        for moment in range(100):
            (tmp_path / str(moment)).mkdir()
            seat = Seat(tmp_path / str(moment))
            monkeypatch.setattr(project, "RECORD", str(seat.etc / "project.json"))
            monkeypatch.setattr(project, "REQUIREMENTS", str(seat.etc / "requirements"))
            seat.bring(V1)
            put(seat.root, {"own.py": "own\n", "data/c.csv": "own\n"})
            made = seat.make(V2)
            packed = io.BytesIO(made.archive.read_bytes())
            patch = kill_at(moment)
            try:
                project.ensure(seat.run, seat.wanted(made, force=force), packed)
                finished = True
            except Killed:
                finished = False
            finally:
                patch.undo()
            kept = seat.bring(next_version)["kept"]
            # One of the class's files was the student's before: it is where it was, or set aside. The rest is ours.
            own = {**seat.there, **(seat.aside if (seat.home / "weather.set-aside").exists() else {})}
            assert own["own.py"] == own["data/c.csv"] == "own\n" or "data/c.csv" in seat.aside, moment
            assert set(kept) <= {"data/c.csv"}, moment
            expected = {**next_version, "own.py": "own\n"}
            mine = {path: text for path, text in seat.there.items() if path != "data/c.csv"}
            assert mine == {path: text for path, text in expected.items() if path != "data/c.csv"}, moment
            if finished:
                assert moment > 10
                return
        raise AssertionError("it never came to an end")


class TestRequirements:
    """They are the class's, whatever the student made of the file; and are asked for as the role venv has it."""

    @pytest.fixture
    def installed(self, seat: Seat, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
        """What was installed: from which file, and what it said."""
        installed: list[tuple[str, str]] = []

        def missing(venv: str, record: str, text: str) -> str:
            return "" if installed and installed[-1][1] == text else "the requirements are new"

        def install(run: object, venv: str, owner: str, file: str) -> None:
            installed.append((file, project.venv.read_requirements(file)))

        monkeypatch.setattr(project.venv, "requirements_missing", missing)
        monkeypatch.setattr(project.venv, "install_requirements", install)
        monkeypatch.setattr(project.venv, "packages_folder", lambda venv: f"{venv}/lib")
        seat.venv = "/home/ubuntu/venv"
        return installed

    def test_they_are_installed_from_the_project(self, seat: Seat, installed: list[tuple[str, str]]) -> None:
        seat.bring({**V1, "requirements.txt": "numpy\n"})
        seat.bring({**V1, "requirements.txt": "numpy\n"})
        assert installed == [(f"{seat.root}/requirements.txt", "numpy\n")]

    def test_a_students_own_are_not(self, seat: Seat, installed: list[tuple[str, str]]) -> None:
        seat.bring({**V1, "requirements.txt": "-r more/base.txt\n", "more/base.txt": "numpy\n"})
        put(seat.root, {"more/base.txt": "nonsense\n"})
        done = seat.bring({**V1, "requirements.txt": "-r more/base.txt\n", "more/base.txt": "scipy\n"})
        assert done["conflicts"] == ["more/base.txt"]
        assert installed[-1] == (f"{seat.etc}/requirements/requirements.txt", "-r more/base.txt\n\nscipy\n")

    def test_a_new_environment_gets_them_without_the_archive(
        self, seat: Seat, installed: list[tuple[str, str]]
    ) -> None:
        made = seat.make({**V1, "requirements.txt": "numpy\n"})
        seat.bring(made)
        installed.clear()
        wanted = seat.wanted(made)
        assert project.missing(wanted) == "the requirements are new"
        assert project.files_missing(wanted) == ""
        project.ensure(seat.run, wanted, None)
        assert len(installed) == 1

    def test_without_requirements_nothing_is_installed(self, seat: Seat, installed: list[tuple[str, str]]) -> None:
        seat.bring({**V1, "requirements.txt": "numpy\n"})
        seat.bring(V2)
        assert len(installed) == 1
        assert not (seat.etc / "requirements").exists()


def test_what_cannot_be_written_is_named_and_the_rest_is_brought(seat: Seat, monkeypatch: pytest.MonkeyPatch) -> None:
    written = project_folder.Folder.write

    def refusing(self: Any, path: str, *more: Any) -> None:
        if path.startswith("data/"):
            raise PermissionError(13, "Permission denied", path)
        written(self, path, *more)

    made = seat.make(V1)
    with monkeypatch.context() as patch:
        patch.setattr(project_folder.Folder, "write", refusing)
        with pytest.raises(SeatError, match=r"data/a.csv \(Permission denied\), data/old.*sudo chown -R"):
            project.ensure(seat.run, seat.wanted(made), io.BytesIO(made.archive.read_bytes()))
    assert seat.there == {"main.py": "print(1)\n"}
    assert seat.bring(made)["put"] == 2
    assert seat.there == V1


def test_a_damaged_record_costs_nothing(seat: Seat) -> None:
    seat.bring(V1)
    put(seat.root, {"own.py": "own\n"})
    (seat.etc / "project.json").write_text("{half")
    done = seat.bring(V1)
    assert (done["missing"], done["put"], done["kept"]) == ("the project is new", 0, [])


def test_another_project_leaves_the_first_where_it_is(seat: Seat) -> None:
    seat.bring(V1)
    first, seat.root = seat.root, seat.home / "other"
    seat.bring(V2)
    assert (first / "main.py").read_text() == "print(1)\n"
    assert seat.there == V2
    seat.root = first
    assert seat.bring(V1)["missing"] == ""
    assert set(json.loads((seat.etc / "project.json").read_text())) == {str(first), str(seat.home / "other")}


def test_no_such_user(seat: Seat) -> None:
    seat.owner = "nobody-at-all"
    with pytest.raises(SeatError, match="no user 'nobody-at-all'"):
        seat.bring(V1)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can write as somebody else")
def test_root_writes_as_the_student(seat: Seat) -> None:
    """What only root may write stays as it was, though the student made the project's folder a way to it."""
    with tempfile.TemporaryDirectory() as place:
        Path(place).chmod(0o755)
        home, closed = Path(place) / "home", Path(place) / "closed"
        student = pwd.getpwnam("nobody")
        home.mkdir()
        closed.mkdir()
        os.chown(home, student.pw_uid, student.pw_gid)
        seat.root, seat.owner = home / "weather", "nobody"
        seat.bring(V1)
        assert {each.stat().st_uid for each in home.rglob("*")} == {student.pw_uid}
        assert os.geteuid() == 0
        # Even where the look at the way is deceived, rights hold.
        with project_folder.as_owner(student), pytest.raises(PermissionError):
            project_folder.Folder(str(closed)).write("main.py", io.BytesIO(b"x"), "0644")
        assert list(closed.iterdir()) == []
        assert Path(project.RECORD).stat().st_uid == 0
