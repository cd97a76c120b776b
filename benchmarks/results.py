"""What was measured, kept as soon as it is: a run that is interrupted goes on where it was."""

import json
import os
import platform
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.room import ROOT, Failed, busy
from localcloud.hosts import engine as engines

FILE = ROOT / ".bench" / "results.json"


class Results:
    """`machine`, and `measured`: cell -> what was found there, one for each round."""

    def __init__(self, file: Path, machine: dict[str, str], *, anew: bool = False) -> None:
        self.file = file
        self.told: dict[str, Any] = {"machine": machine, "measured": {}}
        if file.exists() and not anew:
            self.told = json.loads(file.read_text())
            differs = [name for name, each in machine.items() if self.told["machine"].get(name) != each]
            if differs:
                raise Failed(
                    f"{file} was measured with another {', '.join(differs)}, and figures of both do not belong into "
                    "one table: AGAIN=yes begins anew."
                )

    def rounds(self, cell: str) -> int:
        return len(self.told["measured"].get(cell, []))

    def keep(self, cell: str, measure: Callable[[], dict[str, Any]]) -> None:
        """Nothing is kept of what failed."""
        about = {
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
            "revision": revision(),
            "busy": round(busy(), 2),
        }
        found = {**about, **measure()}
        self.told["measured"].setdefault(cell, []).append(found)
        self.file.parent.mkdir(exist_ok=True)
        half = self.file.with_suffix(".half")
        half.write_text(json.dumps(self.told, indent=1))
        half.replace(self.file)


def machine() -> dict[str, str]:
    engine = engines.find()
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    pyinfra = Path(sys.prefix) / "bench" / "bin" / "pyinfra"
    said = subprocess.run([pyinfra, "--version"], capture_output=True, text=True, check=True).stdout
    return {
        "cores": str(os.cpu_count()),
        "memory": f"{memory:.0f} GiB",
        "kernel": f"{platform.system()} {platform.release()}",
        "engine": f"{engine.name} {engine.version}",
        "python": platform.python_version(),
        "ansible": f"{version('ansible')} (core {version('ansible-core')})",
        "pyinfra": said.split()[-1].removeprefix("v"),
    }


def revision() -> str:
    def git(*words: str) -> str:
        return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()

    # Words, and the figures themselves, do not change what is measured.
    changed = git("status", "--porcelain", "--", ":!docs", ":!*.md")
    return git("rev-parse", "--short", "HEAD") + (", changed" if changed else "")
