"""Ansible looks less often where there are more seats, and reads what a play's vars_files have once."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible import constants
from ansible.parsing.dataloader import DataLoader

from classlab import economy


@pytest.fixture(autouse=True)
def as_before(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(DataLoader, "load_from_file", DataLoader.load_from_file)
    monkeypatch.setattr(economy, "_parsed", {})
    yield
    economy.look_for(0)


def pause() -> float:
    return float(constants.DEFAULT_INTERNAL_POLL_INTERVAL)  # type: ignore[attr-defined]  # made at run time


def test_the_more_seats_the_seldomer_and_as_ansible_does_it_on_this_computer() -> None:
    own = pause()
    found = []
    for seats in (1, 10, 30, 300):
        economy.look_for(seats)
        found.append(pause())
    assert found == [0.05, 0.1, 0.3, 3]
    economy.look_for(0)
    assert pause() == own < 0.05


def test_a_plays_file_is_read_once_and_what_others_ask_for_as_often_as_they_ask(tmp_path: Path) -> None:
    economy.read_vars_files_once()
    file = tmp_path / "seats.yml"
    loader = DataLoader()

    def read(cache: str) -> object:
        return loader.load_from_file(str(file), cache=cache, unsafe=True, trusted_as_template=True)

    file.write_text("a: '{{ 1 }}'\n")
    assert read("vaulted") == {"a": "{{ 1 }}"}
    file.write_text("b: 2\n")
    assert read("vaulted") == {"a": "{{ 1 }}"}
    assert read("none") == {"b": 2}


def test_ansible_asks_for_vars_files_as_it_did_when_this_was_written() -> None:
    """Should it ask otherwise, they are only read as often as before, and nobody would notice."""
    from ansible.vars import manager

    assert "unsafe=True, cache='vaulted', trusted_as_template=True" in Path(manager.__file__).read_text()
