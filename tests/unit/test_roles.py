"""A role tells of its settings three times: in its defaults, in its argument specs and in its README."""

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml

from classlab import settings

ROOT = Path(__file__).parents[2]
ROLES = sorted(each.name for each in (ROOT / "roles").iterdir())
GROUP_VARS = ROOT / "group_vars" / "all"


def defaults(role: str) -> dict[str, Any]:
    return dict(yaml.safe_load((ROOT / "roles" / role / "defaults" / "main.yml").read_text()))


def options(role: str) -> dict[str, Any]:
    specs = yaml.safe_load((ROOT / "roles" / role / "meta" / "argument_specs.yml").read_text())
    return dict(specs["argument_specs"]["main"]["options"])


def undescribed(told: dict[str, Any]) -> Iterator[str]:
    for name, option in told.items():
        if not option.get("description"):
            yield name
        yield from undescribed(option.get("options", {}))


def uncommented(file: Path) -> list[str]:
    """Settings that do not stand under a comment of their own."""
    lines = ["", *file.read_text().splitlines()]
    return [line for above, line in pairwise(lines) if line[:1].isalpha() and above[:1] != "#"]


@pytest.mark.parametrize("role", ROLES)
def test_the_settings_are_the_same_in_all_three_in_one_order(role: str) -> None:
    names = list(defaults(role))
    assert list(options(role)) == names
    readme = (ROOT / "roles" / role / "README.md").read_text()
    assert re.findall(r"^\| `(\w+)` \| .*\w.* \|$", readme, re.MULTILINE) == names


@pytest.mark.parametrize("role", ROLES)
def test_every_setting_of_a_role_is_described(role: str) -> None:
    assert uncommented(ROOT / "roles" / role / "defaults" / "main.yml") == []
    assert list(undescribed(options(role))) == []


@pytest.mark.parametrize("role", ROLES)
def test_the_argument_specs_tell_the_defaults_that_there_are(role: str) -> None:
    stated = {name: option["default"] for name, option in options(role).items() if "default" in option}
    assert stated == {name: value for name, value in defaults(role).items() if name in stated}


@pytest.mark.parametrize("file", sorted(GROUP_VARS.iterdir()), ids=lambda file: file.stem)
def test_every_setting_of_a_class_is_described(file: Path) -> None:
    assert uncommented(file) == []


def test_no_setting_is_told_of_that_does_not_exist() -> None:
    """A word such as `lab_hours` in the documents is a setting, a role, or a setting of a role."""
    known = {*settings.known(GROUP_VARS), *ROLES, *(name for role in ROLES for name in defaults(role))}
    documents = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
    told = {word for each in documents for word in re.findall(r"`(lab_\w+)[`:]", each.read_text())}
    assert told <= known
    assert told  # the words are found at all
