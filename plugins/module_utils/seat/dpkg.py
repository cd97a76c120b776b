"""What is installed on a seat, read from dpkg's own file: asking dpkg itself takes ten times as long."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable

from .files import read_text

STATUS = "/var/lib/dpkg/status"
UPDATES = "/var/lib/dpkg/updates"


def installed(names: Iterable[str]) -> dict[str, str]:
    """name -> version of those that are installed whole."""
    text = "\n" + read_text(STATUS)
    found = {}
    for name in names:
        for start in re.finditer(rf"\nPackage: {re.escape(name)}\n", text):
            version = _version(text[start.start() : text.find("\n\n", start.end())])
            if version:
                found[name] = version
    return found


def of_family(pattern: str) -> dict[str, str]:
    """name -> version of all that are installed and whose whole name matches."""
    names = re.findall(rf"^Package: ({pattern})$", read_text(STATUS), re.MULTILINE)
    return installed(names)


def provided(name: str) -> bool:
    """Is there an installed package that stands for `name`, as vim-tiny does for editor?"""
    word = re.compile(rf"^Provides: (?:.*, )?{re.escape(name)}(?: \(|,|$)", re.MULTILINE)
    return any(word.search(entry) and _version(entry) for entry in read_text(STATUS).split("\n\n"))


def interrupted() -> bool:
    """Did somebody stop dpkg in its work? It keeps numbered files there until it is done."""
    return os.path.isdir(UPDATES) and any(name.isdigit() for name in os.listdir(UPDATES))


def _version(entry: str) -> str:
    found = re.search(r"^Version: (\S+)$", entry, re.MULTILINE)
    return found[1] if found and re.search(r"^Status: \w+ ok installed$", entry, re.MULTILINE) else ""
