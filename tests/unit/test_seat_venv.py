"""A student's environment: made, mended, set aside; its requirements; and the shells in which it is active."""

import os
import pwd
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.append(str(Path(__file__).parents[2] / "plugins" / "module_utils"))  # what Ansible sends to a seat

from seat import pip, shell, venv
from seat.files import SeatError

ME = pwd.getpwuid(os.getuid())
OWN = "# the student's own\nalias ll='ls -l'\nPS1='own> '\n"
INHERITED = "/home/ada/bin:/usr/bin:/bin"


class Seat:
    """A seat on which sudo, venv and pip leave behind what they would."""

    def __init__(self, folder: Path) -> None:
        self.home, self.asked, self.answer = folder / "home", list[list[str]](), (0, "")
        self.path = self.home / "venv"
        self.wanted = {"path": str(self.path), "owner": ME.pw_name, "python": "3.11"}

    def __call__(self, words: list[str], **_: Any) -> tuple[int, str, str]:
        assert words[:6] == ["sudo", "-n", "-H", "-u", ME.pw_name, "--"]
        self.asked.append(words[6:])
        if self.answer[0]:
            return self.answer[0], "", self.answer[1]
        if "venv" in words:
            self.make(words[-1])
        elif "--python" in words:
            self.put(words[-1])
        return 0, "", ""

    def make(self, path: str, python: str = "3.11") -> None:
        folder = Path(path)
        (folder / "lib" / f"python{python}" / "site-packages").mkdir(parents=True)
        (folder / "bin").mkdir()
        (folder / "bin" / "python").symlink_to(sys.executable)
        (folder / "pyvenv.cfg").write_text(f"home = /usr/bin\nversion = {python}.2\n")

    def put(self, package: str, python: str = "3.11") -> None:
        packages = self.path / "lib" / f"python{python}" / "site-packages"
        name, _, version = package.partition("==")
        (packages / name).mkdir()
        (packages / name / "__main__.py").touch()
        (packages / f"{name}-{version}.dist-info").mkdir()
        (packages / f"{name}-{version}.dist-info" / "RECORD").touch()


@pytest.fixture
def seat(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Seat:
    made = Seat(tmp_path)
    made.home.mkdir()
    (made.home / ".bashrc").write_text(OWN)
    monkeypatch.setattr(
        pip, "version_in", lambda folder: "26.3" if folder == "/opt/classlab/pip3.11" else found(folder)
    )
    monkeypatch.setattr(pip, "launcher", lambda _: sys.executable)
    monkeypatch.setattr(pip, "interpreter", lambda python: f"/usr/bin/python{python}")
    monkeypatch.setattr(shell, "PROFILE", str(tmp_path / "profile.sh"))
    monkeypatch.setattr(shell, "LINE", shell.LINE.replace("/etc/profile.d/classlab.sh", str(tmp_path / "profile.sh")))
    monkeypatch.setattr(venv, "owner_of", lambda _: pwd.struct_passwd([*ME[:5], str(made.home), ME[6]]))
    return made


found = pip.version_in


def test_an_environment_is_made_once(seat: Seat) -> None:
    assert venv.missing(seat.wanted) == f"there is no {seat.path}"
    assert venv.ensure(seat, seat.wanted) == [
        f"{seat.path} is made",
        f"pip 26.3 is in {seat.path}",
        f"{seat.path} is active at login",
        f"{seat.path} is active in terminals",
    ]
    assert seat.asked[0] == ["/usr/bin/python3.11", "-m", "venv", "--without-pip", str(seat.path)]
    assert seat.asked[1][-1] == "pip==26.3"
    assert venv.missing(seat.wanted) == ""
    assert venv.ensure(seat, seat.wanted) == []
    assert len(seat.asked) == 2


@pytest.mark.parametrize(
    ("harm", "why"),
    [
        (
            lambda path: (path / "pyvenv.cfg").write_text("home = /usr/bin\nversion = 3.12.3\n"),
            "made by Python 3.12, not",
        ),
        (lambda path: (path / "pyvenv.cfg").unlink(), "is no virtual environment"),
        (lambda path: (path / "bin" / "python").unlink(), "the Python of .* is gone"),
        (lambda path: ((path / "bin" / "python").unlink(), (path / "bin" / "python").symlink_to("/gone")), "is gone"),
    ],
)
def test_what_cannot_serve_is_kept_under_another_name(seat: Seat, harm: Any, why: str) -> None:
    venv.ensure(seat, seat.wanted)
    (seat.path / "own.txt").write_text("precious")
    harm(seat.path)
    done = venv.ensure(seat, seat.wanted)
    [aside] = seat.home.glob("venv.20*")
    assert (aside / "own.txt").read_text() == "precious"
    assert done[0].endswith(f"it is kept as {aside}")
    assert re.search(why, done[0])
    assert venv.missing(seat.wanted) == ""


def test_a_lost_pip_is_brought_back_and_nothing_else_is_touched(seat: Seat) -> None:
    venv.ensure(seat, seat.wanted)
    seat.put("numpy==2.0")
    packages = seat.path / "lib/python3.11/site-packages"
    shutil.rmtree(packages / "pip-26.3.dist-info")
    shutil.rmtree(packages / "pip")
    assert venv.missing(seat.wanted) == f"there is no pip in {seat.path}"
    assert venv.ensure(seat, seat.wanted) == [f"pip 26.3 is in {seat.path}"]
    assert (packages / "numpy").is_dir()
    assert not list(seat.home.glob("venv.20*"))


def test_a_newer_pip_of_the_students_own_stays(seat: Seat) -> None:
    venv.ensure(seat, seat.wanted)
    packages = seat.path / "lib/python3.11/site-packages"
    (packages / "pip-26.3.dist-info").rename(packages / "pip-27.0.dist-info")
    assert venv.missing(seat.wanted) == ""


def test_pips_reason_is_told(seat: Seat) -> None:
    seat.answer = (1, "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device")
    with pytest.raises(SeatError, match="pip could not write"):
        venv.ensure(seat, seat.wanted)


def test_a_user_who_is_not_there_is_named() -> None:
    with pytest.raises(SeatError, match="no user 'nobody-here' on this seat to own /home/nobody-here/venv"):
        venv.ensure(Seat(Path("/")), {"path": "/home/nobody-here/venv", "owner": "nobody-here", "python": "3.11"})


def test_the_students_bashrc_keeps_its_lines_its_mode_and_its_link(seat: Seat) -> None:
    own = seat.home / "dotfiles"
    own.write_text(OWN + f". {shell.PROFILE} # an earlier form of ours\n")
    own.chmod(0o600)
    (seat.home / ".bashrc").unlink()
    (seat.home / ".bashrc").symlink_to(own)
    venv.ensure(seat, seat.wanted)
    assert own.read_text() == f"{OWN}\n{shell.LINE}"
    assert own.stat().st_mode & 0o777 == 0o600
    assert (seat.home / ".bashrc").is_symlink()


def test_a_student_without_bashrc_gets_one(seat: Seat) -> None:
    (seat.home / ".bashrc").unlink()
    venv.ensure(seat, seat.wanted)
    assert (seat.home / ".bashrc").read_text() == shell.LINE


class Shells:
    """Real shells, with a real environment, as a login or a terminal starts them."""

    def __init__(self, seat: Seat) -> None:
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", seat.path], check=True)
        shell.ensure(str(seat.path), venv.owner_of({}))
        self.seat, self.bin = seat, f"{seat.path}/bin"

    def run(self, script: str, *words: str, **more: str) -> list[str]:
        environment = {"HOME": str(self.seat.home), "PATH": INHERITED, "TERM": "dumb", **more}
        done = subprocess.run([*words, "-c", script], env=environment, capture_output=True, text=True, check=True)
        return done.stdout.splitlines()

    def login(self, script: str, sh: str = "bash", **more: str) -> list[str]:
        """/etc/profile of this machine is none of ours: what it would read is read here."""
        return self.run(f". {shell.PROFILE}\n{script}", sh, **more)

    def terminal(self, script: str, **more: str) -> list[str]:
        return self.run(f". ~/.bashrc\n{script}", "bash", "--norc", **more)


@pytest.fixture
def shells(seat: Seat) -> Shells:
    return Shells(seat)


@pytest.mark.parametrize("sh", ["bash", "sh"])
def test_a_login_has_the_environment(shells: Shells, sh: str) -> None:
    assert shells.login('command -v python; echo "$PATH"', sh) == [f"{shells.bin}/python", f"{shells.bin}:{INHERITED}"]


def test_a_login_that_reads_bashrc_too_has_it_once_and_shows_it_in_the_students_prompt(shells: Shells) -> None:
    script = 'PS1="$ "; . ~/.bashrc; echo "$PATH"; echo "$PS1"; deactivate; echo "$PATH"; echo "$PS1"'
    assert shells.login(script) == [f"{shells.bin}:{INHERITED}", "(venv) own> ", INHERITED, "own> "]


def test_a_terminal_has_it(shells: Shells) -> None:
    assert shells.terminal('echo "$PATH"; echo "$PS1"') == [f"{shells.bin}:{INHERITED}", "(venv) own> "]


@pytest.mark.parametrize("before", ["", "/own/bin:"])
def test_a_shell_in_a_shell_has_it_once_and_can_leave_it(shells: Shells, before: str) -> None:
    inherited = {"VIRTUAL_ENV": str(shells.seat.path), "PATH": f"{before}{shells.bin}:{INHERITED}"}
    script = 'echo "$PATH"; echo "$PS1"; deactivate; echo "$PATH"'
    there = [f"{shells.bin}:{before}{INHERITED}", "(venv) own> ", f"{before}{INHERITED}"]
    assert shells.terminal(script, **inherited) == there
    assert shells.login(f". ~/.bashrc; {script}", **inherited) == there


def test_an_environment_of_the_students_own_choice_stays(shells: Shells) -> None:
    mine = {"VIRTUAL_ENV": "/home/ada/mine", "PATH": f"/home/ada/mine/bin:{INHERITED}"}
    assert shells.terminal('echo "$PATH"', **mine) == [f"/home/ada/mine/bin:{INHERITED}"]


def test_a_login_works_without_the_environment(shells: Shells) -> None:
    shutil.rmtree(shells.seat.path)
    assert shells.login(". ~/.bashrc; echo $? $PATH") == [f"0 {INHERITED}"]
    Path(shell.PROFILE).unlink()
    assert shells.terminal("echo $? $PATH") == [f"0 {INHERITED}"]


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    (tmp_path / "more").mkdir()
    (tmp_path / "requirements.txt").write_text("numpy==2.0\n-r more/plots.txt  # drawn\n--constraint=limits.txt\n")
    (tmp_path / "more" / "plots.txt").write_text("matplotlib==3.9\n-r ../requirements.txt\n")
    (tmp_path / "limits.txt").write_text("six<2\n-c https://example.org/limits.txt\n")
    return tmp_path / "requirements.txt"


def test_all_files_of_the_requirements_are_read(lock: Path) -> None:
    text = venv.read_requirements(str(lock))
    assert [name for name in ("numpy==2.0", "matplotlib==3.9", "six<2") if text.count(name) == 1] == [
        "numpy==2.0",
        "matplotlib==3.9",
        "six<2",
    ]
    (lock.parent / "more" / "plots.txt").write_text("matplotlib==3.10\n")
    assert venv.read_requirements(str(lock)) != text


def test_requirements_are_installed_once_as_the_student(seat: Seat, lock: Path, tmp_path: Path) -> None:
    venv.ensure(seat, seat.wanted)
    record, text = str(tmp_path / "record.json"), venv.read_requirements(str(lock))
    assert venv.requirements_missing(str(seat.path), record, text) == "the requirements are new"

    def run(words: list[str], cwd: str) -> tuple[int, str, str]:
        assert words[6:10] == [f"{seat.path}/bin/python", "-m", "pip", "install"]
        assert words[-2:] == ["-r", str(lock)]
        assert cwd == str(lock.parent)
        for package in ("numpy==2.0", "matplotlib==3.9"):
            seat.put(package)
        return 0, "", ""

    venv.install_requirements(run, str(seat.path), ME.pw_name, str(lock), record)
    assert venv.requirements_missing(str(seat.path), record, text) == ""
    assert venv.requirements_missing(str(seat.path), record, text + "six\n") == "the requirements have changed"
    assert venv.requirements_missing("/other/venv", record, text)
    packages = seat.path / "lib/python3.11/site-packages"
    (packages / "numpy-2.0.dist-info").rename(packages / "numpy-2.1.dist-info")
    assert venv.requirements_missing(str(seat.path), record, text) == "", "the student wanted a newer one"
    (packages / "numpy-2.1.dist-info").rename(packages / "other-1.0.dist-info")
    assert venv.requirements_missing(str(seat.path), record, text) == f"numpy==2.0 is no longer in {seat.path}"


def test_requirements_that_failed_are_not_noted(seat: Seat, lock: Path, tmp_path: Path) -> None:
    venv.ensure(seat, seat.wanted)
    record = str(tmp_path / "record.json")
    seat.answer = (1, "ERROR: No matching distribution found for numpy==2.0\n")
    with pytest.raises(SeatError, match=r"no numpy==2\.0 for this Python"):
        venv.install_requirements(seat, str(seat.path), ME.pw_name, str(lock), record)
    assert venv.requirements_missing(str(seat.path), record, venv.read_requirements(str(lock)))
