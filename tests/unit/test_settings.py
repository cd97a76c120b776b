from pathlib import Path
from typing import Any

import pytest
import yaml

from classlab import settings
from classlab.errors import ClassFileError

ROOT = Path(__file__).parents[2]
DEFAULTS: dict[str, Any] = {
    "lab_name": "", "lab_hours": 8, "lab_web": False, "lab_zones": [], "lab_tags": {"Owner": ""}, "lab_python": "3.11",
}  # fmt: skip


def wrong(name: str, value: object) -> str:
    return settings.of_wrong_kind({name: value}, DEFAULTS).get(name, "")


def test_the_settings_of_this_repository_are_known_with_their_defaults() -> None:
    known = settings.known(ROOT / "group_vars" / "all")
    assert known["lab_hours"] == 8
    assert {"lab_name", "lab_students", "lab_instance_type", "lab_ppa_url"} <= known.keys()
    assert all(name.startswith("lab_") for name in known)


def test_the_role_hands_every_setting_on() -> None:
    role = yaml.safe_load((ROOT / "roles" / "lab_plan" / "defaults" / "main.yml").read_text())
    assert set(role["lab_plan_settings"]) == set(settings.known(ROOT / "group_vars" / "all"))


def test_the_demo_class_has_only_known_settings() -> None:
    given = settings.mapping(ROOT / "classes" / "demo.yml")
    assert settings.unknown(given, settings.known(ROOT / "group_vars" / "all")) == []


@pytest.mark.parametrize(
    ("key", "meant"),
    [
        ("lab_studnets", "lab_students"),
        ("students", "lab_students"),
        ("lab_instance", "lab_instance_type"),
        ("Lab_Hours", "lab_hours"),
    ],
)
def test_an_unknown_setting_is_told_with_the_nearest(key: str, meant: str) -> None:
    (problem,) = settings.unknown([key, "lab_name"], settings.known(ROOT / "group_vars" / "all"))
    assert f"'{key}'" in problem and "Did you mean" in problem and meant in problem


def test_one_that_is_near_to_nothing_says_where_all_are() -> None:
    assert "group_vars/all/" in settings.unknown(["xyzzy"], DEFAULTS)[0]
    assert "'5' in the class file" in settings.unknown([5], DEFAULTS)[0]


@pytest.mark.parametrize(
    ("name", "value", "mend"),
    [
        ("lab_hours", "8", "without quotes"),
        ("lab_hours", True, "a yes/no"),
        ("lab_hours", [8], "a list"),
        ("lab_web", "yes", "lab_web: true or lab_web: false"),
        ("lab_web", 1, "lab_web: true or lab_web: false"),
        ("lab_zones", "us-east-1a", "lab_zones: [us-east-1a]"),
        ("lab_zones", {"a": 1}, "begins with '- '"),
        ("lab_tags", "me", "indented"),
        ("lab_tags", ["me"], "indented"),
        ("lab_python", 3.1, "3.10 becomes 3.1"),
        ("lab_python", 3, 'lab_python: "3"'),
        ("lab_python", False, 'lab_python: "false"'),
    ],
)
def test_a_value_of_the_wrong_kind_is_told_with_how_to_write_it(name: str, value: object, mend: str) -> None:
    assert name in wrong(name, value)
    assert mend in wrong(name, value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("lab_hours", 0.5),
        ("lab_web", True),
        ("lab_zones", ["a"]),
        ("lab_tags", {}),
        ("lab_python", "3.12"),
        ("lab_hours", None),
    ],
)
def test_a_value_of_the_right_kind(name: str, value: object) -> None:
    assert wrong(name, value) == ""


def test_a_long_value_is_cut(tmp_path: Path) -> None:
    assert len(wrong("lab_hours", "x" * 1000)) < 200


def test_files_that_are_no_settings(tmp_path: Path) -> None:
    file = tmp_path / "all.yml"
    with pytest.raises(ClassFileError, match="No settings"):
        settings.known(tmp_path)
    file.write_text("- a\n- b\n")
    with pytest.raises(ClassFileError, match="is a list"):
        settings.mapping(file)
    file.write_text("a: [\n")
    with pytest.raises(ClassFileError, match="line 2"):
        settings.mapping(file)
    with pytest.raises(ClassFileError, match="cannot be read"):
        settings.mapping(tmp_path / "gone.yml")
    file.write_text("")
    assert settings.mapping(file) == {}
