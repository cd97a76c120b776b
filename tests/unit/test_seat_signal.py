"""A seat's own word on itself: by the questions of the roles, from a folder of the seat's."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.append(str(Path(__file__).parents[2] / "plugins" / "module_utils"))  # what Ansible sends to a seat

from seat import facts, signal

from classlab.cloud import userdata
from classlab.cloud.signals import heard_from


@pytest.fixture
def seat(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(signal, "LIBRARY", str(tmp_path / "lib"))
    monkeypatch.setattr(signal, "PROGRAM", str(tmp_path / "sbin" / "classlab-signal"))
    monkeypatch.setattr(signal, "TEXT", signal.TEXT.replace("/usr/local/lib/classlab", str(tmp_path / "lib")))
    return tmp_path


def test_the_questions_are_put_on_it_once(seat: Path) -> None:
    assert "is not there" in signal.missing()
    assert "is not there" in signal.ensure()
    assert signal.ensure() == signal.missing() == ""
    (seat / "lib" / "seat" / "venv.py").write_text("")
    assert "venv.py is an older one" in signal.ensure()
    assert signal.missing() == ""


def test_what_it_says_is_understood(seat: Path) -> None:
    """The program by itself, as user data calls it: it finds nothing of ours but what was put on the seat."""
    signal.ensure()

    def said(**wanted: Any) -> tuple[str, str]:
        program = seat / "sbin" / "classlab-signal"
        done = subprocess.run(
            ["/usr/bin/env", "-i", sys.executable, "-IS", str(program)],
            input=json.dumps({"student": "ada", **wanted}),
            check=True,
            capture_output=True,
            text=True,
        )
        return heard_from("ada", f"booting\n{done.stdout}")

    assert said(pip={}) == (userdata.READY, "")
    word, why = said(venv={"path": str(seat / "venv"), "owner": "root", "python": "3.11"}, access=None)
    assert word == userdata.NOT_READY
    assert why.startswith("venv: ")


def test_a_server_on_its_way_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = [{"jupyter": "it does not answer"}, {"jupyter": "it does not answer"}, {}]
    monkeypatch.setattr(facts, "missing", lambda *_: answers.pop(0))
    monkeypatch.setattr(signal.time, "sleep", lambda _: None)
    assert signal.told({"student": "ada", "jupyter": {"port": 1}}) == "classlab-ready ada jupyter"
    answers = [{"jupyter": "it does not answer", "venv": "gone"}]
    assert signal.told({"student": "ada"}).startswith("classlab-not-ready ada ")


def test_user_data_calls_what_is_in_the_image() -> None:
    assert signal.PROGRAM == userdata.SIGNAL
