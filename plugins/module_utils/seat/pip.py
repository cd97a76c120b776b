"""A current pip for one Python, in a folder of its own; the Python itself is not written to.

`pip3.11` is a small script in /usr/local/bin. It runs the pip of that folder as `/usr/bin/python3.11`, so that what a
student installs with it goes where that Python looks: for a student to ~/.local, never to /usr/lib.
"""

from __future__ import annotations

import glob
import os
import re
import shutil
from typing import Any

from .files import Run, SeatError, read_text, write_file
from .pip_words import explain

ROOT = "/opt/classlab"
BIN = "/usr/local/bin"
# Where Python packages keep the pip for their own virtual environments: the PPA's in the first, Ubuntu's in the second.
WHEELS = ("/usr/lib/python{python}/ensurepip/_bundled/pip-*.whl", "/usr/share/python-wheels/pip-*.whl")
SCRIPT = """\
#!/usr/bin/python{python}
# pip for Python {python}, installed by classlab; pip itself lies in {folder}.
import sys

sys.path.insert(0, "{folder}")
from pip._internal.cli.main import main

sys.exit(main())
"""
# No questions, no look for a newer pip, no byte-compiling: Python does that by itself at the first import, for what is
# used. Compiling all of matplotlib and pandas beforehand takes three times as long as installing them.
QUIET = ["-q", "--no-input", "--disable-pip-version-check", "--retries", "5"]
LAZY = ["--no-compile"]


def folder(python: str) -> str:
    return f"{ROOT}/pip{python}"


def launcher(python: str) -> str:
    return f"{BIN}/pip{python}"


def version_in(packages: str) -> str:
    """The version of the pip in a folder of packages; nothing where there is none, or half of one."""
    found = glob.glob(f"{glob.escape(packages)}/pip-*.dist-info/RECORD")
    if not found or not os.path.exists(f"{packages}/pip/__main__.py"):
        return ""
    return os.path.basename(os.path.dirname(sorted(found)[-1])).removeprefix("pip-").removesuffix(".dist-info")


def missing(wanted: dict[str, Any]) -> str:
    """Why `pip<python>` is not as wanted; nothing when it is. No process is started to know."""
    python, version = str(wanted["python"]), str(wanted.get("version") or "")
    found = version_in(folder(python))
    if not found:
        return f"there is no pip for Python {python}"
    if version and version != found:
        return f"pip for Python {python} is {found}, not {version}"
    script = launcher(python)
    if read_text(script) != SCRIPT.format(python=python, folder=folder(python)) or not os.access(script, os.X_OK):
        return f"{script} is not in place"
    return ""


def ensure(run: Run, wanted: dict[str, Any]) -> bool:
    """Make it so; True when something was done. `run` is a module's run_command."""
    if not missing(wanted):
        return False
    python, version = str(wanted["python"]), str(wanted.get("version") or "")
    interpreter(python)
    found = version_in(folder(python))
    if not found or (version and version != found):
        _install(run, python, version)
    write_file(launcher(python), SCRIPT.format(python=python, folder=folder(python)), mode=0o755)
    rc, out, err = run([launcher(python), "--version"], cwd="/")
    if rc or f"(python {python})" not in out:
        raise SeatError(f"{launcher(python)} does not work: {(out + err).strip()[-300:] or f'it ended with {rc}'}")
    return True


def interpreter(python: str) -> str:
    """Its path, when it is a Python that is there."""
    if not re.fullmatch(r"3\.\d+", python):
        raise SeatError(f"Python {python!r} is no version such as 3.11: write two numbers, in quotes.")
    if not os.access(f"/usr/bin/python{python}", os.X_OK):
        raise SeatError(f"There is no python{python} on this seat; the role deadsnakes_python installs it.")
    return f"/usr/bin/python{python}"


def _install(run: Run, python: str, version: str) -> None:
    """The pip that comes with Python installs its successor beside it. That is where ensurepip takes it from, too."""
    wheels = [wheel for place in WHEELS for wheel in sorted(glob.glob(place.format(python=python)))]
    if not wheels:
        raise SeatError(
            f"There is no pip in python{python}-venv; is it whole? On the seat: sudo apt install --reinstall "
            f"python{python}-venv python3-pip-whl"
        )
    place, beside = folder(python), f"{folder(python)}.new"
    shutil.rmtree(beside, ignore_errors=True)
    os.makedirs(ROOT, mode=0o755, exist_ok=True)
    what = f"pip=={version}" if version else "pip"
    # Byte-compiled here, other than in a venv: students may not write into this folder.
    rc, out, err = run([interpreter(python), f"{wheels[0]}/pip", "install", *QUIET, "--target", beside, what], cwd="/")
    if rc:
        shutil.rmtree(beside, ignore_errors=True)
        raise SeatError(explain(rc, out + err, ROOT))
    shutil.rmtree(place, ignore_errors=True)
    os.rename(beside, place)


def as_owner(owner: str, command: list[str]) -> list[str]:
    """A command as the student: root's pip would leave files that a student cannot change.

    sudo and not runuser, because it starts from the seat's own environment (/etc/environment), as a login does.
    """
    return ["sudo", "-n", "-H", "-u", owner, "--", *command]
