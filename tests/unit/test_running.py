"""An orderly end, also of what hears nothing."""

import signal
import subprocess
import sys
import time
from pathlib import Path

PROGRAM = """
import os, sys
from pathlib import Path
from classlab.command import running
running.ENDS_WITHIN = 1
deaf = "trap '' TERM; touch begun; sleep 60 & echo $! >worker; wait; sleep 60"
sys.exit(running.run(["sh", "-c", deaf], dict(os.environ), Path("."), None))
"""


EARLY = """
import os, signal, subprocess, sys
from pathlib import Path
from classlab.command import running

class Popen(subprocess.Popen):
    def __init__(self, *words, **settings):
        super().__init__(*words, **settings)
        os.kill(os.getpid(), signal.SIGTERM)

running.subprocess.Popen = Popen
sys.exit(running.run(["sleep", "60"], dict(os.environ), Path("."), None))
"""


def test_an_end_that_comes_right_after_the_beginning_is_heard(tmp_path: Path) -> None:
    ended = subprocess.run([sys.executable, "-c", EARLY], cwd=tmp_path, timeout=30)
    assert ended.returncode == 128 + signal.SIGTERM


def test_what_does_not_heed_the_end_is_ended_with_its_workers(tmp_path: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", PROGRAM], cwd=tmp_path)
    until = time.monotonic() + 30
    while not (tmp_path / "worker").exists() or not (tmp_path / "worker").read_text().strip():
        assert time.monotonic() < until
        time.sleep(0.05)
    process.terminate()
    assert process.wait(timeout=30) == 128 + signal.SIGTERM
    worker = int((tmp_path / "worker").read_text())
    while _runs(worker):
        assert time.monotonic() < until
        time.sleep(0.05)


def _runs(pid: int) -> bool:
    listed = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True).stdout
    return bool(listed) and not listed.startswith("Z")
