"""What the work on a seat has in common: its own error, its records, and files that are put in place whole."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any

# A module's run_command: a list of words in; exit status, output and errors out.
Run = Callable[..., tuple[int, str, str]]

# What was done, so that the next `make up` need not ask again: small files that root writes and everybody may read.
RECORDS = "/etc/classlab"


class SeatError(Exception):
    """One or two sentences for the teacher: what was wrong, the value, what mends it."""


def read_text(path: str) -> str:
    """The file's text; nothing where it is not there, or cannot be read."""
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return file.read()
    except OSError:
        return ""


def read_record(path: str) -> dict[str, Any]:
    """A record, or {} where there is none or it is damaged: then the work is simply looked at again."""
    try:
        found = json.loads(read_text(path))
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def write_record(path: str, record: dict[str, Any]) -> None:
    write_file(path, json.dumps(record, indent=1, sort_keys=True) + "\n")


def write_file(path: str, text: str, mode: int = 0o644, owner: tuple[int, int] | None = None) -> None:
    """Put a file in place whole, or not at all: a seat may lose power, or its disk may be full, at any moment."""
    os.makedirs(os.path.dirname(path), mode=0o755, exist_ok=True)
    beside = f"{path}.classlab-{os.getpid()}"
    try:
        with open(beside, "w", encoding="utf-8", errors="surrogateescape") as file:
            os.fchmod(file.fileno(), mode)
            if owner:
                os.fchown(file.fileno(), *owner)
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
    except OSError as error:
        if os.path.exists(beside):
            os.unlink(beside)
        raise SeatError(f"{path} cannot be written: {error.strerror}.{disk_hint(path)}") from error


def disk_hint(path: str) -> str:
    """A sentence when the disk of `path` is full: the commonest reason, and no message of apt or pip says how full."""
    while not os.path.exists(path):
        path = os.path.dirname(path) or "/"
    disk = os.statvfs(path)
    free = disk.f_bavail * disk.f_frsize // 2**20
    # Some file systems make files as they need them, and tell of none.
    if free > 50 and (disk.f_favail or not disk.f_files):
        return ""
    return (
        f" The disk is full ({free} MB free): remove files from the seat, or give new seats more with lab_volume_size."
    )
