"""A terminal of a test's own: what is written to it, and what would be seen there."""

import fcntl
import os
import pty
import select
import struct
import subprocess
import termios
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

import pyte


class Screen:
    def __init__(self, columns: int = 80, lines: int = 24):
        self.ours, self.theirs = pty.openpty()
        self._shown = pyte.HistoryScreen(columns, lines, history=1000)
        self._reader = pyte.ByteStream(self._shown)
        self.written = b""
        self.resize(columns, lines)

    def __enter__(self) -> "Screen":
        return self

    def __exit__(self, _a: type[BaseException] | None, _b: BaseException | None, _c: TracebackType | None) -> None:
        os.close(self.ours)
        os.close(self.theirs)

    def resize(self, columns: int, lines: int) -> None:
        fcntl.ioctl(self.theirs, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        self._shown.resize(lines, columns)

    def read(self) -> str:
        """What is to be seen now; lines that have left at the top come first."""
        end = time.monotonic() + 0.5  # there is always something new, where a frame follows the other
        while time.monotonic() < end and select.select([self.ours], [], [], 0.02)[0]:
            part = os.read(self.ours, 65536)
            self.written += part
            self._reader.feed(part)
        above = [
            "".join(line[column].data for column in range(self._shown.columns)) for line in self._shown.history.top
        ]
        return "\n".join(line.rstrip() for line in [*above, *self._shown.display]).rstrip()

    def skip(self) -> None:
        """Take what is written, so that it can be written on, and look at nothing."""
        while select.select([self.ours], [], [], 0.001)[0]:
            os.read(self.ours, 65536)

    def wait_for(self, text: str, seconds: float = 30) -> str:
        end = time.monotonic() + seconds
        while text not in (seen := self.read()):
            assert time.monotonic() < end, f"{text} was never seen in:\n{seen}"
        return seen

    def type(self, text: str) -> None:
        os.write(self.ours, text.encode())

    @property
    def cursor_shown(self) -> bool:
        return not self._shown.cursor.hidden

    @property
    def at_line_begin(self) -> bool:
        return bool(self._shown.cursor.x == 0)

    def start(self, words: list[str], settings: dict[str, str], folder: Path) -> subprocess.Popen[bytes]:
        """A program whose terminal this is, so that Ctrl-C reaches it."""
        return subprocess.Popen(
            words,
            env=settings,
            cwd=folder,
            stdin=self.theirs,
            stdout=self.theirs,
            stderr=self.theirs,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )

    def watch(self, program: subprocess.Popen[bytes], glance: Callable[[str], None] = lambda _: None) -> int:
        """Look until the program ends; its exit status."""
        while program.poll() is None:
            glance(self.read())
        self.read()
        return program.returncode
