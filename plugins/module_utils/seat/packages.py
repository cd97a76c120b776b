"""Ubuntu packages that every seat has."""

from __future__ import annotations

import re
from typing import Any

from . import apt, dpkg, locks
from .files import Run, SeatError

NAME = re.compile(r"[a-z0-9][a-z0-9+.-]+")


def absent(names: list[str]) -> list[str]:
    present = dpkg.installed(names)
    return [name for name in names if name not in present and not dpkg.provided(name)]


def missing(wanted: dict[str, Any]) -> str:
    """Which of them are not installed; nothing when all are. No process is started to know."""
    names = absent(wanted["names"])
    return f"{', '.join(names)} not installed" if names else ""


def ensure(run: Run, wanted: dict[str, Any]) -> list[str]:
    """Install what is missing, in one go; what that was."""
    for name in wanted["names"]:
        if not NAME.fullmatch(name):
            raise SeatError(f"{name!r} is no name of an Ubuntu package: small letters, digits, and + . - only.")
    names = absent(wanted["names"])
    if not names:
        return []
    patience = int(wanted.get("patience") or 600)
    locks.wait_for_boot(patience)
    # With what Ubuntu recommends along with them: as `apt install` does in the teacher's own notes.
    apt.install(run, names, patience)
    if still := absent(names):
        raise SeatError(f"apt says that it has installed {', '.join(still)}, but dpkg does not know of it.")
    return names
