"""The notebook server of a seat: what counts as missing, and what is never done. molecule/jupyter has the real one."""

import json
import os
import pwd
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from seat import jupyter
from seat.files import SeatError

ME = pwd.getpwuid(os.getuid()).pw_name


@pytest.fixture
def listening() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield int(server.getsockname()[1])


@pytest.fixture
def seat(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, listening: int) -> dict[str, Any]:
    """A seat on which all is as wanted."""
    packages = tmp_path / "venv" / "lib" / "python3.11" / "site-packages"
    (packages / "jupyterlab-4.6.6.dist-info").mkdir(parents=True)
    (tmp_path / "venv" / "pyvenv.cfg").write_text("version = 3.11.2\n")
    files = (("CONFIG", "jupyter.json"), ("RECORD", "installed.json"), ("UNITS", "units"), ("TOKEN_MAKER", "maker"))
    for name, file in files:
        monkeypatch.setattr(jupyter, name, str(tmp_path / file))
    monkeypatch.setattr(jupyter, "STARTS_WITHIN", 2.0)
    wanted = {"venv": str(tmp_path / "venv"), "owner": ME, "version": "4.6.6", "port": listening}
    wants = tmp_path / "units" / "multi-user.target.wants"
    wants.mkdir(parents=True)
    (tmp_path / "units" / jupyter.UNIT).write_text(jupyter._unit(wanted))
    (wants / jupyter.UNIT).symlink_to(f"../{jupyter.UNIT}")
    Path(jupyter.TOKEN_MAKER).write_text(jupyter._maker(wanted))
    Path(jupyter.TOKEN_MAKER).chmod(0o755)
    Path(jupyter.RECORD).write_text(json.dumps({"venv": wanted["venv"], "version": "4.6.6"}))
    Path(jupyter.CONFIG).write_text(json.dumps(jupyter._config(listening, "a" * 48)))
    return wanted


def test_a_seat_that_has_all_is_left_alone(seat: dict[str, Any]) -> None:
    def run(*words: Any, **_: Any) -> tuple[int, str, str]:
        raise AssertionError(words)

    assert jupyter.missing(seat) == ""
    assert jupyter.ensure(run, seat) == []


def test_each_thing_that_is_missing_is_named(seat: dict[str, Any], tmp_path: Path) -> None:
    assert "jupyterlab 4.7.0 was not yet installed" in jupyter.missing({**seat, "version": "4.7.0"})
    assert "is not in place" in jupyter.missing({**seat, "port": 1})
    config = Path(jupyter.CONFIG)
    # Without a token everybody on the seat would get in.
    for token in ("", "short"):
        config.write_text(json.dumps(jupyter._config(seat["port"], token)))
        assert "jupyter.json is not in place" in jupyter.missing(seat)
    Path(jupyter.TOKEN_MAKER).chmod(0o644)
    assert "maker is not in place" in jupyter.missing(seat)
    (tmp_path / "units" / "multi-user.target.wants" / jupyter.UNIT).unlink()
    assert f"{jupyter.UNIT} is not in place" in jupyter.missing(seat)
    (tmp_path / "venv" / "lib" / "python3.11" / "site-packages" / "jupyterlab-4.6.6.dist-info").rmdir()
    assert "there is no jupyterlab" in jupyter.missing(seat)


def test_a_version_that_the_student_chose_is_as_good(seat: dict[str, Any], tmp_path: Path) -> None:
    packages = tmp_path / "venv" / "lib" / "python3.11" / "site-packages"
    (packages / "jupyterlab-4.6.6.dist-info").rename(packages / "jupyterlab-4.2.0.dist-info")
    assert jupyter.missing(seat) == ""


def test_a_server_that_dies_tells_why(seat: dict[str, Any], listening: int) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    def run(words: list[str], **_: Any) -> tuple[int, str, str]:
        if words[0] == "journalctl":
            return 0, "starting\nImportError: no module named x\nstopped\n", ""
        return int("is-active" in words), "", ""

    with pytest.raises(SeatError, match=r"does not start: ImportError: no module named x\."):
        jupyter.ensure(run, {**seat, "port": port})
    config = json.loads(Path(jupyter.CONFIG).read_text())
    # The token that there was is kept: an open tab goes on.
    assert config["IdentityProvider"]["token"] == "a" * 48
    assert config["ServerApp"]["ip"] == "127.0.0.1"
    assert Path(jupyter.CONFIG).stat().st_mode & 0o777 == 0o600


def test_a_seat_without_a_token_makes_its_own_and_no_second_one(seat: dict[str, Any]) -> None:
    config = Path(jupyter.CONFIG)
    config.unlink()
    subprocess.run([jupyter.TOKEN_MAKER], check=True)
    assert jupyter.missing(seat) == ""
    first = jupyter._token()
    assert first != "a" * 48
    subprocess.run([jupyter.TOKEN_MAKER], check=True)
    assert jupyter._token() == first
    assert config.stat().st_mode & 0o777 == 0o600


def test_a_server_that_is_still_starting_is_waited_for_and_not_restarted(
    seat: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    words: list[list[str]] = []

    def run(command: list[str], **_: Any) -> tuple[int, str, str]:
        words.append(command)
        monkeypatch.setattr(jupyter, "_answers", lambda _: True)
        return 0, "", ""

    monkeypatch.setattr(jupyter, "_answers", lambda _: False)
    assert jupyter.ensure(run, seat) == [f"the notebook server answers at port {seat['port']}"]
    assert words == [["systemctl", "start", jupyter.UNIT]]
