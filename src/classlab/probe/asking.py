"""What is missing on each seat: all seats are asked at once, each over one ssh in the lab's own way."""

import shlex
import subprocess
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from classlab.display import failures
from classlab.labfolder import LabFolder
from classlab.probe.program import PYTHON, answer, program
from classlab.trust import keys, sshconfig

AT_ONCE = 50
# A seat that hangs. One that still boots, beside 29 others on one small machine, takes a good while to answer.
ENDS_WITHIN = 120
FAILED_TO_ENTER = 255  # ssh's own exit status


@dataclass(frozen=True)
class Asked:
    """A seat's answer: thing -> why it is missing; None where it gave none, but ssh or the seat said something else."""

    student: str
    public_key: str
    why: Mapping[str, str] | None = None
    said: str = ""
    entered: bool = True

    @property
    def told(self) -> dict[str, Any]:
        return {"msg": self._last} if self.why is None else {"why": dict(self.why)}

    def reason(self, again: str) -> str:
        """Why it could not be asked, as a sentence; `again` is the command that tries once more."""
        if not self.entered:
            return failures.unreachable({"msg": self.said}, again).sentences[0]
        return (
            f"It cannot tell what is missing on it: {self._last.rstrip('.')}. `{again}` asks again; if it says the "
            f"same, `{again.replace(' up', ' reset')}` makes a fresh seat."
        )

    @property
    def _last(self) -> str:
        return self.said.splitlines()[-1].strip() if self.said else "it said nothing"


@dataclass(frozen=True)
class Probe:
    """`wanted`: thing -> what its role takes. `modules`: the folder with what is sent to a seat."""

    folder: LabFolder
    lab: str
    wanted: Mapping[str, Mapping[str, Any]]
    public_keys: Mapping[str, str]
    modules: Path

    def all(self, seats: Sequence[Mapping[str, Any]]) -> list[Asked]:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            return list(pool.map(self._one, seats))

    def _one(self, seat: Mapping[str, Any]) -> Asked:
        student, key = str(seat["student"]), self._public_key(seat)
        words = [*self._way(seat), shlex.join(["sudo", "-n", *PYTHON])]
        text = program(self.modules, self._of(seat, key))
        try:
            done = subprocess.run(
                words, input=text, capture_output=True, text=True, errors="replace", timeout=ENDS_WITHIN
            )
        except subprocess.TimeoutExpired:
            return Asked(student, key, said=f"Timeout ({ENDS_WITHIN}s)", entered=False)
        if done.returncode:
            said = done.stderr.strip() or done.stdout.strip()
            return Asked(student, key, said=said, entered=done.returncode != FAILED_TO_ENTER)
        return Asked(student, key, answer(done.stdout), done.stdout.strip())

    def _way(self, seat: Mapping[str, Any]) -> list[str]:
        student = str(seat["student"])
        if seat.get("ssh"):
            return ["ssh", *shlex.split(seat["ssh"]), "-o", "BatchMode=yes", student]
        return ["ssh", "-F", str(self.folder.ssh_config), "-o", "BatchMode=yes", sshconfig.alias(self.lab, student)]

    def _of(self, seat: Mapping[str, Any], key: str) -> dict[str, dict[str, Any]]:
        """What is wanted of this seat: what all have in common, and its own."""
        wanted = {thing: dict(told) for thing, told in self.wanted.items()}
        if "access" in wanted:
            wanted["access"]["public_key"] = key
        if "deadline" in wanted:
            wanted["deadline"] |= {"ends_at": seat["ends_at"]} if "ends_at" in seat else {}
            if not wanted["deadline"]["ends_at"]:
                del wanted["deadline"]
        return wanted

    def _public_key(self, seat: Mapping[str, Any]) -> str:
        return str(seat.get("public_key") or keys.of_student(self.folder, str(seat["student"]), self.public_keys))
