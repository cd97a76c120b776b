"""The program that asks a seat what is missing, as text for a Python of the seat's own.

It is made of the modules that the roles of a seat begin with, so that the question and the work cannot disagree. It
travels with what is wanted by standard input: neither is seen in a list of processes, and nothing is left on the seat.
"""

import base64
import json
import zlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

# Without what others may have put into the way of root's Python: PYTHONPATH, a folder, packages of their own.
PYTHON = ("/usr/bin/python3", "-I", "-S", "-")
# A login, or sudo, may say something of its own before.
MARK = "classlab-missing "
PACKAGE = "seat"
PROGRAM = """\
import base64, json, sys, zlib
from importlib.machinery import ModuleSpec

class Carried:
    def __init__(self, sources):
        self.sources = sources
    def find_spec(self, name, path=None, target=None):
        return ModuleSpec(name, self, is_package=name == {package!r}) if name in self.sources else None
    def create_module(self, spec):
        return None
    def exec_module(self, module):
        exec(compile(self.sources[module.__name__], module.__name__, "exec", dont_inherit=True), module.__dict__)

sources, wanted = json.loads(zlib.decompress(base64.b64decode({carried!r})))
sys.meta_path.insert(0, Carried(sources))
from {package}.facts import THINGS, missing
print({mark!r} + json.dumps(missing(THINGS, wanted)))
"""


def program(folder: Path, wanted: Mapping[str, Any]) -> str:
    """The text of it, for one seat. `folder` has the modules of a seat."""
    carried = json.dumps([sources(folder), wanted]).encode()
    text = base64.b64encode(zlib.compress(carried, 1)).decode()
    return PROGRAM.format(package=PACKAGE, carried=text, mark=MARK)


def answer(said: str) -> dict[str, str] | None:
    """Thing -> why it is missing; None where it did not come so far."""
    for line in said.splitlines():
        if line.startswith(MARK):
            found: dict[str, str] = json.loads(line.removeprefix(MARK))
            return found
    return None


@cache
def sources(folder: Path) -> dict[str, str]:
    """Name of a module -> its text."""
    files = sorted(folder.glob("*.py"))
    return {PACKAGE if each.stem == "__init__" else f"{PACKAGE}.{each.stem}": each.read_text() for each in files}
