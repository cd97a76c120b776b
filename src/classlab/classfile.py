"""The class file `classes/<name>.yml`: find it and read it. What its settings may be is checked by the lab's plan."""

import re
from collections.abc import Hashable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from classlab import settings
from classlab.errors import ClassFileError
from classlab.labfolder import LabFolder
from classlab.names import did_you_mean, lab_name_problem


@dataclass(frozen=True)
class ClassFile:
    """A class as its file tells it, over the defaults of group_vars."""

    root: Path
    name: str
    file: Path
    settings: dict[str, Any]
    defaults: dict[str, Any]

    @property
    def lab_name(self) -> str:
        return str(self._told("lab_name"))

    @property
    def region(self) -> str:
        return str(self._told("lab_region"))

    @property
    def cloud(self) -> str:
        return str(self._told("lab_cloud"))

    @property
    def folder(self) -> LabFolder:
        return LabFolder(self.root / ".lab" / self.name)

    def _told(self, setting: str) -> Any:
        return self.settings.get(setting) or self.defaults.get(setting, "")


def find(root: Path, wanted: str) -> ClassFile:
    """The class that CLASS= names: demo, demo.yml and classes/demo.yml are the same."""
    name = re.sub(r"^(\./)?classes/", "", wanted).removesuffix(".yml")
    folder = root / "classes"
    existing = sorted(each.stem for each in folder.glob("*.yml"))
    file = folder / f"{name}.yml"
    if "/" in name or name.startswith("."):
        raise ClassFileError(f"CLASS={wanted} is no name of a class: class files are in classes/; {_listed(existing)}.")
    if not file.exists():
        if (folder / f"{name}.yaml").exists():
            raise ClassFileError(f"classes/{name}.yaml is not looked at: rename it to classes/{name}.yml.")
        raise ClassFileError(
            f"There is no class file classes/{name}.yml; {_listed(existing)}.{did_you_mean(name, existing)} "
            "A new one begins as a copy of classes/demo.yml."
        )
    told = read(file, f"classes/{name}.yml")
    defaults = settings.known(root / "group_vars" / "all")
    if problem := lab_name_problem(told.get("lab_name") or defaults.get("lab_name")):
        raise ClassFileError(f"classes/{name}.yml: {problem}")
    return ClassFile(root, name, file, told, defaults)


def read(file: Path, shown: str) -> dict[str, Any]:
    """The settings in the file. `shown` is what an error calls it."""
    try:
        content = file.read_bytes()
    except OSError as error:
        raise ClassFileError(f"{shown} cannot be read: {error.strerror}.") from error
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise ClassFileError(
            f"{shown}, line {line}, is not in UTF-8: save the file anew with that encoding."
        ) from error
    try:
        told = yaml.load(text, _Loader)  # noqa: S506 - a child of the safe loader
    except yaml.MarkedYAMLError as error:
        raise ClassFileError(f"{shown}{_where(error, text)}") from error
    except yaml.reader.ReaderError as error:
        line = text[: error.position].count("\n") + 1
        raise ClassFileError(f"{shown}, line {line}: a character that YAML does not allow ({error.reason}).") from error
    if told is None:
        raise ClassFileError(f"{shown} is empty: copy classes/demo.yml over it, and change what differs.")
    if not isinstance(told, dict):
        raise ClassFileError(
            f"{shown} must be lines of 'setting: value', but it is a {settings.kind(told)}: see classes/demo.yml."
        )
    return told


class _Loader(yaml.SafeLoader):
    """A key that is there twice is an error: the second would win, and the first look as if it counted."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: dict[str, int] = {}
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):  # refused by the safe loader itself
                continue
            if key.value in seen:
                raise yaml.constructor.ConstructorError(
                    problem=f"'{key.value}' is there twice, first in line {seen[key.value]}; remove one",
                    problem_mark=key.start_mark,
                )
            seen[key.value] = key.start_mark.line + 1
        return super().construct_mapping(node, deep)

    def construct_yaml_timestamp(self, node: yaml.ScalarNode) -> Any:
        try:
            return super().construct_yaml_timestamp(node)
        except ValueError as error:  # the 31st of February
            raise yaml.constructor.ConstructorError(
                problem=f"'{node.value}' is no date ({error})", problem_mark=node.start_mark
            ) from error


_Loader.add_constructor("tag:yaml.org,2002:timestamp", _Loader.construct_yaml_timestamp)


def _where(error: yaml.MarkedYAMLError, text: str) -> str:
    """Where YAML gave up, in what words, and the line itself."""
    mark = error.problem_mark or error.context_mark
    problem = error.problem or "not valid YAML"
    if "\\t" in problem:
        problem = "a tab; YAML wants spaces"
    if mark is None:
        return f": {problem}."
    lines = text.splitlines()
    line = lines[mark.line].strip() if mark.line < len(lines) else "(the end of the file)"
    return f", line {mark.line + 1}, column {mark.column + 1}: {problem}: {line}"


def same_lab(this: ClassFile) -> ClassFile | None:
    """Another class file with the same lab_name whose lab is up: a copy in which the name was forgotten."""
    if this.folder.remembered():
        return None
    for file in sorted((this.root / "classes").glob("*.yml")):
        other = LabFolder(this.root / ".lab" / file.stem)
        if file.stem == this.name or not other.remembered():
            continue
        with suppress(ClassFileError):  # another class's broken file is no matter of this one
            told = read(file, f"classes/{file.name}")
            if told.get("lab_name") == this.lab_name:
                return ClassFile(this.root, file.stem, file, told, this.defaults)
    return None


def _listed(existing: list[str]) -> str:
    return f"those that exist: {', '.join(existing)}" if existing else "none exists yet"
