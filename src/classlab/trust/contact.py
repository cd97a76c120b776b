"""First contact with seats: from the one-use host key that each was born with to one that it made itself, pinned.

The one-use key can be read in the seat's user data for as long as the seat lives. So it vouches for one connection:

    known_hosts      seat                  cut off here, the next run finds
    ------------     -------------------   -----------------------------------------------------------------
    one-use          one-use               the same seat: it keeps a key that it has already made
    one-use + own    one-use               either key is taken, and the seat goes on
    one-use + own    own                   the seat says its own key, and is told to go on
    own              own                   a one-use key in the lab folder that nobody needs: it is deleted

All over one ssh per seat, many seats at once. ssh itself refuses a seat that shows another key, and sends it nothing.
"""

import shlex
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, cast

from classlab.display import failures
from classlab.labfolder import LabFolder
from classlab.trust import sshconfig
from classlab.trust.pins import Pin, Pins
from classlab.trust.sshconfig import Seat
from classlab.trust.waiting import answers

AT_ONCE = 32
# A seat that has let us in and does not finish within so many seconds has died.
CONTACT_TAKES = 60
# cloud-init puts the teacher's key in place before sshd starts: a key that is refused for so long stays refused.
KEY_REFUSED_FOR = 20
# So often a seat that lets us in may fail to make its key, before that is final.
TRIES_INSIDE = 3
SCRIPT = Path(__file__).with_name("first-contact.sh")
# ssh's own words, for a host key that is another one or of another kind.
OTHER_KEY = ("Host key verification failed", "no matching host key type")
KEY_REFUSED = "Permission denied (publickey"


@dataclass
class Outcome:
    """Who was met for the first time now, and who could not be, with the reason."""

    changed: bool = False
    met: list[str] = field(default_factory=list)
    failures: list[dict[str, str]] = field(default_factory=list)

    def fail(self, student: str, reason: str) -> None:
        self.failures.append({"student": student, "reason": reason})


@dataclass(frozen=True)
class Answer:
    """How one ssh to a seat ended: with the seat's own key, or with what was said instead."""

    key: str = ""
    said: str = ""
    inside: bool = False  # ssh got in, and it went wrong there

    @property
    def other_key(self) -> bool:
        return not self.inside and any(each in self.said for each in OTHER_KEY)


class Contact:
    """The first contacts of one lab. `again` is the command that brings the lab up."""

    def __init__(self, folder: LabFolder, lab: str, wait: float = 300, again: str = "make up") -> None:
        self.folder = folder
        self.lab = lab
        self.pins = Pins(folder)
        self.began = time.monotonic()
        self.wait = wait
        self._again = again

    def first(self, seat: Seat) -> str:
        """Wait for the seat and meet it: '' once it is trusted, else the reason why not."""
        refused_since = 0.0
        inside = 0
        while True:
            answer = Answer(said=answers(seat.address, seat.port))
            if not answer.said:
                answer = self._meet(seat)
            if answer.key:
                self.pins.set(seat, Pin(answer.key))
                self.forget_one_use_key(seat.student)
                return ""
            now = time.monotonic()
            inside += answer.inside
            refused_since = (refused_since or now) if KEY_REFUSED in answer.said else 0.0
            if (
                answer.other_key
                or inside == TRIES_INSIDE
                or now > self.began + self.wait
                or (refused_since and now > refused_since + KEY_REFUSED_FOR)
            ):
                return self._reason(seat, answer)
            time.sleep(0.3)

    def _reason(self, seat: Seat, answer: Answer) -> str:
        again = self.again(seat)
        if answer.other_key:
            return (
                f"{seat} answered with another host key than the one it was born with, so nothing was sent to it. "
                f"`{again}` tries again; if it says the same, terminate this seat in the cloud: the same command then "
                "makes a new one."
            )
        if answer.inside:
            return (
                f"{seat} could not make a host key of its own: {answer.said.splitlines()[-1]}. `{again}` tries again."
            )
        sentence = failures.unreachable({"msg": answer.said}, again).sentences[0]
        return f"{seat} could not be entered in {time.monotonic() - self.began:.0f} s. {sentence}"

    def _meet(self, seat: Seat) -> Answer:
        """The one ssh: hear the seat's own key, pin it, tell the seat to use it."""
        one_use = next(each for each in self.pins.of(seat) if each.one_use)
        command = ["sudo", "-n", "sh", "-c", SCRIPT.read_text(), "first-contact", one_use.key]
        ssh = ["ssh", "-F", str(self.folder.ssh_config), "-o", "BatchMode=yes", "-o", "ConnectTimeout=10"]
        ssh += [sshconfig.alias(self.lab, seat.student), shlex.join(command)]
        pipe = subprocess.PIPE
        with (
            tempfile.TemporaryFile("w+") as stderr,
            subprocess.Popen(ssh, stdin=pipe, stdout=pipe, stderr=stderr, text=True) as talk,
        ):
            guard = threading.Timer(CONTACT_TAKES, talk.kill)
            guard.start()
            try:
                own = self._talk(cast(IO[str], talk.stdin), cast(IO[str], talk.stdout), seat, one_use)
                status = talk.wait()
            finally:
                guard.cancel()
            stderr.seek(0)
            said = stderr.read().strip() or "Connection closed before the seat had finished"
        return Answer(key=own) if own else Answer(said=said, inside=status not in (0, 255, -9))

    def _talk(self, say: IO[str], hear: IO[str], seat: Seat, one_use: Pin) -> str:
        """The seat's own key, once the seat says that it uses it; else ''."""
        own = ""
        for line in hear:
            word, _, rest = line.strip().partition(" ")
            if word == "classlab-key" and rest != one_use.key:
                own = rest
                self.pins.set(seat, one_use, Pin(own))
                try:
                    print("pinned", file=say, flush=True)
                except BrokenPipeError:
                    return ""  # it has gone meanwhile; ssh says why
            elif word == "classlab-done":
                return own
        return ""

    def again(self, seat: Seat) -> str:
        return f"{self._again} STUDENT={seat.student}"

    def one_use_key(self, student: str) -> str:
        """The public half, '' when there is none (any more)."""
        file = _public(self.folder.first_key(student))
        return file.read_text().split()[1] if file.exists() else ""

    def forget_one_use_key(self, student: str) -> None:
        file = self.folder.first_key(student)
        file.unlink(missing_ok=True)
        _public(file).unlink(missing_ok=True)


def establish(contact: Contact, seats: Sequence[Seat], only: Sequence[str] = (), meet: bool = True) -> Outcome:
    """Make ssh_config and known_hosts right for these seats; `only` limits the contacts to some students.

    Without `meet` no seat is entered: the key that it was born with stays pinned until somebody does.
    """
    outcome = Outcome()
    for student, reason in _doubles(seats):
        outcome.fail(student, reason)
    doubles = {each["student"] for each in outcome.failures}
    new = []
    for seat in seats:
        if seat.student in doubles or (only and seat.student not in only):
            continue
        known = contact.pins.of(seat)
        if known and not any(each.one_use for each in known):
            if contact.one_use_key(seat.student):
                contact.forget_one_use_key(seat.student)
                outcome.changed = True
        elif reason := _cannot_be_met(contact, seat):
            outcome.fail(seat.student, reason)
        else:
            if not known:
                contact.pins.set(seat, Pin(contact.one_use_key(seat.student), one_use=True))
            new.append(seat)
    outcome.changed |= sshconfig.write(contact.folder, contact.lab, seats)
    if new and meet:
        with ThreadPoolExecutor(max_workers=AT_ONCE) as threads:
            for seat, reason in zip(new, threads.map(contact.first, new), strict=True):
                if reason:
                    outcome.fail(seat.student, reason)
                else:
                    outcome.met.append(seat.student)
    contact.pins.forget_former(seats)
    outcome.changed |= contact.pins.changed
    return outcome


def _cannot_be_met(contact: Contact, seat: Seat) -> str:
    if not seat.address:
        return f"{seat} has no address to reach it at: it is stopped, or it was launched without a public address."
    if contact.pins.of(seat) or contact.one_use_key(seat.student):
        return ""
    return (
        f"{seat} runs, but the lab folder {contact.folder.path} has no host key for it, so nothing was sent to it. Put "
        "back the folder from the computer that launched it, or terminate this seat in the cloud; then "
        f"`{contact.again(seat)}`."
    )


def _doubles(seats: Iterable[Seat]) -> Iterator[tuple[str, str]]:
    """Students with more than one seat: which of them an alias means would be chance."""
    by_student: dict[str, list[str]] = {}
    for seat in seats:
        by_student.setdefault(seat.student, []).append(seat.id)
    for student, ids in by_student.items():
        if len(ids) > 1:
            yield (
                student,
                f"{student} has {len(ids)} seats ({', '.join(ids)}), and each of them bills: terminate in the cloud "
                "those that are not wanted, then `make up`.",
            )


def _public(file: Path) -> Path:
    return file.with_name(f"{file.name}.pub")
