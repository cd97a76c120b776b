"""Running ansible-playbook as make's recipe does: its screen, its keyboard, its exit status, and an orderly end."""

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import FrameType

from classlab.command.asking import Environment

# After Ctrl-C the terminal has told ansible as well; one that was not told (kill -INT) hears of it from here.
HEARS_WITHIN = 2
# Asked to end, it finishes what its workers have begun.
ENDS_WITHIN = 20
SET_PARENT_DEATH_SIGNAL = 1
# Exit statuses that mean an end by a signal; 130 is Ctrl-C. Ansible's own go up to 250.
INTERRUPTED = tuple(128 + number for number in (signal.SIGHUP, signal.SIGINT, signal.SIGKILL, signal.SIGTERM))


def run(words: list[str], environment: Environment, folder: Path, lock: int | None) -> int:
    """
    The exit status of the program, or one of INTERRUPTED. The lock of the lab is handed on, so that it lasts as long
    as the last process that still changes something, also when this one is killed.
    """
    came: list[int] = []

    def note(number: int, _: FrameType | None) -> None:
        if number == signal.SIGALRM:
            if came[-1] == signal.SIGINT:
                child.send_signal(signal.SIGINT)
            else:
                _kill(child)
            return
        came.append(number)
        if number == signal.SIGINT:
            signal.alarm(HEARS_WITHIN)
        else:
            child.terminate()
            signal.alarm(ENDS_WITHIN)

    sys.stdout.flush()
    for standard in (0, 1, 2):
        with suppress(OSError):  # closed by the caller
            # An ssh that was killed in this terminal leaves it non-blocking, and Ansible refuses that.
            os.set_blocking(standard, True)
    heeded = [signal.SIGINT, signal.SIGTERM, signal.SIGALRM]
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # it is under `nohup make up`
        heeded.append(signal.SIGHUP)
    # What comes while there is a child and nobody who notes it would end us, and the child would go on alone.
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, heeded)
    try:
        child = subprocess.Popen(
            words,
            env=environment,
            cwd=folder,
            pass_fds=[] if lock is None else [lock],
            preexec_fn=as_a_part(os.getpid(), mask),  # no threads here that it could disturb
        )
        before = {number: signal.signal(number, note) for number in heeded}
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    try:
        status = child.wait()
    finally:
        signal.alarm(0)
        for number, handler in before.items():
            signal.signal(number, handler)
    if came:
        return 128 + came[0]
    return status if status >= 0 else 128 - status


def _kill(child: subprocess.Popen[bytes]) -> None:
    """Where it waits for an answer, and the terminal has gone, ansible hears nothing; its workers would stay behind."""
    listed = subprocess.run(["ps", "-A", "-o", "ppid=,pid="], capture_output=True, text=True).stdout
    for parent, pid in (line.split() for line in listed.splitlines()):
        if int(parent) == child.pid:
            with suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)
    child.kill()


def as_a_part(parent: int, mask: set[int | signal.Signals]) -> Callable[[], None]:
    """What the new process does before it becomes ansible, so that it never goes on without anybody who sees it."""
    prctl = ctypes.CDLL(None).prctl if sys.platform.startswith("linux") else None

    def begin() -> None:
        # A terminal that is closed would end ansible at once, but not its workers: it is asked to end, by `run`.
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        # Where `run` itself is killed, Linux can ask in its place.
        if prctl:
            prctl(SET_PARENT_DEATH_SIGNAL, signal.SIGTERM)
            if os.getppid() != parent:  # it was killed before we could say so
                os.kill(os.getpid(), signal.SIGTERM)
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)

    return begin
