"""Where one measurement happens: a localcloud of its own, a folder, the students; and what a command cost there."""

import json
import os
import subprocess
import sys
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from classlab.command import clouds
from localcloud import LocalCloud

ROOT = Path(__file__).parents[1]
PROJECT = ROOT / "examples" / "weather"
PYTHON = "3.11"
PACKAGES = ["tmux"]
# Where the PPA is when localcloud has no stand-in for it.
PPA = {
    "LAB_PPA_URL": "https://ppa.launchpadcontent.net/deadsnakes/ppa/ubuntu",
    "LAB_PPA_KEY_URL": "https://keyserver.ubuntu.com/pks/lookup?op=get&search=0xF23C5A6CF475977595C89F51BA6932366A755776",
    "LAB_PPA_FINGERPRINT": "F23C5A6CF475977595C89F51BA6932366A755776",
}
# The caller's own settings of a cloud or of Ansible would not be the same for all sides.
NOT_OURS = ("AWS_", "ANSIBLE_", "BENCH_", "LAB_", "LOCALCLOUD_", "MAKE", "PYINFRA_")
VARIABLES = ("CLASS", "CLOUD", "STUDENT", "VERBOSE", "FORMAT", "SSH_AUTH_SOCK", "PYTHONDONTWRITEBYTECODE")


# What a call is called that asks for more of an answer too long for one page.
FURTHER = ", further pages"


class Failed(Exception):  # noqa: N818 - what is said of it begins so
    """A command ended with an error, or a seat is not as it should be: there is nothing to measure."""


@dataclass(frozen=True)
class Cost:
    """Seconds on the clock, of this side's processes, and of the whole machine, guests included; the cloud's calls."""

    wall: float = 0
    cpu: float = 0
    machine: float = 0
    calls: dict[str, int] = field(default_factory=dict)

    def __add__(self, other: "Cost") -> "Cost":
        calls = dict(Counter(self.calls) + Counter(other.calls))
        return Cost(self.wall + other.wall, self.cpu + other.cpu, self.machine + other.machine, calls)

    def told(self) -> dict[str, Any]:
        return {name: round(each, 2) if isinstance(each, float) else each for name, each in asdict(self).items()}


@dataclass
class Room:
    cloud: LocalCloud
    folder: Path
    students: list[str]

    @property
    def environment(self) -> dict[str, str]:
        """A home without settings, keys or credentials; of clouds it knows this room's."""
        own = {name: each for name, each in os.environ.items() if not name.startswith(NOT_OURS)}
        for name in VARIABLES:
            own.pop(name, None)
        return {**own, "HOME": str(self.folder), "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}

    @property
    def for_strangers(self) -> dict[str, str]:
        """What the ways that know nothing of localcloud are told: as they would be told of AWS, and of the work."""
        told = clouds.localcloud_environment(self.environment, self.cloud.env, ROOT, self.cloud.running.region)
        kept = {name: each for name, each in told.items() if not name.startswith("ANSIBLE_")}
        return {
            **PPA,
            **kept,
            "BENCH_ADDRESS": self.cloud.running.checkip,
            "BENCH_PYTHON": PYTHON,
            "BENCH_PACKAGES": " ".join(PACKAGES),
            # Nobody byte-compiles: that would be most of pip's work, and Python does it at the first use.
            "BENCH_PIP_OPTIONS": "-q --no-input --disable-pip-version-check --no-compile",
            "BENCH_FOLDER": str(self.folder),
            "BENCH_PROJECT": str(PROJECT),
            "BENCH_STUDENTS": " ".join(self.students),
        }

    def cost(self, words: list[str | Path], environment: dict[str, str], folder: Path = ROOT) -> Cost:
        report, said = self.folder / "cost.json", self.said
        calls, machine = len(self.cloud.requests()), _machine()
        with said.open("w") as out:
            metered = [sys.executable, ROOT / "benchmarks" / "meter.py", report, *words]
            done = subprocess.run(
                metered, env=environment, cwd=folder, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT
            )
        if done.returncode:
            raise Failed(f"{' '.join(map(str, words))} ended with {done.returncode}:\n{said.read_text()[-4000:]}")
        machine = _machine() - machine
        asked = Counter(map(_named, self.cloud.requests()[calls:]))
        told = json.loads(report.read_text())
        return Cost(told["wall"], told["cpu"], machine, dict(asked))

    @property
    def said(self) -> Path:
        """What the last command showed."""
        return self.folder / "said"

    def living(self) -> list[str]:
        """Ids of the instances that are not gone."""
        found = self.cloud.client("ec2").describe_instances()["Reservations"]
        return [
            each["InstanceId"] for them in found for each in them["Instances"] if each["State"]["Name"] != "terminated"
        ]


def _named(request: dict[str, Any]) -> str:
    further = FURTHER if "NextToken" in request["parameters"] else ""
    return f"{request['service']}.{request['action']}{further}"


def _machine() -> float:
    """Seconds that all cores have worked: user, nice, system, irq, softirq, steal."""
    ticks = [int(word) for word in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]]
    return (sum(ticks[:3]) + sum(ticks[5:8])) / os.sysconf("SC_CLK_TCK")


def busy(seconds: float = 1) -> float:
    """The share of this machine that others use, while we do nothing."""
    before = _machine()
    time.sleep(seconds)
    return min(1, (_machine() - before) / seconds / (os.cpu_count() or 1))


def calm_down(patience: float = 60, enough: float = 0.05) -> None:
    """Wait until what the last measurement has left, disks that are being freed, is over. Others may not let it be."""
    until = time.monotonic() + patience
    while busy() > enough and time.monotonic() < until:
        pass


def settle() -> None:
    """What the last step left the hosts to do is not the next one's."""
    time.sleep(3)
