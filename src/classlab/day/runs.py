"""Which run a class is at, and how it went on all seats.

The run's id is chosen here and kept in the lab folder until its outcome was shown. So `make run` that was killed, with
its computer or its network, shows the same run when it is typed again, instead of beginning a second one.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from classlab.errors import UsageError
from classlab.gone.bill import natural
from classlab.gone.listing import columns
from classlab.labfolder import LabFolder
from classlab.names import make
from classlab.project.bundle import name_of

WIDTH = 80
HOME = "/home/ubuntu"


@dataclass(frozen=True)
class Run:
    id: str
    command: str
    directory: str


@dataclass(frozen=True)
class Outcome:
    """How a run is on one seat. `why`: it could not be asked, or not begun there."""

    student: str
    state: str = "not run"
    status: int | None = None
    seconds: float = 0
    last: str = ""
    id: str = ""
    command: str = ""
    why: str = ""

    @property
    def good(self) -> bool:
        return self.state == "done" and self.status == 0


def choose(folder: LabFolder, command: str, project: str, base: Path, class_name: str, now: datetime) -> Run:
    """The run that was not yet shown to its end, if it is the same command; else a new one."""
    if not command:
        raise UsageError(
            "There is nothing to run: write lab_run into the class file, or say what, for example "
            f"{make('run', class_name)} SCRIPT='python main.py'."
        )
    directory = f"{HOME}/{name_of(project, base)}" if project else HOME
    open_one = _open(folder)
    if open_one and (open_one.command, open_one.directory) == (command, directory):
        return open_one
    chosen = Run(now.strftime("%Y%m%d-%H%M%S"), command, directory)
    folder.write(folder.run, json.dumps(asdict(chosen)) + "\n")
    return chosen


def close(folder: LabFolder, outcomes: Sequence[Outcome]) -> None:
    """Its outcome has been shown; what still runs somewhere is asked about again by the next `make run`."""
    if not any(each.state == "running" for each in outcomes):
        folder.run.unlink(missing_ok=True)


def _open(folder: LabFolder) -> Run | None:
    try:
        return Run(**json.loads(folder.run.read_text()))
    except (OSError, ValueError, TypeError):
        return None


def outcomes(told: Mapping[str, Mapping[str, Any]], students: Sequence[str], seats: Sequence[str]) -> list[Outcome]:
    """`told`: what a seat has said, by student; `seats`: who has one."""
    found = []
    for student in sorted({*told, *students}, key=natural):
        result = told.get(student, {})
        if "state" in result:
            known = {key: result[key] for key in ("state", "status", "seconds", "last", "id", "command")}
            found.append(Outcome(student, **known))
        else:
            why = "the seat did not say how it went" if student in seats else "there is no seat that runs"
            found.append(Outcome(student, why=str(result.get("msg") or why)))
    return found


def grid(found: Sequence[Outcome], asked: Run) -> list[str]:
    """A line for each student: exit status, seconds, last line of the output."""
    rows = [("student", "exit", "seconds", "last line")]
    for each in found:
        status = str(each.status) if each.state == "done" else each.state
        seconds = f"{each.seconds:.1f}" if each.id else ""
        rows.append((each.student, status, seconds, each.last or each.why))
    lines = [line if len(line) <= WIDTH else f"{line[: WIDTH - 1]}…" for line in columns(rows, right={2})]
    others = sorted({each.command for each in found if each.id and each.id != asked.id})
    if others:
        lines.append(f"Under way was another run, so nothing was begun there: {', '.join(others)}")
    good = sum(each.good for each in found)
    running = sum(each.state == "running" for each in found)
    lines.append(f"{asked.command}: {good} of {len(found)} well{f', {running} still running' if running else ''}.")
    return lines
