"""What pip is told by the class's project: its requirements, and whatever of the project's own these name."""

import hashlib
import posixpath
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from classlab.project.files import Entry

FILE = "requirements.txt"
# `-r more.txt`, `--constraint=pins.txt`, `-e .`, `./lib[extra]`, `lesson @ file:lib`: words that may name something.
WORDS = re.compile(r"[^\s=@\"']+")


def installs(found: Sequence[Entry], project: str) -> str:
    """
    A digest that is the same as long as pip is told the same; '' without requirements. `project` is the digest of all
    files: where a folder of the project is itself installed, whichever of them has changed may matter.
    """
    files = {each.path: each.source for each in found if each.kind == "file"}
    told: dict[str, str] = {}
    waiting = [FILE] if FILE in files else []
    while waiting:
        path = waiting.pop()
        text = files[path].read_text("utf-8", errors="surrogateescape")
        told[path] = _digest(text)
        for named in _named(text, posixpath.dirname(path), files):
            if named not in files:
                return project
            if named not in told:
                waiting.append(named)
    return _digest("\n".join(f"{path} {digest}" for path, digest in sorted(told.items()))) if told else ""


def _named(text: str, folder: str, files: Mapping[str, Path]) -> set[str]:
    """The files of the project that a text names; and its folders, '' for the project itself."""
    folders = {parent for path in files for parent in _parents(path)}
    named = set()
    for word in WORDS.findall(re.sub(r"(^|\s)#.*", "", text)):
        bare = re.sub(r"^(-[rce]|file:)|\[.*", "", word)
        # pip looks for a file beside the one that names it, and for a folder from where it was called.
        for start in (folder, ""):
            path = posixpath.normpath(posixpath.join(start, bare or "-")).removeprefix(".")
            # `lib` alone is a package of the index; what has a slash or begins with a dot is a folder.
            if path in files or (path in folders and re.search(r"/|^\.|^file:|^-e", word)):
                named.add(path)
    return named


def _parents(path: str) -> list[str]:
    parts = path.split("/")[:-1]
    return ["/".join(parts[:end]) for end in range(len(parts) + 1)]


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:32]
