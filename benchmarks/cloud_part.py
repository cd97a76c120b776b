"""
The cloud part of `make up` alone, for classes larger than a machine can boot: hosts switched off, and every answer of
the API late, as from afar. Its playbook is ours up to where seats are met, which nobody is there for.
"""

import tempfile
from pathlib import Path
from typing import Any

import yaml

from benchmarks.room import ROOT, Room
from benchmarks.ways import Up
from localcloud import LocalCloud

LATENCY = 0.1
MEETS = "seat_trust"


def measure(seats: int) -> dict[str, Any]:
    students = [f"s{number:03}" for number in range(1, seats + 1)]
    with LocalCloud(hosts=False) as cloud, tempfile.TemporaryDirectory() as folder:
        way = Up(Room(cloud, Path(folder), students))
        until_met(Path(folder))
        cloud.fault("*", f"delay={LATENCY}")
        costs = {"first": way.first(), "again": way.again()}
        assert len(way.room.living()) == seats
        costs["down"] = way.down()
        assert way.room.living() == []
    return {when: cost.told() for when, cost in costs.items()}


def until_met(folder: Path) -> None:
    """Give the checkout an up.yml that ends where it would go to the seats."""
    ours = ROOT / "playbooks"
    plays = yaml.safe_load((ours / "up.yml").read_text())
    [place] = [place for place, play in enumerate(plays) if MEETS in map(_role, play.get("tasks", []))]
    plays[place]["tasks"] = [task for task in plays[place]["tasks"] if _role(task) != MEETS]
    playbooks = folder / "playbooks"
    playbooks.unlink()
    playbooks.mkdir()
    for each in ours.iterdir():
        (playbooks / each.name).symlink_to(each)
    (playbooks / "up.yml").unlink()
    (playbooks / "up.yml").write_text(yaml.safe_dump(plays[: place + 1], sort_keys=False))


def _role(task: dict[str, Any]) -> str:
    return str(task.get("ansible.builtin.import_role", {}).get("name", ""))
