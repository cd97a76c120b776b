"""
The ways to seat a class, each with the same doors: prepare (not measured), first, again, down, and where its seats are.

(a), (b) and (c) launch nothing by themselves: launch.py gives them their machines, as part of their first run.
"""

import sys
from pathlib import Path
from typing import Any, Protocol

import yaml

from benchmarks.room import PROJECT, PYTHON, ROOT, Cost, Room
from classlab.command.clouds import program

HERE = Path(__file__).parent
# What a teacher's checkout has, for a folder in which the class and the lab's folder are ours.
CHECKOUT = ("examples", "group_vars", "inventory", "playbooks", "plugins", "requirements.txt", "roles")


class Way(Protocol):
    name: str

    def __init__(self, room: Room) -> None: ...

    def prepare(self) -> Cost:
        """What is done once and not for each class."""

    def first(self) -> Cost: ...

    def again(self) -> Cost:
        """With nothing left to do."""

    def down(self) -> Cost: ...

    def key(self, student: str) -> Path:
        """The public key of a student."""

    @property
    def ssh_config(self) -> Path: ...


class OnMachines:
    """What (a), (b) and (c) have in common."""

    def __init__(self, room: Room) -> None:
        self.room = room
        self.launch: list[str | Path] = [sys.executable, ROOT / "benchmarks" / "launch.py"]

    def prepare(self) -> Cost:
        return Cost()

    def first(self) -> Cost:
        up = [*self.launch, "up", self.room.folder, *self.room.students]
        return self.room.cost(up, self.room.for_strangers) + self.again()

    def again(self) -> Cost:
        # In a folder that has no settings for any of them.
        return self.room.cost(self.words(), self.room.for_strangers, self.room.folder)

    def words(self) -> list[str | Path]:
        raise NotImplementedError

    def down(self) -> Cost:
        return self.room.cost([*self.launch, "down", self.room.folder], self.room.for_strangers)

    def key(self, student: str) -> Path:
        return self.room.folder / f"{student}.pem.pub"

    @property
    def ssh_config(self) -> Path:
        return self.room.folder / "ssh_config"


class Plain(OnMachines):
    name = "plain ssh script, all seats at once"

    def words(self) -> list[str | Path]:
        return [HERE / "plain.sh", self.room.folder, PROJECT, *self.room.students]


class Playbook(OnMachines):
    name = "straightforward playbook, Ansible's defaults"

    def words(self) -> list[str | Path]:
        hosts = "".join(f"{student}," for student in self.room.students)
        return [
            program("ansible-playbook"), "-i", hosts, "-u", "ubuntu", "--ssh-common-args", f"-F {self.ssh_config}",
            HERE / "playbook.yml", "-e", f"folder={self.room.folder}", "-e", f"project={PROJECT}",
        ]  # fmt: skip


class Pyinfra(OnMachines):
    name = "pyinfra"

    def words(self) -> list[str | Path]:
        return [Path(sys.prefix) / "bench" / "bin" / "pyinfra", "-y", HERE / "inventory.py", HERE / "deploy.py"]


class Up:
    name = "make up"

    def __init__(self, room: Room, lab: str = "bench", **settings: Any) -> None:
        self.room, self.lab = room, lab
        classes = room.folder / "classes"
        classes.mkdir(exist_ok=True)
        for each in (*CHECKOUT, "ansible.cfg"):
            (room.folder / each).symlink_to(ROOT / each)
        project = f"../examples/{PROJECT.name}"
        told = {"lab_name": lab, "lab_students": room.students, "lab_project": project, "lab_hours": 4, **settings}
        (classes / f"{lab}.yml").write_text(yaml.safe_dump({**told, "lab_python": PYTHON}))

    def make(self, verb: str, **variables: str) -> Cost:
        """What `make VERB` does once .venv is there."""
        to_cloud = {"LOCALCLOUD_HOME": str(self.room.cloud.home.folder), "AWS_EC2_METADATA_DISABLED": "true"}
        environment = {**self.room.environment, **to_cloud, "CLASS": self.lab, **variables}
        return self.room.cost([program("classlab"), verb], environment, self.room.folder)

    def prepare(self) -> Cost:
        return Cost()

    def first(self) -> Cost:
        return self.make("up")

    def again(self) -> Cost:
        return self.make("up")

    def down(self) -> Cost:
        return self.make("down", YES="yes", FORCE="yes")

    def key(self, student: str) -> Path:
        return self.lab_folder / "keys" / f"{student}.pem.pub"

    @property
    def lab_folder(self) -> Path:
        return self.room.folder / ".lab" / self.lab

    @property
    def ssh_config(self) -> Path:
        return self.lab_folder / "ssh_config"


class Baked(Up):
    name = "make up from a baked image"

    def prepare(self) -> Cost:
        return self.make("bake")


WAYS: dict[str, type[Way]] = {"a": Plain, "b": Playbook, "c": Pyinfra, "d": Up, "e": Baked}
