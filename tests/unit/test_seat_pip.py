"""pip for a seat's Python, and pip's own words made into sentences."""

import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.append(str(Path(__file__).parents[2] / "plugins" / "module_utils"))  # what Ansible sends to a seat

from seat import pip, pip_words
from seat.files import SeatError

# As pip 26.3 says them.
RETRYING = (
    "WARNING: Retrying (Retry(total=4, connect=None, read=None, redirect=None, status=None)) after connection broken "
    "by 'NewConnectionError(\"HTTPSConnection(host='index.example.org', port=443): Failed to establish a new "
    "connection: [Errno 111] Connection refused\")': /simple/six/\n"
)
NOTHING_FOUND = """\
ERROR: Could not find a version that satisfies the requirement six==1.16.0 (from versions: none)
ERROR: No matching distribution found for six==1.16.0
"""
OTHER_HASH = """\
ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE. If you have updated the package versions, \
please update the hashes. Otherwise, examine the package contents carefully; someone may have tampered with them.
    six==1.16.0 from https://files.example.org/packages/six-1.16.0-py2.py3-none-any.whl#sha256=8abb (from -r bad.txt):
        Expected sha256 0000
             Got        8abb

"""
HALF_HASHED = """\
ERROR: Hashes are required in --require-hashes mode, but they are missing from some requirements. Here is a list.
    six==1.16.0 --hash=sha256:8abb2f
"""
NOT_PINNED = """\
ERROR: In --require-hashes mode, all requirements must have their versions pinned with ==. These do not:
    six from https://files.example.org/six-1.17.0-py2.py3-none-any.whl#sha256=4721 (from -r half.txt (line 1))
"""
NO_SUCH_VERSION = """\
ERROR: Could not find a version that satisfies the requirement six==99.1 (from versions: 1.16.0, 1.17.0)
ERROR: No matching distribution found for six==99.1
"""
OTHER_PYTHON = """\
ERROR: Ignored the following yanked versions: 2.4.0
ERROR: Ignored the following versions that require a different python version: 1.21.2 Requires-Python >=3.7,<3.11; \
2.5.0 Requires-Python >=3.12; 2.5.0rc1 Requires-Python >=3.14
ERROR: Could not find a version that satisfies the requirement numpy==2.5.0 (from versions: 1.3.0, 2.4.6)
ERROR: No matching distribution found for numpy==2.5.0
"""
CONTRADICTION = """\
ERROR: Cannot install -r v.txt (line 1) and idna==1.0 because these package versions have conflicting dependencies.
ERROR: ResolutionImpossible: for help visit https://pip.pypa.io/
"""
NO_WHEEL = """\
  error: subprocess-exited-with-error
  ERROR: Failed building wheel for pycairo
ERROR: Failed to build pycairo
"""


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        (OTHER_HASH, "What the package index has for six==1.16.0 does not match the hash in the requirements"),
        (HALF_HASHED, "The requirements have hashes, but not for six==1.16.0. Lock all of them"),
        (NOT_PINNED, "every version must be pinned with ==; six is not."),
        (NO_SUCH_VERSION, "The package index has no six==99.1 for this Python: correct the version"),
        (NOTHING_FOUND, "The package index has nothing called six: is the name right?"),
        (RETRYING + NOTHING_FOUND, "The package index does not answer: index.example.org (Connection refused)."),
        (OTHER_PYTHON, "numpy==2.5.0 is not for this Python: it asks for Python >=3.12. Pin an older version."),
        (
            CONTRADICTION,
            "The requirements contradict each other: -r v.txt (line 1) and idna==1.0 cannot be had together",
        ),
        (NO_WHEEL, "pycairo has no ready-made wheel for this Python and could not be built on the seat"),
        ("ERROR: Invalid requirement: 'six!!=1': Expected semicolon\n", "Invalid requirement: 'six!!=1'"),
        ("ERROR: Could not open requirements file: [Errno 2] No such file: 'o.txt'\n", "No such file: 'o.txt'"),
        (
            "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device\n",
            "The disk was full",
        ),
        ("WARNING: x\nERROR: Something new.\nnote: y\n", "pip failed: Something new."),
        ("", "pip failed: it said nothing"),
    ],
)
def test_what_pip_says_in_words(said: str, sentence: str) -> None:
    assert sentence in pip_words.explain(1, said)


def test_a_pip_that_the_kernel_ended_ran_out_of_memory() -> None:
    for status in (-9, 137):
        assert "choose a larger lab_instance_type" in pip_words.explain(status, "Collecting torch\n")


@pytest.fixture
def seat(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(pip, "ROOT", str(tmp_path / "opt"))
    monkeypatch.setattr(pip, "BIN", str(tmp_path / "bin"))
    monkeypatch.setattr(pip, "WHEELS", (str(tmp_path / "python{python}" / "pip-*.whl"),))
    (tmp_path / "python3.11").mkdir()
    (tmp_path / "python3.11" / "pip-24.0-py3-none-any.whl").touch()
    real = pip.os.access
    monkeypatch.setattr(pip.os, "access", lambda path, mode: path == "/usr/bin/python3.11" or real(path, mode))
    return tmp_path


class Installer:
    """A machine whose pip installs the version that it was asked for."""

    def __init__(self, newest: str = "26.3") -> None:
        self.newest, self.asked, self.fails = newest, list[list[str]](), ""

    def __call__(self, words: list[str], **_: Any) -> tuple[int, str, str]:
        self.asked.append(words)
        if "--version" in words:
            return 0, f"pip {self.newest} from {pip.folder('3.11')}/pip (python 3.11)\n", ""
        folder = Path(words[words.index("--target") + 1])
        version = words[-1].partition("==")[2] or self.newest
        put(folder, version)
        if self.fails:
            return 1, "", self.fails
        return 0, "", ""


def put(folder: Path, version: str) -> None:
    (folder / "pip").mkdir(parents=True)
    (folder / "pip" / "__main__.py").touch()
    (folder / f"pip-{version}.dist-info").mkdir()
    (folder / f"pip-{version}.dist-info" / "RECORD").touch()


def test_pip_is_installed_once_by_the_one_that_python_brings(seat: Path) -> None:
    run, wish = Installer(), {"python": "3.11", "version": ""}
    assert pip.missing(wish) == "there is no pip for Python 3.11"
    assert pip.ensure(run, wish) is True
    assert run.asked[0][:3] == ["/usr/bin/python3.11", f"{seat}/python3.11/pip-24.0-py3-none-any.whl/pip", "install"]
    assert pip.version_in(pip.folder("3.11")) == "26.3"
    assert (seat / "bin" / "pip3.11").stat().st_mode & 0o777 == 0o755
    assert (seat / "bin" / "pip3.11").read_text().startswith("#!/usr/bin/python3.11\n")
    assert pip.missing(wish) == ""
    assert pip.ensure(run, wish) is False
    assert len(run.asked) == 2


def test_another_version_takes_the_place_of_the_one_before(seat: Path) -> None:
    pip.ensure(Installer(), {"python": "3.11"})
    assert pip.missing({"python": "3.11", "version": "25.0"}) == "pip for Python 3.11 is 26.3, not 25.0"
    assert pip.ensure(Installer(), {"python": "3.11", "version": "25.0"}) is True
    assert pip.version_in(pip.folder("3.11")) == "25.0"
    assert len(list((seat / "opt").iterdir())) == 1


def test_a_failed_upgrade_leaves_what_there_was(seat: Path) -> None:
    pip.ensure(Installer(), {"python": "3.11"})
    run = Installer()
    run.fails = RETRYING + NOTHING_FOUND
    with pytest.raises(SeatError, match="index does not answer"):
        pip.ensure(run, {"python": "3.11", "version": "27.0"})
    assert pip.version_in(pip.folder("3.11")) == "26.3"
    assert len(list((seat / "opt").iterdir())) == 1


def test_half_a_pip_is_none(seat: Path) -> None:
    put(seat / "opt" / "pip3.11", "26.3")
    (seat / "opt" / "pip3.11" / "pip" / "__main__.py").unlink()
    assert pip.missing({"python": "3.11"}) == "there is no pip for Python 3.11"


def test_a_script_that_was_replaced_is_put_back(seat: Path) -> None:
    run = Installer()
    pip.ensure(run, {"python": "3.11"})
    (seat / "bin" / "pip3.11").write_text("#!/bin/sh\n")
    assert "pip3.11 is not in place" in pip.missing({"python": "3.11"})
    assert pip.ensure(run, {"python": "3.11"}) is True
    assert len(run.asked) == 3  # installed once, tried twice
    assert pip.missing({"python": "3.11"}) == ""


def test_without_that_python_there_is_no_pip(seat: Path) -> None:
    for python, sentence in (
        ("3.12", "no python3.12 on this seat"),
        ("3", "'3' is no version"),
        ("3.11/..", "no version"),
    ):
        with pytest.raises(SeatError, match=sentence):
            pip.ensure(Installer(), {"python": python})
    (seat / "python3.11" / "pip-24.0-py3-none-any.whl").unlink()
    with pytest.raises(SeatError, match=r"no pip in python3\.11-venv"):
        pip.ensure(Installer(), {"python": "3.11"})
