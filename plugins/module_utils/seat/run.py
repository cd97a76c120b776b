"""A class's command, run as the student inside tmux: it goes on whatever becomes of the connection that began it.

    ~/.classlab/runs/<id>/   command   what is run
                             log       what it says, also on its screen: tmux attach
                             begun     when it began, in seconds; it is there before the command's first word
                             ended     its exit status and when that was; there when it is over

A run has an id that whoever asks for it has chosen: asked for again, it is the same run and not a second one.
"""

from __future__ import annotations

import os
import pwd
import re
import shlex
import shutil
import time
from typing import Any

from .files import Run, SeatError, read_text
from .pip import as_owner

RUNS = ".classlab/runs"
# A run's session in tmux has its id, so that a second run finds the first, whoever began it.
SESSION = "run-"
# A login shell, so that the class's environment is active. tee's own status is no matter; the command's is.
SCRIPT = """\
cd {directory} || exit
date +%s.%N >{here}/begun
bash -l {here}/command </dev/null 2>&1 | tee {here}/log
echo "${{PIPESTATUS[0]}} $(date +%s.%N)" >{here}/.ended
mv {here}/.ended {here}/ended
"""
WRITE = 'umask 077; mkdir -p "$1" && cat >"$1/command"'
LAST_LETTERS = 200
# A file is looked at often; tmux is asked seldom, for that takes two processes.
LOOK, ASK = 0.2, 5.0


def ensure(run: Run, wanted: dict[str, Any]) -> dict[str, Any]:
    """Begin the run unless it has begun, or another one is under way; then how it is after `wait` seconds at most."""
    user, own = _owner(str(wanted["owner"])), str(wanted["id"])
    if not re.fullmatch(r"[\w-]+", own):
        raise SeatError(f"The run's id is {own!r}: letters, digits and hyphens are what it may have.")
    other = _under_way(run, user)
    begins = not other and not os.path.exists(f"{_folder(user, own)}/begun")
    if begins:
        _begin(run, user, own, wanted)
    shown = other or own
    until = time.monotonic() + float(wanted["wait"])
    ask = time.monotonic() + ASK
    while not _ended(user, shown) and time.monotonic() < until:
        time.sleep(LOOK)
        if time.monotonic() > ask:
            ask = time.monotonic() + ASK
            if _under_way(run, user) != shown:
                break
    return {"changed": begins, "other": shown != own, **state(run, user, shown)}


def state(run: Run, user: pwd.struct_passwd, own: str) -> dict[str, Any]:
    """running, done, or cut off: the seat was restarted, or somebody ended the session."""
    here = _folder(user, own)
    alive = _under_way(run, user) == own  # asked first: what ends meanwhile has ended
    began, ended = _number(read_text(f"{here}/begun")), _ended(user, own)
    log = read_text(f"{here}/log").rstrip()
    last = log.splitlines()[-1].rpartition("\r")[2].strip() if log else ""
    return {
        "id": own,
        "command": read_text(f"{here}/command").strip(),
        "state": "done" if ended else "running" if alive else "cut off",
        "status": int(ended[0]) if ended else None,
        "seconds": round((_number(ended[1]) if ended else time.time()) - began, 1) if began else 0,
        "last": re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", last)[-LAST_LETTERS:],
    }


def _begin(run: Run, user: pwd.struct_passwd, own: str, wanted: dict[str, Any]) -> None:
    directory, here = str(wanted["directory"]) or user.pw_dir, _folder(user, own)
    if not os.path.isdir(directory):
        raise SeatError(f"There is no {directory} on this seat: `make up` brings the class's project.")
    if not shutil.which("tmux"):
        raise SeatError("There is no tmux on this seat, in which a run survives: add tmux to lab_packages.")
    # As the student, and not as root, who would follow a link that lies in the way.
    rc, out, err = run(as_owner(user.pw_name, ["sh", "-c", WRITE, "sh", here]), data=str(wanted["command"]), cwd="/")
    if rc:
        raise SeatError(f"{here} cannot be written: {(out + err).strip()}.")
    script = SCRIPT.format(directory=shlex.quote(directory), here=shlex.quote(here))
    words = ["tmux", "new-session", "-d", "-s", f"{SESSION}{own}", "-x", "120", "-y", "40", "bash", "-c", script]
    rc, out, err = run(as_owner(user.pw_name, words), cwd="/")
    if rc:
        raise SeatError(f"The run could not begin: {(out + err).strip()}.")


def _under_way(run: Run, user: pwd.struct_passwd) -> str:
    """The id of the run that is under way, by tmux's word; '' when none is."""
    rc, out, _ = run(as_owner(user.pw_name, ["tmux", "list-sessions", "-F", "#S"]), cwd="/")
    found = [each.removeprefix(SESSION) for each in out.splitlines() if each.startswith(SESSION)]
    return found[0] if rc == 0 and found else ""


def _ended(user: pwd.struct_passwd, own: str) -> list[str]:
    """Exit status and time; empty as long as it is not over."""
    found = read_text(f"{_folder(user, own)}/ended").split()
    return found if len(found) == 2 else []


def _folder(user: pwd.struct_passwd, own: str) -> str:
    return f"{user.pw_dir}/{RUNS}/{own}"


def _owner(name: str) -> pwd.struct_passwd:
    try:
        return pwd.getpwnam(name)
    except KeyError:
        raise SeatError(f"There is no user {name} on this seat.") from None


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0
