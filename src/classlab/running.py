"""Running ansible-playbook as make's recipe does: its screen, its keyboard, its exit status, and an orderly end."""

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from classlab.asking import Environment

# After Ctrl-C the terminal has told ansible as well; one that was not told (kill -INT) hears of it from here.
HEARS_WITHIN = 2
SET_PARENT_DEATH_SIGNAL = 1


def run(words: list[str], environment: Environment, folder: Path, lock: int | None) -> int:
    """
    The exit status of the program, 130 after Ctrl-C. The lock of the lab is handed on, so that it lasts as long as the
    last process that still changes something, also when this one is killed.
    """
    came: list[int] = []

    def note(number: int, _: FrameType | None) -> None:
        if number == signal.SIGALRM:
            child.send_signal(signal.SIGINT)
            return
        came.append(number)
        if number == signal.SIGTERM:
            child.terminate()
        else:
            signal.alarm(HEARS_WITHIN)

    sys.stdout.flush()
    child = subprocess.Popen(
        words,
        env=environment,
        cwd=folder,
        pass_fds=[] if lock is None else [lock],
        preexec_fn=_end_with_parent(os.getpid()),  # no threads here that it could disturb
    )
    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM)}
    try:
        status = child.wait()
    finally:
        signal.alarm(0)
        for number, handler in before.items():
            signal.signal(number, handler)
    if came:
        return 128 + came[0]
    return status if status >= 0 else 128 - status


def _end_with_parent(parent: int) -> Callable[[], None] | None:
    """Where this program is killed, ansible is not to go on without anybody who sees it. Linux alone can do that."""
    if not sys.platform.startswith("linux"):
        return None
    prctl = ctypes.CDLL(None).prctl

    def ask() -> None:
        prctl(SET_PARENT_DEATH_SIGNAL, signal.SIGTERM)
        if os.getppid() != parent:  # it was killed before we could ask
            os.kill(os.getpid(), signal.SIGTERM)

    return ask
