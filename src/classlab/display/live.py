"""
Lines at the foot of a terminal that are drawn over by the next ones, several times a second.

Nothing is done to the terminal that would have to be undone: no cursor is hidden, no mode is set, and the cursor waits
on the line below. So whatever ends us, kill -9 included, leaves a terminal to work in.

Ansible forks while our thread draws. A fork copies locks as they are, and one that our thread held would never be
released in the copy: so we draw under the lock that Ansible itself holds while it forks, writes or asks.
"""

import atexit
import os
import sys
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from typing import Any, TextIO

# Often enough that seconds are seen to pass.
EVERY = 0.25
UP, TO_LINE_END, BELOW = "\x1b[{}A", "\x1b[K", "\x1b[J"


class Live:
    def __init__(
        self,
        stream: TextIO,
        lock: AbstractContextManager[Any],
        frame: Callable[[int, int], list[str]],
        *,
        every: float = EVERY,
    ):
        """`frame`: the lines to be shown on a terminal of so many columns and lines."""
        self._stream, self._lock, self._frame, self._every = stream, lock, frame, every
        self._drawn: list[str] = []
        self._size = (0, 0)
        self._line_begun = False  # by somebody who has not ended it
        self._quiet = False
        self._over = threading.Event()
        self._before: tuple[TextIO, TextIO] | None = None

    def start(self) -> None:
        """From here on whoever writes to this terminal does it above the lines."""
        self._before = sys.stdout, sys.stderr
        sys.stdout, sys.stderr = (self._above(each) for each in self._before)
        threading.Thread(target=self._tick, daemon=True).start()
        atexit.register(self.stop)

    def stop(self) -> None:
        with self._lock:
            self._over.set()
            with suppress(OSError):  # the terminal may be gone
                self.erase()
            if self._before:
                sys.stdout, sys.stderr = self._before
                self._before = None

    def quiet(self, quiet: bool = True) -> None:
        """Somebody is asked something: nothing is drawn until the answer is there."""
        with self._lock:
            self._quiet = quiet
            if quiet:
                self.erase()

    def draw(self) -> None:
        with self._lock:
            if self._quiet or self._line_begun or self._over.is_set():
                return
            size = os.get_terminal_size(self._stream.fileno())
            lines = self._frame(*size)
            if lines == self._drawn and size == self._size:
                return
            up = f"\r{UP.format(len(self._drawn))}" if self._drawn else ""
            self._stream.write(up + "".join(f"{each}{TO_LINE_END}\n" for each in lines) + BELOW)
            self._stream.flush()
            self._drawn, self._size = lines, size

    def erase(self) -> None:
        with self._lock:
            if self._drawn:
                self._stream.write(f"\r{UP.format(len(self._drawn))}{BELOW}")
                self._stream.flush()
                self._drawn = []

    def wrote(self, text: str) -> None:
        if text:
            self._line_begun = not text.endswith("\n")

    def _tick(self) -> None:
        with suppress(OSError):  # the terminal is gone; the run goes on until somebody ends it
            while not self._over.wait(self._every):
                self.draw()

    def _above(self, stream: TextIO) -> TextIO:
        above: Any = Above(stream, self, self._lock) if stream.isatty() else stream
        return above  # type: ignore[no-any-return]


class Above:
    """Standard output or error while lines are drawn: they are gone before anything else is written."""

    def __init__(self, stream: TextIO, live: Live, lock: AbstractContextManager[Any]):
        self._stream, self._live, self._lock = stream, live, lock

    def write(self, text: str) -> int:
        with self._lock:
            self._live.erase()
            self._live.wrote(text)
            return self._stream.write(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
