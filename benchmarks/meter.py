"""
What a command costs on this side: seconds on the clock, and of processor time of its processes, which end with it or
live on (connections that ssh leaves open). The hosts' own processes are not among them: localcloud has those.

    python -m benchmarks.meter REPORT COMMAND ...
"""

import ctypes
import json
import os
import resource
import signal
import sys
import time
from pathlib import Path

# Linux: processes whose parent has ended become ours, not init's.
ADOPT = 36


def main() -> int:
    report, *words = sys.argv[1:]
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the command hears Ctrl-C as well, and we wait for its end
    ctypes.CDLL(None).prctl(ADOPT, 1)
    began = time.monotonic()
    child = os.posix_spawnp(words[0], words, os.environ, setsigdef=[signal.SIGINT])
    ended, status = os.wait()
    while ended != child:
        ended, status = os.wait()
    wall = time.monotonic() - began
    while _another():
        pass
    waited = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = waited.ru_utime + waited.ru_stime + sum(map(_spent, _descendants(os.getpid())))
    Path(report).write_text(json.dumps({"wall": wall, "cpu": cpu}))
    return os.waitstatus_to_exitcode(status) & 0xFF


def _another() -> bool:
    """One more that we adopted has ended."""
    try:
        return os.waitpid(-1, os.WNOHANG)[0] != 0
    except ChildProcessError:
        return False


def _descendants(pid: int) -> list[int]:
    children: list[int] = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        children += map(int, (task / "children").read_text().split())
    return children + [each for child in children for each in _descendants(child)]


def _spent(pid: int) -> float:
    # The name, in parentheses, may have blanks in it.
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    sys.exit(main())
