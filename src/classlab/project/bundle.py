"""Make the class's project into one archive for all seats: the same content has the same name, and is made once."""

import gzip
import hashlib
import io
import json
import os
import shutil
import tarfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from classlab.project import git as projectgit
from classlab.project.files import Entry, ProjectError, entries
from classlab.project.requirements import installs

# Part of the digest: raise it when the archive is written differently.
FORM = 1


@dataclass(frozen=True)
class Bundle:
    name: str  # of the folder on a seat
    digest: str
    archive: Path
    requirements: str  # a digest of what pip is told; '' when it is told nothing
    manifest: list[dict[str, str]]
    changed: bool
    commit: str = ""  # of a git address
    notes: tuple[str, ...] = ()

    @property
    def fact(self) -> dict[str, Any]:
        """What a seat needs; the manifest stays behind, since the archive and the seat's own record have it too."""
        return {
            "name": self.name,
            "digest": self.digest,
            "archive": str(self.archive),
            "requirements": self.requirements,
        }


def make(project: str, base: Path, folder: Path, revision: str = "", results: Sequence[str] = ()) -> Bundle:
    """
    Bundle `project` (a folder, relative to `base`, or a git address) in the lab's `folder`. What lies in the folders
    `results` is not handed out. Older archives are removed: only the newest is ever asked for.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    place = base / Path(project).expanduser()
    if not projectgit.is_address(project) or place.is_dir():
        if revision:
            raise ProjectError(
                f"lab_project_revision: {revision!r} is for a git address, and lab_project is the folder {project}."
                " Remove it, or give the repository's address as lab_project."
            )
        if not place.is_dir():
            raise ProjectError(
                f"lab_project: {project} is no folder. Looked for at {place}; write it from the class file."
            )
        return _bundle(name_of(project, base), entries(place.resolve(), results), folder)
    with _scratch(folder) as scratch:
        repository = projectgit.Repository(project, folder / "git")
        commit = repository.export(revision, scratch)
        notes: tuple[str, ...] = ()
        if (scratch / ".gitmodules").is_file():
            notes = (f"{project} has submodules, which are not fetched: clone it yourself and give that folder.",)
        found = entries(scratch, results, use_git=False)
        return _bundle(name_of(project, base), found, folder, commit, notes)


def known(project: str, base: Path, folder: Path, results: Sequence[str] = ()) -> dict[str, str]:
    """
    Name and digest of what `make` would make, and nothing is made. Of a git address that is what was made last, for
    nothing is fetched; {} when nothing was.
    """
    place = base / Path(project).expanduser()
    if place.is_dir():
        return {
            "name": name_of(project, base),
            "digest": _digest([each.told for each in entries(place.resolve(), results)]),
        }
    made = sorted(folder.glob("*.tar.gz"), key=lambda file: file.stat().st_mtime)
    return {"name": name_of(project, base), "digest": made[-1].name.removesuffix(".tar.gz")} if made else {}


def name_of(project: str, base: Path) -> str:
    """Of the project's folder, which lies in the student's home, beside ~/venv and what begins with a dot."""
    place = base / Path(project).expanduser()
    git = projectgit.is_address(project) and not place.is_dir()
    name = projectgit.name_of(project) if git else place.resolve().name
    if not name or name.startswith((".", "-")) or name == "venv" or not name.isprintable() or "/" in name:
        raise ProjectError(
            f"lab_project: {project} would be the folder {name!r} in a student's home, which is not possible."
            " Rename the project's folder."
        )
    return name


def _bundle(name: str, found: list[Entry], folder: Path, commit: str = "", notes: tuple[str, ...] = ()) -> Bundle:
    manifest = [entry.told for entry in found]
    digest = _digest(manifest)
    archive = folder / f"{digest}.tar.gz"
    changed = not archive.exists()
    if changed:
        _write(archive, found)
    for other in folder.glob("*.tar.gz*"):
        if other != archive:
            other.unlink()
    return Bundle(name, digest, archive, installs(found, digest), manifest, changed, commit, notes)


def _digest(manifest: list[dict[str, str]]) -> str:
    return hashlib.sha256(json.dumps([FORM, manifest]).encode()).hexdigest()[:32]


def _write(archive: Path, found: list[Entry]) -> None:
    """Sorted, without times and owners, so that the same content gives the same bytes; in place whole or not at all."""
    part = archive.with_name(f"{archive.name}.part")
    part.unlink(missing_ok=True)
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as raw:
        with (
            gzip.GzipFile(filename="", mode="wb", compresslevel=6, fileobj=raw, mtime=0) as packed,
            tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as tar,
        ):
            for entry in found:
                _add(tar, entry)
        raw.flush()
        os.fsync(raw.fileno())
    part.replace(archive)


def _add(tar: tarfile.TarFile, entry: Entry) -> None:
    member = tarfile.TarInfo(entry.path)
    member.mode = int(entry.mode, 8)
    if entry.kind == "folder":
        member.type = tarfile.DIRTYPE
    elif entry.kind == "link":
        member.type, member.linkname = tarfile.SYMTYPE, entry.target
    if entry.kind != "file":
        tar.addfile(member)
        return
    changed = ProjectError(f"{entry.source} was changed while it was read. Run it again.")
    with entry.source.open("rb") as file:
        member.size = os.fstat(file.fileno()).st_size
        reader = _Hashing(file)
        try:
            tar.addfile(member, reader)
        except OSError as error:  # shorter than a moment ago
            raise changed from error
    if reader.digest.hexdigest() != entry.sha256:
        raise changed


class _Hashing(io.RawIOBase):
    """A file that remembers what was read from it: the archive must hold what its digest says."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        self.digest.update(data)
        return data


@contextmanager
def _scratch(folder: Path) -> Iterator[Path]:
    """An empty folder in the lab's; one that a killed run left behind is emptied."""
    scratch = folder / "export"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(mode=0o700)
    try:
        yield scratch
    finally:
        shutil.rmtree(scratch)
