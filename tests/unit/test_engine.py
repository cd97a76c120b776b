"""Engines are asked, not guessed: small programs stand in for podman and docker on the PATH."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from localcloud.errors import EngineError
from localcloud.hosts import engine

PODMAN = '{"host": {"security": {"rootless": false}, "ociRuntime": {"name": "runc"}, "serviceIsRemote": false}}'
DOCKER = '{"SecurityOptions": [], "Name": "elsewhere", "OperatingSystem": "Docker Desktop"}'


@pytest.fixture(autouse=True)
def asked_anew() -> Iterator[None]:
    """No test is told what another test's engine has said."""
    engine.find.cache_clear()
    yield
    engine.find.cache_clear()


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> object:
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr(
        engine.shutil, "which", lambda name: str(tmp_path / name) if (tmp_path / name).exists() else None
    )

    def make(name: str, script: str) -> None:
        file = tmp_path / name
        file.write_text(f"#!/bin/sh\n{script}\n")
        file.chmod(0o755)

    return make


def test_podman_first(program) -> None:  # type: ignore[no-untyped-def]  # the fixture above
    program("podman", f"echo '{PODMAN}'")
    program("docker", f"echo '{DOCKER}'")
    assert engine.find().name == "podman"
    assert engine.find("docker").name == "docker"


def test_a_client_without_an_engine_is_passed_over(program) -> None:  # type: ignore[no-untyped-def]  # the fixture above
    program("podman", "echo 'Error: cannot connect to Podman' >&2; exit 125")
    program("docker", f"echo '{DOCKER}'")
    assert engine.find().name == "docker"
    assert not engine.find().on_this_machine


def test_no_engine_is_one_sentence_with_the_mend(program) -> None:  # type: ignore[no-untyped-def]  # the fixture above
    program("docker", """echo '{"ServerErrors": ["Cannot connect to the Docker daemon"]}'""")
    with pytest.raises(EngineError) as told:
        engine.find()
    sentence = str(told.value)
    assert "podman is not installed" in sentence
    assert "Cannot connect to the Docker daemon" in sentence
    assert "apt-get install podman" in sentence


def test_an_engine_that_does_not_answer_is_not_waited_for_forever(program, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]  # the fixture above
    monkeypatch.setattr(engine, "ANSWER_WITHIN", 1)
    program("podman", "exec sleep 60")
    with pytest.raises(EngineError, match="did not end within 1 s"):
        engine.find()


def test_the_engines_reason_is_told_without_its_noise() -> None:
    noise = 'time="now" level=warning msg="noise"\nError: no space left on device\nSee podman --help\n'
    assert engine.last_words(noise) == "no space left on device"
