"""
Make .venv with what is locked (`ready`), or add what tests need (`dev`), or make .venv/bench with what `make bench`
measures besides (`bench/ready`); make calls it with a Python new enough.

Two of them at a time make it once, and one that was interrupted begins anew: the stamp that make looks at comes last.
With HOSTS=yes the container engine and the Ubuntu image are seen to meanwhile: neither waits for pip, nor pip for them.
"""

import fcntl
import os
import re
import subprocess
import sys
from pathlib import Path

VENV = Path(".venv")
INSTALL = ["install", "-qq", "--disable-pip-version-check"]
PIP: list[str | Path] = [VENV / "bin" / "pip", *INSTALL]
# Python compiles what it uses at the first use; of Ansible's thousands of modules that is little.
LOCKED = ["--no-compile", "--require-hashes", "-r"]
# The lock, and what else makes the stamp out of date.
STAMPS = {
    "ready": ["requirements.txt", "pyproject.toml"],
    "dev": ["requirements-dev.txt", ".venv/ready"],
    "bench/ready": ["requirements-bench.txt", ".venv/ready"],
}


def main() -> int:
    which = sys.argv[1]
    stamp = VENV / which
    with Path(STAMPS[which][0]).open() as lock:  # goes with the process, however that ends
        fcntl.flock(lock, fcntl.LOCK_EX)
        if stamp.exists() and all(stamp.stat().st_mtime >= Path(each).stat().st_mtime for each in STAMPS[which]):
            return 0  # another make has made it while this one waited
        if which == "dev":
            print("Installing what tests need", flush=True)
            do(*PIP, *LOCKED, "requirements-dev.txt")
            stamp.touch()
            return 0
        if which == "bench/ready":
            print("Installing what classlab is measured against", flush=True)
            do(sys.executable, "-m", "venv", "--clear", stamp.parent)
            do(stamp.parent / "bin" / "pip", *INSTALL, *LOCKED[1:], "requirements-bench.txt")
            stamp.touch()
            return 0
        print(f"Making .venv with {sys.executable}", flush=True)
        beside = hosts() if os.environ.get("HOSTS") == "yes" and on_this_machine() else None
        try:
            do(sys.executable, "-m", "venv", "--clear", VENV)
            print("Installing the locked requirements", flush=True)
            do(*PIP, *LOCKED, "requirements.txt")
            do(*PIP, "--no-deps", "--no-build-isolation", "--editable", ".")
            stamp.touch()
        except BaseException:
            if beside:
                beside.terminate()
            raise
    return beside.wait() if beside else 0


def hosts() -> subprocess.Popen[bytes]:
    """localcloud's own commands need nothing that is not in Python, so they need not wait for .venv."""
    print("Seeing to the container engine and its Ubuntu image meanwhile", flush=True)
    words = 'scripts/ensure-engine && exec "$0" -m localcloud image build 24.04 >/dev/null'
    return subprocess.Popen(["sh", "-c", words, sys.executable], env={**os.environ, "PYTHONPATH": "src"})


def on_this_machine() -> bool:
    """Will the class be on localcloud? Only guessed, to begin early what `classlab` then decides."""
    if cloud := os.environ.get("CLOUD"):
        return cloud != "aws"
    name = Path(os.environ.get("CLASS") or "demo").stem
    told = [Path("classes", f"{name}.yml"), Path(".lab", name, "cloud")]
    return not any(
        each.is_file() and re.search(r"^(lab_cloud: *)?['\"]?aws\b", each.read_text(), re.M) for each in told
    )


def do(*words: str | Path) -> None:
    status = subprocess.run(words).returncode
    if status:
        sys.exit(f".venv is not ready: {Path(words[0]).name} ended with status {status}. The same command tries again.")


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
