"""Which files of a folder are the class's project, and whether they may be handed out."""

import hashlib
import os
import stat
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from classlab.errors import ClasslabError
from classlab.project import secrets as projectsecrets

SKIPPED = {".git", "__pycache__", ".venv", "venv", ".ipynb_checkpoints", ".DS_Store"}
# Every seat gets all of it, at every change: large data belongs into a bucket.
MOST_BYTES = 200 * 1000**2
CHUNK = 1 << 20
LFS_POINTER = b"version https://git-lfs.github.com/spec/"


class ProjectError(ClasslabError):
    """The project cannot be handed out; one sentence for each thing that is in the way."""


@dataclass(frozen=True)
class Entry:
    """One file, link or empty folder of the project, as it shall be on a seat."""

    path: str  # with slashes, from the project's folder
    kind: str  # file | link | folder
    mode: str  # 0755 for what can be run, else 0644: nothing else of a teacher's modes means something to a student
    sha256: str  # of the content; of a link: of its target
    source: Path
    target: str = ""

    @property
    def told(self) -> dict[str, str]:
        return {"path": self.path, "kind": self.kind, "mode": self.mode, "sha256": self.sha256}


def entries(folder: Path, results: Sequence[str] = (), *, use_git: bool = True) -> list[Entry]:
    """List what is to be handed out, sorted by path; refuse it with all that is wrong, not just the first."""
    problems: list[str] = []
    paths = set(_names(folder, problems, use_git=use_git))
    for result in results:
        paths = _without(paths, _inside(result), folder)
    found = []
    sizes: dict[str, int] = {}
    for path in sorted(paths):
        if any(ord(letter) < 32 or 0xD800 <= ord(letter) < 0xE000 for letter in path):
            problems.append(f"{path!r} in {folder} has letters that are not text in its name. Rename it.")
            continue
        try:
            entry, size = _entry(folder, path)
        except ProjectError as problem:
            problems.append(str(problem))
        except OSError as error:
            problems.append(f"{folder / path} cannot be read: {error.strerror}. Make it readable, or take it out.")
        else:
            found.append(entry)
            sizes[path] = size
    if sum(sizes.values()) > MOST_BYTES:
        biggest = sorted(sizes, key=lambda path: -sizes[path])[:3]
        named = ", ".join(f"{path} ({sizes[path] / 1000**2:.0f} MB)" for path in biggest)
        problems.append(
            f"The project {folder} has {sum(sizes.values()) / 1000**2:.0f} MB; {MOST_BYTES // 1000**2} MB may be handed"
            f" out. The biggest: {named}. Take them out, and let the script fetch them."
        )
    if problems:
        raise ProjectError("\n".join(problems))
    if not found:
        raise ProjectError(f"The project {folder} has no files to hand out. Is lab_project the right folder?")
    return found


def _inside(result: str) -> str:
    path = PurePosixPath(result)
    if path.is_absolute() or ".." in path.parts:
        raise ProjectError(f"lab_results: {result!r} is not in the project. Name folders from there, such as plots.")
    return str(path)


def _without(paths: set[str], result: str, folder: Path) -> set[str]:
    """What is in a result folder is the teacher's own; the folder itself is there if the script expects it."""
    if result == ".":
        return paths
    rest = {path for path in paths if path != result and not path.startswith(f"{result}/")}
    if len(rest) < len(paths) and (folder / result).is_dir() and not (folder / result).is_symlink():
        rest.add(f"{result}/")
    return rest


def _names(folder: Path, problems: list[str], prefix: str = "", *, use_git: bool = True) -> Iterator[str]:
    """Yield paths of files and links, and of empty folders with a slash at the end."""
    here = folder / prefix
    known = _known_to_git(here) if use_git else None
    if known is None:
        yield from _walk(folder, problems, prefix)
        return
    for name in known:
        path = prefix + name.removesuffix("/")
        if SKIPPED.intersection(path.split("/")) or not os.path.lexists(folder / path):
            continue
        if (folder / path).is_dir() and not (folder / path).is_symlink():  # a repository in the repository
            yield from _names(folder, problems, f"{path}/")
        else:
            yield path


def _walk(folder: Path, problems: list[str], prefix: str) -> Iterator[str]:
    try:
        listed = sorted(os.scandir(folder / prefix), key=lambda each: each.name)
    except OSError as error:
        problems.append(f"{folder / prefix} cannot be read: {error.strerror}. Make it readable, or take it out.")
        return
    if any(each.name == "pyvenv.cfg" for each in listed):  # a virtual environment, whatever it is called
        return
    empty = True
    for each in listed:
        if each.name in SKIPPED:
            continue
        empty = False
        if each.is_dir(follow_symlinks=False):
            yield from _walk(folder, problems, f"{prefix}{each.name}/")
        else:
            yield prefix + each.name
    if empty and prefix:
        yield prefix


def _known_to_git(folder: Path) -> list[str] | None:
    """Ask git for what is tracked, or new and not ignored; None outside a work tree, or where all of it is ignored."""

    def git(*words: str) -> subprocess.CompletedProcess[str]:
        mine = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        return subprocess.run(
            ["git", "-C", folder, *words],
            capture_output=True,
            encoding="utf-8",
            errors="surrogateescape",
            check=False,
            env={**mine, "LC_ALL": "C"},
        )

    try:
        inside = git("rev-parse", "--is-inside-work-tree")
    except FileNotFoundError:
        return None
    if inside.returncode and "not a git repository" in inside.stderr:
        return None
    if inside.returncode:
        raise ProjectError(f"git cannot tell which files of {folder} to hand out: {inside.stderr.strip()}")
    if inside.stdout.strip() != "true" or git("check-ignore", "--quiet", ".").returncode == 0:
        return None
    listed = git("ls-files", "-z", "--cached", "--others", "--exclude-standard")
    if listed.returncode:
        raise ProjectError(f"git cannot tell which files of {folder} to hand out: {listed.stderr.strip()}")
    return [name for name in listed.stdout.split("\0") if name]


def _entry(folder: Path, path: str) -> tuple[Entry, int]:
    source = folder / path
    if path.endswith("/"):
        return Entry(path.removesuffix("/"), "folder", "0755", "", source), 0
    status = source.lstat()
    if stat.S_ISLNK(status.st_mode):
        target = str(source.readlink())
        root = os.path.realpath(folder)
        if target.startswith("/") or os.path.commonpath([root, os.path.realpath(source)]) != root:
            raise ProjectError(
                f"{source} is a link to {target}, which leads out of the project. Put the file itself there, or remove"
                " the link; a link inside the project is written from where it lies, such as ../data/a.csv."
            )
        return Entry(path, "link", "0777", hashlib.sha256(os.fsencode(target)).hexdigest(), source, target), 0
    if not stat.S_ISREG(status.st_mode):
        raise ProjectError(f"{source} is neither a file nor a folder nor a link. Remove it from the project.")
    if status.st_size > MOST_BYTES:  # refused by its size below, not read
        return Entry(path, "file", "0644", "", source), status.st_size
    return Entry(
        path, "file", "0755" if status.st_mode & 0o111 else "0644", _digest(path, source), source
    ), status.st_size


def _digest(path: str, source: Path) -> str:
    digest = hashlib.sha256()
    with source.open("rb") as file:
        head = file.read(CHUNK)
        if secret := projectsecrets.looks_like(path, head):
            raise ProjectError(
                f"{source} looks like {secret}, and a student can read what is on a seat. Take it out of the project,"
                " or, where the project is a git repository, name it in .gitignore."
            )
        if len(head) < 1000 and head.startswith(LFS_POINTER):
            raise ProjectError(
                f"{source} is only Git LFS's note of where the file is. Run `git lfs pull` in a clone, and give that"
                " folder as lab_project."
            )
        while head:
            digest.update(head)
            head = file.read(CHUNK)
    return digest.hexdigest()
