"""The lab folder `.lab/<class>/`: keys, pinned host keys, ssh_config, receipts. The tags in the cloud suffice without it."""

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class LabFolder:
    """Where each file of a lab lies. Nothing here is ever read by git, and private keys are 0400 from their first byte."""

    path: Path

    @property
    def cloud(self) -> Path:
        """One word: on which cloud the lab is up."""
        return self.path / "cloud"

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
    def receipts(self) -> Path:
        return self.path / "receipts"

    def make(self) -> None:
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)

    def write(self, file: Path, content: str | bytes, mode: int = 0o600) -> None:
        """Put a file in place whole, or not at all; nobody else may read it at any moment."""
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        beside = file.with_name(f".{file.name}.{os.getpid()}")
        beside.unlink(missing_ok=True)
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(descriptor, "wb") as out:
            out.write(content if isinstance(content, bytes) else content.encode())
            out.flush()
            os.fsync(out.fileno())
        beside.replace(file)
