"""Lines that are drawn over at the foot of a terminal, while others write there."""

import io
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from screen import Screen

from classlab.display.live import Live


class Shown:
    """A frame that a test sets."""

    def __init__(self) -> None:
        self.lines = ["one", "two"]
        self.sizes: list[tuple[int, int]] = []
        self.lock = threading.Lock()  # as rich and Python have theirs

    def __call__(self, width: int, height: int) -> list[str]:
        with self.lock:
            self.sizes.append((width, height))
            return list(self.lines)


@pytest.fixture
def shown() -> Shown:
    return Shown()


@contextmanager
def live_on(screen: Screen, shown: Shown, monkeypatch: pytest.MonkeyPatch, every: float = 1000) -> Iterator[Live]:
    """Standard output and error are the screen; a frame is drawn when the test asks for it."""
    with (
        open(screen.theirs, "w", buffering=1, closefd=False) as out,
        open(screen.theirs, "w", buffering=1, closefd=False) as err,
        monkeypatch.context() as patched,
    ):
        patched.setattr(sys, "stdout", out)
        patched.setattr(sys, "stderr", err)
        live = Live(out, threading.RLock(), shown, every=every)
        live.start()
        try:
            yield live
        finally:
            live.stop()
            assert (sys.stdout, sys.stderr) == (out, err)


def test_a_frame_takes_the_place_of_the_one_before(shown: Shown, monkeypatch: pytest.MonkeyPatch) -> None:
    with Screen() as screen:
        with live_on(screen, shown, monkeypatch) as live:
            live.draw()
            assert screen.read() == "one\ntwo"
            assert screen.at_line_begin, "below: what comes after a kill begins a line"
            shown.lines = ["a", "b", "c"]
            live.draw()
            assert screen.read() == "a\nb\nc"
            shown.lines = ["d"]
            live.draw()
            assert screen.read() == "d"
        assert screen.read() == ""
        assert screen.cursor_shown


def test_whatever_is_written_stands_above_and_stays(shown: Shown, monkeypatch: pytest.MonkeyPatch) -> None:
    with Screen() as screen:
        with live_on(screen, shown, monkeypatch) as live:
            live.draw()
            print("A line.")
            print("A warning.", file=sys.stderr)
            live.draw()
            assert screen.read() == "A line.\nA warning.\none\ntwo"
            print("Begun", end="", flush=True)
            live.draw()
            assert screen.read() == "A line.\nA warning.\nBegun", "nothing is drawn into a line that somebody has begun"
            print(" and ended.")
            live.draw()
        assert screen.read() == "A line.\nA warning.\nBegun and ended."


def test_at_the_foot_of_a_full_terminal(shown: Shown, monkeypatch: pytest.MonkeyPatch) -> None:
    with Screen(20, 6) as screen:
        with live_on(screen, shown, monkeypatch) as live:
            for number in range(30):
                print(f"line {number}")
                live.draw()
        assert screen.read() == "\n".join(f"line {number}" for number in range(30))


def test_nothing_is_drawn_while_somebody_is_asked(shown: Shown, monkeypatch: pytest.MonkeyPatch) -> None:
    with Screen() as screen, live_on(screen, shown, monkeypatch) as live:
        live.draw()
        live.quiet()
        live.draw()
        assert screen.read() == ""
        live.quiet(False)
        live.draw()
        assert screen.read() == "one\ntwo"


def test_what_has_not_changed_is_not_written_again(shown: Shown, monkeypatch: pytest.MonkeyPatch) -> None:
    with Screen() as screen, live_on(screen, shown, monkeypatch) as live:
        live.draw()
        screen.read()
        before = len(screen.written)
        for _ in range(9):
            live.draw()
        screen.read()
        assert len(screen.written) == before


def test_another_size_is_heeded(shown: Shown, monkeypatch: pytest.MonkeyPatch) -> None:
    with Screen() as screen, live_on(screen, shown, monkeypatch) as live:
        live.draw()
        screen.resize(30, 8)
        live.draw()
        assert shown.sizes == [(80, 24), (30, 8)]
        assert screen.read() == "one\ntwo"


def test_it_is_drawn_by_itself_and_not_after_the_end(shown: Shown, monkeypatch: pytest.MonkeyPatch) -> None:
    with Screen() as screen:
        with live_on(screen, shown, monkeypatch, every=0.01):
            screen.wait_for("two")
            shown.lines = ["three"]
            screen.wait_for("three")
        screen.read()
        before = len(screen.written)
        time.sleep(0.1)
        screen.read()
        assert len(screen.written) == before


def test_a_pipe_beside_the_terminal_gets_no_controls(shown: Shown, monkeypatch: pytest.MonkeyPatch) -> None:
    with Screen() as screen, open(screen.theirs, "w", buffering=1, closefd=False) as err:
        monkeypatch.setattr(sys, "stdout", piped := io.StringIO())
        monkeypatch.setattr(sys, "stderr", err)
        live = Live(err, threading.RLock(), shown, every=1000)
        live.start()
        live.draw()
        print("A document.")
        assert screen.read() == "one\ntwo"
        live.stop()
        assert piped.getvalue() == "A document.\n"


@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
def test_a_fork_inherits_no_lock_however_often_it_is_drawn(shown: Shown, monkeypatch: pytest.MonkeyPatch) -> None:
    """As Ansible forks: under the lock. A child that found another one held would wait for ever."""

    def slow(width: int, height: int) -> list[str]:
        with shown.lock:
            time.sleep(0.005)
            return [str(time.monotonic())]

    with Screen() as screen, live_on(screen, shown, monkeypatch, every=0.005) as live:
        live._frame = slow
        for _ in range(60):
            with live._lock:
                child = os.fork()
            if not child:
                live.draw()
                os._exit(0)
            end = time.monotonic() + 10
            while os.waitpid(child, os.WNOHANG)[0] == 0:
                screen.skip()
                if time.monotonic() > end:
                    os.kill(child, signal.SIGKILL)
                    os.waitpid(child, 0)
                    pytest.fail("the child has inherited a lock that nobody releases")
