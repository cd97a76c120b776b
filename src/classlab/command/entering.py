"""`make ssh`: the terminal is handed over to a seat, or one command runs on several at once."""

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from classlab.classfile import ClassFile
from classlab.cloud import seats
from classlab.cloud.patience import connect
from classlab.cloud.regions import reason
from classlab.cloud.seats import Seat
from classlab.command.asking import Environment, acting_in
from classlab.command.makevars import Wishes
from classlab.display import failures
from classlab.errors import CloudError, UsageError
from classlab.labfolder import LabFolder
from classlab.names import make
from classlab.trust import sshconfig

AT_ONCE = 50
FAILED_TO_ENTER = 255  # ssh's own exit status; any other is the command's


@dataclass(frozen=True)
class Ran:
    student: str
    status: int
    output: str


def enter(this: ClassFile, environment: Environment, wanted: Wishes, on_roster: list[str]) -> int:
    """The exit status; for one seat without a command, this process becomes ssh."""
    students = wanted.students or on_roster
    if not wanted.command and len(students) != 1:
        raise UsageError(
            f"make ssh opens one seat, and {len(students)} are meant: add STUDENT=, for example "
            f"{make('ssh', this.name, students[0])}; or CMD='…', to run one command on all of them."
        )
    ways = _ways(this, environment)
    if not wanted.command:
        student = students[0]
        if isinstance(no_way := ways.get(student, _no_seat(this, student)), str):
            raise CloudError(no_way)
        sys.stdout.flush()
        os.execvpe("ssh", _words(this.folder, this.lab_name, student), environment)  # noqa: S606 - its own terminal
    told = {student: ways.get(student, _no_seat(this, student)) for student in students}
    return _tell(_on_all(this, told, wanted.command, environment), this, wanted.as_json)


def _ways(this: ClassFile, environment: Environment) -> dict[str, Seat | str]:
    """Student -> the seat, or why it cannot be entered. The ssh_config is brought up to date on the way."""
    with acting_in(environment):
        try:
            found = [each for each in seats.of_lab(connect(this.region), this.lab_name) if each.living]
        except (ClientError, BotoCoreError) as error:
            raise CloudError(f"The cloud cannot be asked where the seats are. {reason(error)}") from error
    sshconfig.follow(this.folder, this.lab_name, found, environment.get("LAB_SSH_PORT_TAG", ""))
    return {each.student: each if each.state == "running" else _asleep(this, each) for each in found}


def _asleep(this: ClassFile, seat: Seat) -> str:
    if seat.state in ("stopping", "stopped"):
        return f"{seat.student}'s seat is {seat.state}: `{make('start', this.name, seat.student)}` wakes it."
    return f"{seat.student}'s seat is {seat.state}: wait a minute, then try again."


def _no_seat(this: ClassFile, student: str) -> str:
    return f"{student} has no seat: `{make('up', this.name, student)}` makes one."


def _words(folder: LabFolder, lab: str, student: str, *options: str) -> list[str]:
    return ["ssh", "-F", str(folder.ssh_config), *options, sshconfig.alias(lab, student)]


def _on_all(this: ClassFile, ways: Mapping[str, Seat | str], command: str, environment: Environment) -> list[Ran]:
    def run(student: str) -> Ran:
        if isinstance(no_way := ways[student], str):
            return Ran(student, FAILED_TO_ENTER, no_way)
        done = subprocess.run(
            [*_words(this.folder, this.lab_name, student, "-o", "BatchMode=yes"), command],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        if done.returncode == FAILED_TO_ENTER:
            said = failures.unreachable({"msg": done.stdout}, make("up", this.name, student)).sentences[0]
            return Ran(student, FAILED_TO_ENTER, said)
        return Ran(student, done.returncode, done.stdout)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(run, ways))


def _tell(ran: Iterable[Ran], this: ClassFile, as_json: bool) -> int:
    """What each seat said; where a line suffices, beside the student's name."""
    ran = list(ran)
    bad = [each for each in ran if each.status]
    if as_json:
        document: dict[str, Any] = {"verb": "ssh", "class": this.name, "lab": this.lab_name, "ok": not bad}
        print(json.dumps({**document, "seats": [asdict(each) for each in ran]}, indent=2), file=sys.__stdout__)
        return 1 if bad else 0
    wide = max(len(each.student) for each in ran)
    for each in ran:
        mark = (
            f"✗ ended with {each.status}: " if each.status not in (0, FAILED_TO_ENTER) else "✗ " if each.status else ""
        )
        first, *more = each.output.rstrip().splitlines() or [""]
        print(f"{each.student:<{wide}}  {mark}{first}".rstrip())
        for line in more:
            print(f"{'':<{wide}}  {line}".rstrip())
    if bad:
        print(f"{len(bad)} of {len(ran)} failed: {', '.join(each.student for each in bad)}.")
    return 1 if bad else 0
