"""The lab folder `.lab/<class>/`: keys, pinned host keys, ssh_config, receipts. The cloud's tags suffice without it."""

import fcntl
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from classlab.errors import ClasslabError

# So long the last step of a killed command may take before the next one gives up waiting for it.
PATIENCE = 300


@dataclass(frozen=True)
class LabFolder:
    """Where each file of a lab lies. Git never reads any of it, and private keys are 0400 from their first byte."""

    path: Path

    @property
    def cloud(self) -> Path:
        """One word: on which cloud the lab is up."""
        return self.path / "cloud"

    @property
    def region(self) -> Path:
        """One word: in which region. It is there as soon as a plan was good, and so something may have been made."""
        return self.path / "region"

    @property
    def prices(self) -> Path:
        """What AWS's price list said when the lab was brought up."""
        return self.path / "prices.json"

    @property
    def teacher_key(self) -> Path:
        return self.path / "teacher.pem"

    def student_key(self, student: str) -> Path:
        return self.path / "keys" / f"{student}.pem"

    def first_key(self, student: str) -> Path:
        """The one-use host key that a seat is born with; it goes when the seat has made its own."""
        return self.path / "first" / student

    @property
    def known_hosts(self) -> Path:
        """One line per seat, `<instance id> <type> <key>`."""
        return self.path / "known_hosts"

    @property
    def ssh_config(self) -> Path:
        return self.path / "ssh_config"

    @property
    def run(self) -> Path:
        """The run whose outcome was not shown yet."""
        return self.path / "run.json"

    @property
    def results(self) -> Path:
        """A folder for each student."""
        return self.path / "results"

    @property
    def cards(self) -> Path:
        """What students are handed."""
        return self.path / "cards"

    @property
    def receipts(self) -> Path:
        return self.path / "receipts"

    def make(self) -> None:
        """Make the folder, and the folder of all labs around it, for nobody but their owner."""
        for folder in (self.path.parent, self.path):
            try:
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                ours = folder == self.path or folder.name == ".lab"
                if ours and folder.stat().st_mode & 0o077:  # made by hand, or unpacked from somewhere
                    folder.chmod(0o700)
            except OSError as error:
                raise ClasslabError(
                    f"The lab folder {folder} cannot be made ({error.strerror}): it holds the lab's keys, "
                    "so make it a folder that only you may open."
                ) from error

    def write(self, file: Path, content: str | bytes, mode: int = 0o600) -> None:
        """Put a file in place whole, or not at all; nobody else may read it at any moment."""
        self.make()
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        beside = file.with_name(f".{file.name}.{os.getpid()}")
        beside.unlink(missing_ok=True)
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        try:
            with os.fdopen(descriptor, "wb") as out:
                out.write(content if isinstance(content, bytes) else content.encode())
                out.flush()
                os.fsync(out.fileno())
            beside.replace(file)
        except BaseException:
            beside.unlink(missing_ok=True)
            raise

    def remembered(self) -> str:
        """The cloud that the lab was brought up on, as far as this folder knows; else ''."""
        with suppress(FileNotFoundError):
            return self.cloud.read_text().strip()
        return ""

    def remember(self, cloud: str) -> None:
        self.write(self.cloud, f"{cloud}\n")

    def forget(self) -> None:
        for file in (self.cloud, self.region, self.prices):
            file.unlink(missing_ok=True)

    @contextmanager
    def alone(self, command: str, say: Callable[[str], None], patience: float = PATIENCE) -> Iterator[int]:
        """
        Only one command at a time changes a lab. The lock is handed on to ansible: it goes when the last of its
        processes has ended, however they end, so it can never be stale. Yields the descriptor that holds it.
        """
        self.make()
        lock = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            self._take(lock, say, time.monotonic() + patience)
            holder = json.dumps({"pid": os.getpid(), "command": command, "since": time.strftime("%H:%M")})
            os.ftruncate(lock, 0)
            os.pwrite(lock, holder.encode(), 0)
            yield lock
        finally:
            os.close(lock)

    def at_work(self) -> tuple[str, bool]:
        """
        Which command holds the lock, if one does, and whether it lives; of one that was killed the last step is still
        at work. Nothing is written to know.
        """
        try:
            lock = os.open(self.path / "lock", os.O_RDONLY | os.O_CLOEXEC)
        except OSError:  # no command has ever changed this lab
            return "", False
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = _holder(lock)
            pid = holder.get("pid", 0)
            command, since = holder.get("command", "a command"), holder.get("since", "a moment ago")
            return f"{command} (process {pid}, since {since})", _lives(pid)
        finally:
            os.close(lock)
        return "", False

    def _take(self, lock: int, say: Callable[[str], None], until: float) -> None:
        asked = 0
        while True:
            try:
                return fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                holder = _holder(lock)
            command = holder.get("command", "a command")
            if _lives(holder.get("pid", 0)):
                raise ClasslabError(
                    f"Process {holder['pid']} ({command}, since {holder['since']}) is at work on this lab, and two at "
                    f"a time would undo each other's work: wait for its end, or end it with kill {holder['pid']}."
                )
            if time.monotonic() > until:
                raise ClasslabError(
                    f"The last step of {command} that was killed is still at work on this lab, and does not end: "
                    f"lsof {self.path / 'lock'} names its processes; end them, then try again."
                )
            asked += 1
            if asked == 3:  # not at once: who has just taken it may not have signed yet
                say(f"The last step of {command} that was killed is still at work; waiting for it.")
            time.sleep(0.1)


def _holder(lock: int) -> dict[str, Any]:
    """Who took the lock; {} while that is being written down."""
    try:
        told: dict[str, Any] = json.loads(os.pread(lock, 4096, 0))
    except ValueError:
        return {}
    return told


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # somebody else's
        return True
    with suppress(OSError):  # one that was killed, but that nobody has taken notice of yet, is dead all the same
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    return pid > 0
