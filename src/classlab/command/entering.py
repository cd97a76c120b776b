"""`make ssh`: the terminal is handed over to a seat, or one command runs on several at once."""

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any

from classlab.classfile import ClassFile
from classlab.cloud.patience import connect
from classlab.command.asking import Environment, acting_in
from classlab.command.makevars import Wishes
from classlab.day.ways import FAILED_TO_ENTER, Way, into, ssh, ways
from classlab.display import failures
from classlab.errors import CloudError, UsageError
from classlab.names import make

AT_ONCE = 50


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
    found = ways_into(this, environment, students)
    if not wanted.command:
        student = students[0]
        if found[student].why:
            raise CloudError(found[student].why)
        sys.stdout.flush()
        os.execvpe("ssh", ssh(this.folder, this.lab_name, student), environment)  # noqa: S606 - its own terminal
    return _tell(_on_all(this, found, wanted.command, environment), this, wanted.as_json)


def ways_into(this: ClassFile, environment: Environment, students: list[str]) -> dict[str, Way]:
    with acting_in(environment):
        port_tag = environment.get("LAB_SSH_PORT_TAG", "")
        return into(students, ways(connect(this.region), this.lab_name, this.folder, this.name, port_tag), this.name)


def _on_all(this: ClassFile, found: Mapping[str, Way], command: str, environment: Environment) -> list[Ran]:
    def run(student: str) -> Ran:
        if found[student].why:
            return Ran(student, FAILED_TO_ENTER, found[student].why)
        done = subprocess.run(
            # By a login shell, as students have it: the class's environment is active.
            [*ssh(this.folder, this.lab_name, student, "-o", "BatchMode=yes"), f"bash -lc {shlex.quote(command)}"],
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
        return list(pool.map(run, found))


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
