"""The settings that a class may have: those of group_vars/all, whose defaults also tell each one's kind of value."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from classlab.errors import ClassFileError
from classlab.names import did_you_mean


def known(folder: Path) -> dict[str, Any]:
    """Every setting with its default, from the files of group_vars/all."""
    found: dict[str, Any] = {}
    for file in sorted([*folder.glob("*.yml"), *folder.glob("*.yaml")]):
        found |= mapping(file)
    if not found:
        raise ClassFileError(f"No settings were found in {folder}: this folder belongs to classlab, restore it.")
    return found


def mapping(file: Path) -> dict[str, Any]:
    """A YAML file of settings; an empty one is no settings."""
    try:
        content = yaml.safe_load(file.read_text("utf-8-sig"))
    except (OSError, UnicodeDecodeError) as error:
        raise ClassFileError(f"{file} cannot be read: {error}.") from error
    except yaml.YAMLError as error:
        raise ClassFileError(f"{file} is not valid YAML: {' '.join(str(error).split())}.") from error
    if content is not None and not isinstance(content, dict):
        raise ClassFileError(f"{file} must be lines of 'setting: value', but it is a {kind(content)}.")
    return content or {}


def unknown(given: Iterable[object], settings: Iterable[str]) -> list[str]:
    """A sentence for each key that is no setting, with the one that was probably meant."""
    settings = list(settings)
    problems = []
    for key in given:
        if key not in settings:
            # Many leave out the lab_ in front.
            word = str(key) if str(key).startswith("lab_") else f"lab_{key}"
            hint = did_you_mean(word, settings) or " group_vars/all/ lists all there are."
            problems.append(f"'{key}' in the class file is no setting.{hint}")
    return problems


def of_wrong_kind(settings: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, str]:
    """Setting -> a sentence, for each value that is of another kind than its default."""
    problems = {}
    for name, value in settings.items():
        if name not in defaults or value is None:
            continue
        wanted, got = kind(defaults[name]), kind(value)
        if wanted != got:
            mend = _mend(name, value, wanted, defaults[name])
            problems[name] = f"{name} is {shown(value)}, a {got}, but it takes a {wanted}: {mend}"
    return problems


def kind(value: object) -> str:
    """The kind of a value, as a teacher may call it."""
    if isinstance(value, bool):
        return "yes/no"
    if isinstance(value, (int, float)):
        return "number"
    if isinstance(value, (list, tuple)):
        return "list"
    return "group of settings" if isinstance(value, Mapping) else "text"


def shown(value: object) -> str:
    """A value as it would be written in the class file, on one line."""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = f"'{value}'" if isinstance(value, str) else str(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _mend(name: str, value: object, wanted: str, default: object) -> str:
    if wanted == "text" and isinstance(value, float):
        # YAML drops the nought: 3.10 is the number 3.1.
        return f'YAML cuts numbers (3.10 becomes 3.1), so write it between quotes, as in {name}: "{default or value}".'
    if wanted == "text":
        return f"write it between quotes, as in {name}: {_quoted(value)}."
    if wanted == "yes/no":
        return f"write {name}: true or {name}: false, without quotes."
    if wanted == "number":
        return f"write {name}: and the digits, without quotes and units."
    if wanted == "list":
        return (
            f"write {name}: [{value}]."
            if isinstance(value, (str, int, float))
            else "write each on a line that begins with '- '."
        )
    return f"write '{name}:' and below it its settings, each on a line, indented."


def _quoted(value: object) -> str:
    return '"..."' if isinstance(value, (list, tuple, Mapping)) else f'"{shown(value)}"'
