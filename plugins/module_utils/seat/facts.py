"""Which things of a seat are missing, and why."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from . import access, deadline, jupyter, packages, pip, project, python, venv
from .files import SeatError

Ask = Callable[[dict[str, Any]], str]

# In the order in which they are brought. The role of each begins with the same question.
THINGS: dict[str, Ask] = {
    "access": access.missing,
    "deadline": deadline.missing,
    "packages": packages.missing,
    "python": python.missing,
    "pip": pip.missing,
    "venv": venv.missing,
    "jupyter": jupyter.missing,
    "project": project.missing,
}
# What stands on what: with a new environment the project's requirements are to be installed anew, though the record
# of the old one still says that they are there.
STANDS_ON = {"jupyter": "venv", "project": "venv"}


def missing(things: Mapping[str, Ask], wanted: dict[str, Any]) -> dict[str, str]:
    """name -> reason, in the order of `things`. What is not wanted at all is not asked."""
    why: dict[str, str] = {}
    for name, ask in things.items():
        if not wanted.get(name):
            continue
        try:
            reason = ask(wanted[name])
        except (SeatError, OSError, ValueError) as error:
            # Whatever keeps us from knowing keeps us from skipping: the thing's own role says it better.
            reason = str(error)
        if not reason and STANDS_ON.get(name) in why:
            reason = f"it stands on {STANDS_ON[name]}"
        if reason:
            why[name] = reason
    return why
