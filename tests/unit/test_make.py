"""The Makefile's set-up, with a project so small that it is installed at once: .venv, and what is made meanwhile."""

import os
import re
import runpy
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SMALL = Path(__file__).parent / "small_project"


@pytest.fixture
def room(tmp_path: Path) -> Path:
    for name in ("scripts", "classes", "src/localcloud"):
        (tmp_path / name).mkdir(parents=True)
    shutil.copytree(SMALL, tmp_path, dirs_exist_ok=True)
    for name in ("Makefile", "scripts/find-python", "scripts/make_venv.py"):
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / "scripts" / "ensure-engine").write_text("#!/bin/sh\ntouch engine\n")
    (tmp_path / "scripts" / "ensure-engine").chmod(0o755)
    (tmp_path / "src" / "localcloud" / "__init__.py").touch()
    (tmp_path / "src" / "localcloud" / "__main__.py").write_text("import sys\nopen('image', 'w').write(str(sys.argv))")
    for name in ("requirements.txt", "requirements-dev.txt"):
        (tmp_path / name).write_text("# nothing\n")
    return tmp_path


def start(room: Path, *words: str, real: bool = False) -> subprocess.Popen[str]:
    """`real`: with Python's own venv, and pip."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS", "PYTHONPATH"))}
    if not real:
        own["PYTHONPATH"] = str(room / "quick")
    return subprocess.Popen(
        ["make", *words],
        cwd=room,
        env=own,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def make(room: Path, *words: str, real: bool = False) -> str:
    process = start(room, *words, real=real)
    said, _ = process.communicate(timeout=120)
    assert process.returncode == 0, said
    return said


def test_each_step_is_told_once_and_skipped_when_done(room: Path) -> None:
    said = make(room, "up", "CLASS=cs101", "STUDENT=ada grace", real=True)
    first, second, third, told = said.splitlines()
    assert first.startswith("Making .venv with /")
    assert second == "Seeing to the container engine and its Ubuntu image meanwhile"
    assert third == "Installing the locked requirements"
    assert told.startswith("up CLASS=cs101 CLOUD= STUDENT=ada grace MAKE_GIVEN=")
    assert set(told.partition("MAKE_GIVEN=")[2].split()) == {"CLASS", "STUDENT"}
    assert (room / "engine").exists()
    assert (room / "image").read_text().endswith("'image', 'build', '24.04']")
    assert make(room, "down").startswith("down CLASS= ")


def test_a_class_on_aws_needs_no_engine(room: Path) -> None:
    make(room, "up", "CLOUD=aws")
    assert not (room / "engine").exists()
    assert not (room / "image").exists()


@pytest.mark.parametrize(
    ("file", "text", "here"),
    [
        ("classes/cs101.yml", "lab_name: x\nlab_cloud: aws\n", False),
        ("classes/cs101.yml", "lab_cloud: 'aws'  # it bills\n", False),
        ("classes/cs101.yml", "lab_cloud: localcloud # or aws\n", True),
        (".lab/cs101/cloud", "aws\n", False),
        (".lab/cs101/cloud", "localcloud\n", True),
        (".lab/demo/cloud", "aws\n", True),
    ],
)
def test_a_class_on_aws_is_known_by_its_file_or_its_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str, text: str, here: bool
) -> None:
    (tmp_path / file).parent.mkdir(parents=True)
    (tmp_path / file).write_text(text)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CLASS", "classes/cs101.yml")
    monkeypatch.setenv("CLOUD", "")
    assert runpy.run_path(str(ROOT / "scripts" / "make_venv.py"))["on_this_machine"]() is here


def test_an_engine_that_is_refused_stops_make_but_not_the_venv(room: Path) -> None:
    (room / "scripts" / "ensure-engine").write_text("#!/bin/sh\necho Missing: podman >&2\nexit 1\n")
    process = start(room, "up")
    said, _ = process.communicate(timeout=120)
    assert process.returncode == 2
    assert said.count("Missing: podman") == 1
    assert "CLASS=" not in said, "up was not called"
    assert "Making" not in make(room, "up", "CLOUD=aws")


def test_two_at_a_time_make_it_once(room: Path) -> None:
    both = [start(room, "down"), start(room, "down")]
    said = "".join(each.communicate(timeout=120)[0] for each in both)
    assert [each.returncode for each in both] == [0, 0], said
    assert said.count("Making .venv") == 1
    assert said.count("down CLASS=") == 2


@pytest.mark.parametrize(("end", "real"), [(signal.SIGINT, True), (signal.SIGKILL, False)])
def test_an_interrupted_set_up_begins_anew(room: Path, end: signal.Signals, real: bool) -> None:
    (room / "slow").touch()
    process = start(room, "up", real=real)
    until = time.monotonic() + 60
    while not (room / "building").exists():
        assert time.monotonic() < until
        time.sleep(0.05)
    os.killpg(process.pid, end)
    said, _ = process.communicate(timeout=60)
    assert process.returncode != 0
    assert "Traceback" not in said
    (room / "slow").unlink()
    assert "Making .venv" in make(room, "up")


def test_a_new_lock_makes_it_anew_and_only_tests_need_the_second(room: Path) -> None:
    make(room, "down")
    (room / "requirements-dev.txt").touch()
    assert "Installing" not in make(room, "down")
    assert make(room, ".venv/dev") == "Installing what tests need\n"
    (room / "requirements.txt").touch()
    assert "Making .venv" in make(room, "down")


def test_bare_make_lists_the_verbs(room: Path) -> None:
    said = make(room)
    for verb in ("up", "down", "extend", "allow", "test"):
        assert re.search(rf"^  make {verb} +\w", said, re.MULTILINE)
