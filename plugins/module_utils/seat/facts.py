"""Which things of a seat are missing, and why."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .files import SeatError

# What stands on what: with a new environment the project's requirements are to be installed anew, though the record
# of the old one still says that they are there.
STANDS_ON = {"jupyter": "venv", "project": "venv"}


def missing(things: Mapping[str, Callable[[dict[str, Any]], str]], wanted: dict[str, Any]) -> dict[str, str]:
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
