"""How a seat says by itself that it is ready, for classes which nobody enters: it asks what the roles would ask.

The modules with the questions are laid down on the seat of which an image is made, with a program that user data calls
at the end of the first boot. So question and work cannot disagree here either.
"""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any

from . import facts, jupyter
from .files import read_text, write_file

PACKAGE = "seat"
LIBRARY = "/usr/local/lib/classlab"
PROGRAM = "/usr/local/sbin/classlab-signal"
# Without what a student may have put into the way of root's Python.
TEXT = f"""\
#!/usr/bin/python3 -IS
# Says whether a seat has all that it should have, which it reads from standard input.
import json, sys
sys.path.insert(0, {LIBRARY!r})
from {PACKAGE}.signal import told
print(told(json.load(sys.stdin)))
"""


def told(wanted: dict[str, Any]) -> str:
    """One line: whose seat it is, and what was looked at, or what is missing and why. cloud/signals.py reads it."""
    student = wanted.pop("student")
    why = facts.missing(facts.THINGS, wanted)
    # All that is needed is there, and the notebook server is on its way.
    until = time.monotonic() + jupyter.STARTS_WITHIN
    while list(why) == ["jupyter"] and time.monotonic() < until:
        time.sleep(1)
        why = facts.missing(facts.THINGS, wanted)
    if why:
        return f"classlab-not-ready {student} {json.dumps(why)}"
    return f"classlab-ready {student} {' '.join(each for each in facts.THINGS if wanted.get(each))}"


def missing() -> str:
    """Why the seat could not say so; nothing when it can."""
    for path, text in _files().items():
        if read_text(path) != text:
            return f"{path} is not there" if not os.path.exists(path) else f"{path} is an older one"
    return ""


def ensure() -> str:
    reason = missing()
    if reason:
        for path, text in _files().items():
            write_file(path, text, 0o755 if path == PROGRAM else 0o644)
    return reason


def _files() -> dict[str, str]:
    """By path, what is to be in it: this package as it is here, wherever Ansible has unpacked it."""
    ours = __package__ or PACKAGE
    files = {}
    for name, module in sorted(sys.modules.items()):
        if name == ours or name.startswith(f"{ours}."):
            place = "__init__" if name == ours else name[len(ours) + 1 :]
            files[f"{LIBRARY}/{PACKAGE}/{place}.py"] = module.__loader__.get_source(name)  # type: ignore[union-attr]
    return {**files, PROGRAM: TEXT}
