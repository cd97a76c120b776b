"""The student's virtual environment: made by the wanted Python, active at login, and never lost in silence."""

from __future__ import annotations

import hashlib
import os
import pwd
import re
import time
from typing import Any

from . import pip, shell
from .files import RECORDS, Run, SeatError, read_record, read_text, write_record
from .pip_words import explain

# Which requirements are in the environment, and what came of them.
REQUIREMENTS = f"{RECORDS}/requirements.json"
INCLUDED = re.compile(r"^\s*(?:-r|--requirement|-c|--constraint)[ =]*([^\s#]+)", re.MULTILINE)


def packages_folder(venv: str) -> str:
    """Where its packages lie; nothing where it is no virtual environment."""
    made_by = made_by_python(venv)
    return f"{venv}/lib/python{made_by}/site-packages" if made_by else ""


def made_by_python(venv: str) -> str:
    """3.11, or nothing."""
    found = re.search(r"^version(?:_info)?\s*=\s*(\d+\.\d+)", read_text(f"{venv}/pyvenv.cfg"), re.MULTILINE)
    return found[1] if found else ""


def owner_of(wanted: dict[str, Any]) -> pwd.struct_passwd:
    try:
        return pwd.getpwnam(str(wanted["owner"]))
    except KeyError:
        raise SeatError(f"There is no user {wanted['owner']!r} on this seat to own {wanted['path']}.") from None


def broken(wanted: dict[str, Any]) -> str:
    """Why what lies there cannot serve and must make room; nothing when it can, or when nothing lies there."""
    path, python = str(wanted["path"]), str(wanted["python"])
    if not os.path.lexists(path):
        return ""
    made_by = made_by_python(path)
    if not made_by:
        return f"{path} is no virtual environment"
    if made_by != python:
        return f"{path} was made by Python {made_by}, not {python}"
    if not os.access(f"{path}/bin/python", os.X_OK):
        return f"the Python of {path} is gone"
    if os.stat(path).st_uid != owner_of(wanted).pw_uid:
        return f"{path} does not belong to {wanted['owner']}"
    return ""


def missing(wanted: dict[str, Any]) -> str:
    """Why the environment is not as wanted; nothing when it is. No process is started to know."""
    path = str(wanted["path"])
    if not os.path.lexists(path):
        return f"there is no {path}"
    return broken(wanted) or _without_pip(path) or shell.missing(path, owner_of(wanted))


def _without_pip(path: str) -> str:
    return "" if pip.version_in(packages_folder(path)) else f"there is no pip in {path}"


def ensure(run: Run, wanted: dict[str, Any]) -> list[str]:
    """Make it so; what was done, in words. What made room for it is named, and kept."""
    path, python, done = str(wanted["path"]), str(wanted["python"]), []
    user, interpreter = owner_of(wanted), pip.interpreter(python)
    if why := broken(wanted):
        aside = f"{path}.{time.strftime('%Y-%m-%d-%H%M%S')}"
        os.rename(path, aside)
        done.append(f"{why}; it is kept as {aside}")
    if not os.path.lexists(path):
        # Without the old pip that Python brings: installing that one only to replace it takes longer than all the rest.
        _as_owner(run, wanted, [interpreter, "-m", "venv", "--without-pip", path])
        done.append(f"{path} is made")
    if _without_pip(path):
        current = pip.version_in(pip.folder(python))
        if not current or not os.access(pip.launcher(python), os.X_OK):
            raise SeatError(f"There is no {pip.launcher(python)} on this seat; the role pip brings it.")
        install = ["install", *pip.QUIET, *pip.LAZY, f"pip=={current}"]
        _as_owner(run, wanted, [pip.launcher(python), "--python", f"{path}/bin/python", *install])
        done.append(f"pip {current} is in {path}")
    done += shell.ensure(path, user)
    return done


def _as_owner(run: Run, wanted: dict[str, Any], command: list[str]) -> None:
    rc, out, err = run(pip.as_owner(str(wanted["owner"]), command), cwd=owner_of(wanted).pw_dir)
    if rc:
        raise SeatError(explain(rc, out + err, owner_of(wanted).pw_dir))


def read_requirements(file: str) -> str:
    """The text of a requirements file with those that it includes, so that a change in any of them is seen."""
    texts, waiting, seen = [], [os.path.abspath(file)], set()
    while waiting:
        path = waiting.pop(0)
        if path in seen:
            continue
        seen.add(path)
        text = read_text(path)
        texts.append(text)
        folder = os.path.dirname(path)
        waiting += [
            os.path.normpath(os.path.join(folder, name)) for name in INCLUDED.findall(text) if "://" not in name
        ]
    return "\n".join(texts)


def requirements_missing(venv: str, record: str, requirements_text: str) -> str:
    """Why these requirements are not in `venv`; nothing when they are. `record` is the path of what was noted last."""
    noted = read_record(record)
    if noted.get("venv") != venv or noted.get("sha256") != _digest(requirements_text):
        return "the requirements are new" if not noted else "the requirements have changed"
    # Another version than ours is the student's own wish, as a changed file is.
    there = {package.partition("==")[0] for package in installed(venv)}
    for package in noted.get("packages", []):
        if package.partition("==")[0] not in there:
            return f"{package} is no longer in {venv}"
    return ""


def install_requirements(
    run_command: Run, venv: str, owner: str, requirements_file: str, record: str = REQUIREMENTS
) -> None:
    """Install what the file asks for, as the student, and note what came of it.

    Hashes are enforced by pip itself as soon as the file has one.
    """
    text = read_requirements(requirements_file)
    command = [f"{venv}/bin/python", "-m", "pip", "install", *pip.QUIET, *pip.LAZY, "-r", requirements_file]
    folder = os.path.dirname(os.path.abspath(requirements_file))
    rc, out, err = run_command(pip.as_owner(owner, command), cwd=folder)
    if rc:
        raise SeatError(explain(rc, out + err, venv))
    write_record(record, {"venv": venv, "sha256": _digest(text), "packages": installed(venv)})


def installed(venv: str) -> list[str]:
    """`name==version` of every package, as its dist-info folder is called; pip itself is the venv's own affair."""
    folder = packages_folder(venv)
    entries = os.listdir(folder) if folder else []
    names = [entry.removesuffix(".dist-info") for entry in entries if entry.endswith(".dist-info")]
    found = ["==".join(name.rsplit("-", 1)) for name in sorted(names)]
    return [package for package in found if not package.startswith("pip==")]


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
