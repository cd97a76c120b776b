"""Each seat that runs: is it entered, by its own host key, and is everything on it?"""

import shlex
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from classlab.check.finding import Finding, bad, good
from classlab.cloud.seats import Seat
from classlab.display import failures
from classlab.display.recap import listed
from classlab.gone.bill import natural
from classlab.labfolder import LabFolder
from classlab.names import make
from classlab.trust import keys, sshconfig

AT_ONCE = 50
# So long a seat has to answer; all are asked at once.
PATIENCE, ENDS_WITHIN = 5, 20
FAILED_TO_ENTER = 255  # ssh's own exit status
TIMER = "classlab-deadline.timer"
ASK = f"date +%s.%N; systemctl is-active {TIMER}; true"
# A seat's clock and ours may differ by that much.
SKEW = 5.0
# What the probe of a seat calls each thing -> what a teacher calls it.
THINGS = {"access": "the student's key", "python": "Python"}


@dataclass(frozen=True)
class Entered:
    """How it went to enter a seat: why not; or its clock against ours, in seconds, and whether its timer runs."""

    seat: Seat
    ssh: list[str]
    why: str = ""
    ahead: float = 0
    timer: str = ""

    def told(self, folder: LabFolder, own_keys: Mapping[str, str]) -> dict[str, Any]:
        """What the play that looks into the seat needs to know."""
        student = self.seat.student
        return {
            "student": student,
            "ssh": shlex.join(self.ssh),
            "ends_at": self.seat.tags.get("EndsAt", ""),
            "public_key": keys.of_student(folder, student, own_keys),
        }


def enter(folder: LabFolder, seats: Sequence[Seat], port_tag: str) -> list[Entered]:
    """As the ssh_config would, but without it: it may be out of date, and is not to be written."""

    def one(seat: Seat) -> Entered:
        words = sshconfig.options(folder, sshconfig.Seat(seat.student, seat.id, *seat.reached(port_tag)), PATIENCE)
        if not seat.address:
            return Entered(seat, words, "it has no address")
        began = time.time()
        try:
            done = subprocess.run(
                ["ssh", *words, "-o", "BatchMode=yes", seat.student, ASK],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=ENDS_WITHIN,
            )
        except subprocess.TimeoutExpired:
            return Entered(seat, words, f"Timeout ({ENDS_WITHIN}s)")
        ended, told = time.time(), done.stdout.split()
        if done.returncode or len(told) != 2:
            return Entered(seat, words, (done.stderr or done.stdout).strip() or f"it ended with {done.returncode}")
        said = float(told[0])
        # Somewhere between the two it was asked.
        return Entered(seat, words, "", max(0, said - ended) + min(0, said - began), told[1])

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(one, seats))


def not_entered(entered: Sequence[Entered], class_name: str) -> Iterator[Finding]:
    for each in entered:
        if each.why:
            student = each.seat.student
            again = make("up", class_name, student)
            yield bad(f"{student}: ssh", failures.unreachable({"msg": each.why}, again).sentences[0], [student])


def of_itself(entered: Sequence[Entered], class_name: str) -> Iterator[Finding]:
    """What entering has told besides: the clock, and whether the deadline's timer runs."""
    for each in entered:
        student = each.seat.student
        if each.why:
            continue
        if abs(each.ahead) > SKEW:
            way = "ahead of" if each.ahead > 0 else "behind"
            yield bad(
                f"{student}: clock",
                f"It is {abs(each.ahead):.0f} s {way} this computer's, and the deadline "
                f"goes by it: `{make('stop', class_name, student)}`, then `{make('start', class_name, student)}`, sets "
                "it.",
                [student],
            )
        if each.timer != "active":
            start = f"{make('ssh', class_name, student)} CMD='sudo systemctl start {TIMER}'"
            yield bad(
                f"{student}: deadline",
                f"Its timer is {each.timer}, so the seat does not end by itself: `{start}`.",
                [student],
            )


def verdict(
    asked: Sequence[str], answers: Mapping[str, Mapping[str, Any]], troubled: Sequence[str], class_name: str
) -> Iterator[Finding]:
    """What the probe of each seat said. `troubled`: those of whom something bad was told already."""
    well = []
    for student in sorted(asked, key=natural):
        answer = answers.get(student, {})
        again = make("up", class_name, student)
        if "why" not in answer:
            said = str(answer.get("msg") or "it did not answer").rstrip(".")
            yield bad(student, f"It could not be looked into ({said}): check again.", [student])
            continue
        for thing, why in answer["why"].items():
            yield bad(f"{student}: {THINGS.get(thing, thing)}", f"{why}: `{again}` mends it.", [student])
        if not answer["why"] and student not in troubled:
            well.append(student)
    if well:
        yield good(
            listed(well),
            "entered by the pinned host key; Python, venv, project, deadline and clock are as they should be",
            well,
        )
