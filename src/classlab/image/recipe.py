"""All that goes into an image, part by part, and the fingerprint of it: the same recipe makes the same seat."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

# What a teacher calls each part.
PARTS = {
    "base": "Ubuntu's image",
    "work": "classlab itself",
    "python": "lab_python",
    "packages": "lab_packages",
    "jupyter": "lab_jupyter",
    "ppa": "the PPA (lab_ppa_...)",
    "script": "lab_user_data",
    "project": "the project's name",
    "requirements": "the project's requirements",
}
# What sets a seat up: its playbook, the roles in it, and what their modules are made of.
SEATS = "playbooks/seats.yml"
IMPORT = "ansible.builtin.import_role"
WORK = ("playbooks/vars/seats.yml", "plugins/modules/deadsnakes_python.py", "plugins/modules/seat_*.py")
UTILS = ("plugins/module_utils/seat/*.py",)
# Of a role; what is for readers alone makes no other seat.
OF_A_ROLE = ("defaults", "vars", "tasks", "handlers", "files", "templates")
# EC2 takes a value of a tag of at most 256 letters; so many hold all parts.
LETTERS = 10


@dataclass(frozen=True)
class Recipe:
    """By part, a digest."""

    parts: Mapping[str, str]

    @property
    def fingerprint(self) -> str:
        return digest(self.parts)

    @property
    def written(self) -> str:
        """As a tag has it."""
        return " ".join(f"{name}={value}" for name, value in self.parts.items())

    def differs(self, written: str) -> list[str]:
        """What is another now than in an image's tag, in a teacher's words."""
        before = dict(each.split("=", 1) for each in written.split() if "=" in each)
        return [PARTS[name] for name, value in self.parts.items() if before.get(name) != value]


def recipe(root: Path, base: str, settings: Mapping[str, Any]) -> Recipe:
    """`root` is the folder of playbooks and roles; `settings` has a value for each of the parts but the first two."""
    values = {"base": base, "work": work(root), **{name: settings[name] for name in list(PARTS)[2:]}}
    return Recipe({name: digest(value)[:LETTERS] for name, value in values.items()})


def work(root: Path) -> dict[str, str]:
    """By path, a digest of each file that has a say in what becomes of a seat."""
    seats = yaml.safe_load((root / SEATS).read_text("utf-8"))
    tasks = [task for play in seats for task in play.get("tasks", [])]
    roles = [each for play in seats for each in play.get("roles", [])]
    roles += [task[IMPORT]["name"] for task in tasks if IMPORT in task]
    files = [root / SEATS]
    files += [file for pattern in (*WORK, *UTILS) for file in root.glob(pattern)]
    files += [file for role in roles for part in OF_A_ROLE for file in (root / "roles" / role / part).rglob("*")]
    contents = {str(each.relative_to(root)): each.read_bytes() for each in files if each.is_file()}
    return {path: hashlib.sha256(content).hexdigest() for path, content in sorted(contents.items())}


def digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
