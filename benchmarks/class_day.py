"""A class's morning: what `make up` does on the seats, against a plain shell script in one ssh per seat, all at once.

    python -m benchmarks.class_day [--seats 10] [--rounds 1] [--launch 30] [--compile] [--profile]

Two labs of the same seats are booted; the script sets up one, our playbook the other, then both do it again.
Rounds take turns in who begins. All of it is one run on one machine, so the ratios hold where absolute times do not.
Last, the calls and seconds that launching --launch seats takes on a cloud that keeps books only.
"""

import argparse
import base64
import io
import json
import os
import shlex
import statistics
import subprocess
import tarfile
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

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
FIRST, AGAIN, CALLS, LAUNCH = 1.25, 0.5, 60, 15  # what is wanted: ratios, calls, seconds


@dataclass(frozen=True)
class Cost:
    """Seconds on the clock, and of processor time on this machine, its guests included."""

    wall: float
    cpu: float

    def __str__(self) -> str:
        return f"{self.wall:6.1f} s {self.cpu:6.1f} s"


@dataclass(frozen=True)
class Lab:
    name: str
    folder: Path
    students: list[str]
    environment: dict[str, str]

    def play(self, playbook: str, *words: str) -> str:
        """Run a playbook as `make` would; what it printed."""
        control = {
            "lab_class": self.name,
            "lab_class_file": str(self.folder / "class.yml"),
            "lab_folder": str(self.folder),
            "lab_cloud_in_use": clouds.LOCAL,
            "lab_prune": False,
            "lab_yes": True,
            "lab_force": False,
            "lab_interactive": False,
            "lab_only": [],
        }
        inventories = ["-i", "inventory/lab.aws_ec2.yml", "-i", "inventory/localhost.yml"]
        extra = ["-e", f"@{self.folder / 'class.yml'}", "-e", json.dumps(control)]
        command = [str(clouds.program("ansible-playbook")), *inventories, playbook, *extra, *words]
        done = subprocess.run(command, env=self.environment, cwd=ROOT, capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(f"{shlex.join(command)} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}")
        return done.stdout

    def ssh(self, student: str, command: str) -> list[str]:
        return ["ssh", "-F", str(self.folder / "ssh_config"), "-o", "ControlPath=none", student, command]


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--seats", type=int, default=10)
    asked.add_argument("--rounds", type=int, default=1)
    asked.add_argument("--launch", type=int, default=30, help="seats of the launch without hosts; 0 leaves it out")
    asked.add_argument("--compile", action="store_true", help="let the script's pip byte-compile, as it does untold")
    asked.add_argument("--profile", action="store_true", help="show which tasks of ours take how long")
    told = asked.parse_args()
    rounds: list[dict[str, Cost]] = []
    for number in range(told.rounds if told.seats else 0):
        with LocalCloud() as cloud, tempfile.TemporaryDirectory() as folder:
            rounds.append(one_round(cloud, Path(folder), told, ours_first=bool(number % 2)))
            report(rounds[-1], f"round {number + 1} of {told.rounds}, {told.seats} seats, {os.cpu_count()} cores")
    if len(rounds) > 1:
        names = rounds[0]
        middle = {
            name: Cost(*(statistics.median(getattr(each[name], part) for each in rounds) for part in ("wall", "cpu")))
            for name in names
        }
        report(middle, f"medians of {len(rounds)} rounds")
    if told.launch:
        launch(told.launch)


def one_round(cloud: LocalCloud, folder: Path, told: argparse.Namespace, *, ours_first: bool) -> dict[str, Cost]:
    labs = {name: make_lab(cloud, folder / name, name, told.seats) for name in ("plain", "ours")}
    for lab in labs.values():
        print(f"launching {told.seats} seats: {lab.name}", flush=True)
        lab.play("playbooks/up.yml", "--limit", "localhost")
    for lab in labs.values():
        everywhere(lab, lambda _: "cloud-init status --wait >/dev/null || [ $? -eq 2 ]")
    time.sleep(5)
    sides: list[tuple[str, Callable[[], dict[str, Cost]]]] = [
        ("plain", lambda: {"plain": plain(labs["plain"], told.compile)}),
        ("ours", lambda: ours(labs["ours"], told.profile)),
    ]
    costs = {}
    for when in ("first", "again"):
        for who, side in reversed(sides) if ours_first else sides:
            print(f"setting up, {when}: {who}", flush=True)
            costs.update({f"{name} {when}": cost for name, cost in side().items()})
    for lab in labs.values():
        proof = f"python{PYTHON} --version && pip{PYTHON} --version && cd {PROJECT.name} && ~/venv/bin/python main.py"
        subprocess.run(lab.ssh(lab.students[0], proof), check=True, capture_output=True)
    return costs


def make_lab(cloud: LocalCloud, folder: Path, name: str, seats: int) -> Lab:
    """A class of so many students, its file and its folder."""
    folder.mkdir(parents=True, mode=0o700)
    students = [f"s{number:02}" for number in range(1, seats + 1)]
    settings = {"lab_name": f"bench-{name}", "lab_students": students, "lab_project": str(PROJECT), "lab_hours": 4}
    (folder / "class.yml").write_text(json.dumps(settings))
    environment = {
        **clouds.localcloud_environment(os.environ, cloud.env, ROOT, cloud.running.region),
        "LAB_CLASS": name,
        "LAB_NAME": f"bench-{name}",
        "LAB_FOLDER": str(folder),
    }
    return Lab(name, folder, students, environment)


def plain(lab: Lab, compiles: bool) -> Cost:
    """The script, in one ssh per seat, all at once."""
    began = now()
    script = (Path(__file__).parent / "plain.sh").read_text()
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz") as tar:
        for file in sorted(PROJECT.iterdir()):
            tar.add(file, file.name)
    options = ["-q", "--no-input", "--disable-pip-version-check", *([] if compiles else ["--no-compile"])]
    ppa = {**PPA, **lab.environment}

    def for_seat(student: str) -> str:
        values = {
            "python": PYTHON,
            "ppa_url": ppa["LAB_PPA_URL"],
            "ppa_key_url": ppa["LAB_PPA_KEY_URL"],
            "ppa_fingerprint": ppa["LAB_PPA_FINGERPRINT"],
            "student_key": (lab.folder / "keys" / f"{student}.pem.pub").read_text().strip(),
            "project": PROJECT.name,
            "archive": base64.b64encode(archive.getvalue()).decode(),
        }
        lines = [f"{name}={shlex.quote(value)}" for name, value in values.items()]
        lines += [f"packages=({shlex.join(PACKAGES)})", f"pip_options=({shlex.join(options)})"]
        return "\n".join([*lines, script])

    everywhere(lab, for_seat)
    return since(began)


def everywhere(lab: Lab, script: Callable[[str], str]) -> None:
    """Pipe a script into each seat, as root, all at once."""
    running = {}
    for student in lab.students:
        with tempfile.TemporaryFile("w+") as text:
            text.write(script(student))
            text.seek(0)
            running[student] = subprocess.Popen(
                lab.ssh(student, "sudo -n bash -s"), stdin=text, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
            )
    for student, program in running.items():
        said, _ = program.communicate()
        if program.returncode:
            raise SystemExit(f"The script ended with {program.returncode} on {student}:\n{said.decode()}")


def ours(lab: Lab, profile: bool) -> dict[str, Cost]:
    """`make up`: the play on the seats, and the whole of it."""
    times = lab.folder / "times"
    times.unlink(missing_ok=True)
    more = ["ansible.posix.profile_tasks"] if profile else []
    lab.environment.update(
        PLAY_TIMES=str(times),
        ANSIBLE_CALLBACK_PLUGINS=f"{ROOT / 'plugins' / 'callback'}:{ROOT / 'benchmarks' / 'plugins'}",
        ANSIBLE_CALLBACKS_ENABLED=",".join(["play_times", *more]),
    )
    began = now()
    said = lab.play("playbooks/up.yml")
    whole = since(began)
    if profile:
        print(said)
    plays = [json.loads(line) for line in times.read_text().splitlines()]
    place = next(place for place, each in enumerate(plays) if each["play"] == "Set up the seats")
    start, end = ((each["at"], processor(each["stat"])) for each in plays[place : place + 2])
    return {"ours": Cost(end[0] - start[0], end[1] - start[1]), "whole": whole}


def launch(seats: int) -> None:
    """The cloud part alone, where nothing boots."""
    with LocalCloud(hosts=False) as cloud, tempfile.TemporaryDirectory() as folder:
        lab = make_lab(cloud, Path(folder, "launch"), "launch", seats)
        before = len(cloud.requests())
        began = now()
        # There are no hosts whose keys could be pinned.
        lab.play("playbooks/up.yml", "--limit", "localhost", "-e", json.dumps({"seat_trust_seats": []}))
        took = since(began)
        calls = [str(each["action"]) for each in cloud.requests()[before:]]
    print(f"\nlaunch of {seats} seats, cloud part: {len(calls)} calls (wanted: at most {CALLS}), ", end="")
    print(f"{took.wall:.1f} s (wanted: under {LAUNCH})")
    print("  " + ", ".join(f"{action} {number}" for action, number in Counter(calls).most_common()))


def report(costs: dict[str, Cost], title: str) -> None:
    print(f"\n{title}\n{'':30}{'first':^17}{'again':^19}\n{'':30}{'wall      CPU':^17}{'wall      CPU':^19}")
    for name, label in (("plain", "plain script, all at once"), ("ours", "make up, the play on the seats")):
        print(f"{label:30}{costs[f'{name} first']}  {costs[f'{name} again']}")
    for when, wanted in (("first", FIRST), ("again", AGAIN)):
        ratio = costs[f"ours {when}"].wall / costs[f"plain {when}"].wall
        print(f"ratio {when}: {ratio:.2f} (wanted: at most {wanted})")
    whole = costs["whole again"]
    print(f"the whole second make up: {whole} = {whole.wall / costs['plain again'].wall:.2f} of the script run again")


def processor(ticks: list[int]) -> float:
    """Seconds that all cores worked: user, nice, system, irq, softirq, steal."""
    return (sum(ticks[:3]) + sum(ticks[5:8])) / os.sysconf("SC_CLK_TCK")


def now() -> Cost:
    words = Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]
    return Cost(time.monotonic(), processor([int(word) for word in words]))


def since(began: Cost) -> Cost:
    ended = now()
    return Cost(ended.wall - began.wall, ended.cpu - began.cpu)


if __name__ == "__main__":
    main()
