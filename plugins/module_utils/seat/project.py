"""The class's project on a seat: what is ours is brought up to date, what the student changed is left alone.

A file is ours as long as it has a content that was once handed out. What was handed out is noted before the first file
is written, so that a run that was killed between any two files is understood by the next. Files are written as the
student, not as root: a link that a student put in the way leads nowhere where the student may not write anyway.
"""

from __future__ import annotations

import os
import shutil
from typing import Any, BinaryIO

from . import venv
from .files import RECORDS, SeatError, disk_hint, read_record, write_file, write_record
from .project_archive import Archive
from .project_folder import Folder, as_owner

RECORD = f"{RECORDS}/project.json"
# The class's own requirements.txt and what it includes: a student may have changed those in the project.
REQUIREMENTS = f"{RECORDS}/requirements"
# A file's former contents that are still known as ours.
REMEMBERED = 50


def missing(wanted: dict[str, Any]) -> str:
    """Why the project is not as wanted; nothing when it is. Only `force` reads the contents of files."""
    return files_missing(wanted) or requirements_missing(wanted)


def files_missing(wanted: dict[str, Any]) -> str:
    noted = _noted(wanted)
    if noted.get("digest") != wanted["digest"]:
        return "the project has changed" if noted.get("digest") else "the project is new"
    if "requirements.txt" in noted["files"] and not os.path.exists(f"{REQUIREMENTS}/requirements.txt"):
        return f"{REQUIREMENTS} is not there"
    folder = Folder(str(wanted["path"]))
    with as_owner(venv.owner_of(wanted)):
        for path, item in noted["files"].items():
            try:
                if not folder.look(path)[0]:
                    return f"{path} is not there"
                # The digest is the noted one: what differs is the student's own, and stays unless `force` is given.
                if wanted.get("force") and folder.content(path) != item["is"]:
                    return f"{path} is the student's own"
            except OSError as error:
                return f"{path} cannot be looked at: {error.strerror}"
    return ""


def requirements_missing(wanted: dict[str, Any]) -> str:
    file = f"{REQUIREMENTS}/requirements.txt"
    if not wanted.get("venv") or "requirements.txt" not in _noted(wanted).get("files", {}):
        return ""
    return venv.requirements_missing(str(wanted["venv"]), venv.REQUIREMENTS, venv.read_requirements(file))


def ensure(run: Any, wanted: dict[str, Any], packed: BinaryIO | None) -> dict[str, Any]:
    """Make it so; what was put, removed, kept and set aside. The archive is needed where files_missing says so."""
    done: dict[str, Any] = {"put": 0, "removed": [], "kept": [], "conflicts": [], "set_aside": [], "aside": ""}
    if why := files_missing(wanted):
        if packed is None:
            raise SeatError(f"In {wanted['path']} {why}, and the project's archive was not brought to the seat.")
        with Archive(packed) as archive:
            _bring_files(wanted, archive, done)
    if wanted.get("venv") and requirements_missing(wanted):
        _install(run, wanted)
    return done


def _bring_files(wanted: dict[str, Any], archive: Archive, done: dict[str, Any]) -> None:
    record, noted = read_record(RECORD), _noted(wanted)
    ours = {path: list(contents) for path, contents in noted.get("ours", {}).items()}
    for path, item in archive.items.items():
        known = ours.setdefault(path, [])
        if item["is"] not in known:
            known.append(item["is"])
        del known[:-REMEMBERED]
    before = noted.get("files", {})
    # Without a digest: begun, but not done.
    record[wanted["path"]] = {"digest": "", "files": before, "ours": ours}
    write_record(RECORD, record)
    with as_owner(venv.owner_of(wanted)):
        folder = Folder(str(wanted["path"]))
        if noted.get("digest") == "":  # a run that was killed
            folder.tidy(ours)
        bringing = _Bringing(folder, ours, before, bool(wanted.get("force")), done)
        for path in sorted(set(ours) - set(archive.items), reverse=True):
            bringing.attempt(bringing.remove, path)
        for path in sorted(archive.items):
            bringing.attempt(bringing.put, path, archive)
    if bringing.problems:
        raise _unwritten(wanted, bringing.problems)
    _keep_requirements(archive)
    ours = {path: ours[path] for path in archive.items}
    record[wanted["path"]] = {"digest": wanted["digest"], "files": archive.items, "ours": ours}
    write_record(RECORD, record)


class _Bringing:
    """One pass over the files, as the student."""

    def __init__(
        self, folder: Folder, ours: dict[str, list[str]], before: dict[str, Any], force: bool, done: dict[str, Any]
    ) -> None:
        self.folder, self.ours, self.before, self.force, self.done = folder, ours, before, force, done
        self.problems: list[str] = []

    def attempt(self, action: Any, path: str, *more: Any) -> None:
        """One file that cannot be written does not keep the others from being brought."""
        try:
            action(path, *more)
        except OSError as error:
            self.problems.append(f"{path} ({error.strerror})")

    def remove(self, path: str) -> None:
        """No longer in the project: it goes, if the student left it as it was."""
        kind, where = self.folder.look(path)
        if not kind:
            return
        if self.folder.content(path) in self.ours[path]:
            if self.folder.remove(path):
                self.done["removed"].append(path)
        elif path in self.before:
            self._own(where, conflict=False)

    def put(self, path: str, archive: Archive) -> None:
        item = archive.items[path]
        kind, where = self.folder.look(path)
        if kind:
            content = self.folder.content(path)
            if content == item["is"]:
                # The student's own change of a mode stays; the class's is followed.
                if self.before.get(path, item)["mode"] != item["mode"]:
                    self.folder.chmod(path, item["mode"])
                return
            empty = where == path and content == "folder:" and self.folder.make_room(path)
            if not empty and content not in self.ours[path]:
                newer = self.before.get(path, {}).get("is") != item["is"]
                if not self._own(where, conflict=newer):
                    return
        archive.unpack(path, self.folder)
        self.done["put"] += 1

    def _own(self, where: str, conflict: bool) -> bool:
        """The student's own, at `where`: set aside when that is wished (True), else kept and named (False)."""
        if self.force:
            self.done["aside"] = self.folder.set_aside(where)
            self.done["set_aside"].append(where)
            return True
        for named in ["kept"] + (["conflicts"] if conflict else []):
            if where not in self.done[named]:
                self.done[named].append(where)
        return False


def _keep_requirements(archive: Archive) -> None:
    shutil.rmtree(REQUIREMENTS, ignore_errors=True)
    waiting, seen = ["requirements.txt"], set()
    while waiting:
        path = waiting.pop()
        if path in seen or path not in archive.items:
            continue
        seen.add(path)
        text = archive.read(path).decode("utf-8", "surrogateescape")
        write_file(f"{REQUIREMENTS}/{path}", text)
        included = venv.INCLUDED.findall(text)
        waiting += [os.path.normpath(os.path.join(os.path.dirname(path), name)) for name in included]


def _install(run: Any, wanted: dict[str, Any]) -> None:
    path = str(wanted["venv"])
    if not venv.packages_folder(path):
        raise SeatError(
            f"There is no virtual environment {path} for the project's requirements; the role venv makes it."
        )
    file, own = f"{REQUIREMENTS}/requirements.txt", f"{wanted['path']}/requirements.txt"
    with as_owner(venv.owner_of(wanted)):
        # From the project itself, where it is the class's: `-e .` in it means that folder.
        if venv.read_requirements(own) == venv.read_requirements(file):
            file = own
    venv.install_requirements(run, path, str(wanted["owner"]), file)


def _unwritten(wanted: dict[str, Any], problems: list[str]) -> SeatError:
    named = ", ".join(problems[:3]) + (f" and {len(problems) - 3} more" if len(problems) > 3 else "")
    hint = disk_hint(str(wanted["path"])) or (
        f" What was made with sudo there may belong to root: sudo chown -R {wanted['owner']}: {wanted['path']}"
    )
    return SeatError(f"Of the project these could not be brought to {wanted['path']}: {named}.{hint}")


def _noted(wanted: dict[str, Any]) -> dict[str, Any]:
    """What is noted about this project; a class may have had others before."""
    noted: dict[str, Any] = read_record(RECORD).get(str(wanted["path"]), {})
    return noted
