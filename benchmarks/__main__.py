"""
Measures ways to seat a class, on this machine and in one run, and writes docs/benchmarks.md and docs/benchmarks.svg.

    make bench [SEATS='1 3 10 30'] [WAYS='a b c d e f floor'] [ROUNDS=1] [AGAIN=yes]

What has been measured is in .bench/results.json, and is not measured again unless AGAIN=yes or ROUNDS is higher: a run
that was interrupted goes on. `make bench PROFILE=yes SEATS=3` measures nothing: it shows which tasks of
`make up` take how long.
"""

import argparse
import compileall
import fcntl
import os
import signal
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks import boot, cloud_part, document, plot
from benchmarks.check import check
from benchmarks.results import FILE, Results, machine
from benchmarks.room import ROOT, Failed, Room, calm_down, settle
from benchmarks.ways import WAYS, Up, Way
from localcloud import LocalCloud, image
from localcloud.home import cache_folder
from localcloud.hosts import engine as engines

SEATS, FAR = [1, 3, 10, 30], [100, 300]
LISTED = 300
ALL = [*WAYS, "f", "floor"]
LISTS, SWITCHES = ("SEATS", "WAYS", "ROUNDS"), ("AGAIN", "PROFILE")


def main() -> int:
    asked = argparse.ArgumentParser(
        "make bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    asked.add_argument("--seats", type=int, nargs="+", default=SEATS)
    asked.add_argument("--ways", nargs="+", choices=ALL, default=ALL)
    asked.add_argument("--rounds", type=int, default=1)
    asked.add_argument("--again", action="store_true")
    asked.add_argument("--profile", action="store_true")
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # the localcloud and the folder of a cell go with it
    told = asked.parse_args([*of_make(os.environ), *sys.argv[1:]])
    try:
        if told.profile:
            profile(told.seats[0])
        else:
            run(told)
    except Failed as failure:
        print(f"benchmarks: {failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nbenchmarks: interrupted; `make bench` goes on from here.", file=sys.stderr)
        return 130
    return 0


def of_make(variables: Mapping[str, str]) -> list[str]:
    """make's variables, as the words of this command. One that is mistyped is a word that is not known."""
    said = [f"--{name}" for name in variables.get("MAKE_GIVEN", "").split() if name not in (*LISTS, *SWITCHES)]
    for name in LISTS:
        if values := variables.get(name, "").split():
            said += [f"--{name.lower()}", *values]
    return said + [f"--{name.lower()}" for name in SWITCHES if variables.get(name) == "yes"]


def run(told: argparse.Namespace) -> None:
    with alone(FILE.with_name("lock")):
        results = Results(FILE, machine(), anew=told.again)
        warm()
        measure_all(results, told)
    document.write(results.told, ROOT / "docs" / "benchmarks.md")
    plot.write(results.told, ROOT / "docs" / "benchmarks.svg")
    print("docs/benchmarks.md and docs/benchmarks.svg are written.")


def warm() -> None:
    """Python compiles what it uses at the first use: the first way that uses Ansible would pay for the others."""
    for each in ("ansible", "ansible_collections/amazon", "boto3", "botocore"):
        compileall.compile_dir(Path(sysconfig.get_path("purelib"), each), quiet=2)


@contextmanager
def alone(file: Path) -> Iterator[None]:
    """Two that measure at a time would measure each other."""
    file.parent.mkdir(exist_ok=True)
    with file.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Failed("another `make bench` is measuring here: wait for it, or end it.") from None
        yield


def measure_all(results: Results, told: argparse.Namespace) -> None:
    image.ensure(engines.find(), "24.04", cache_folder(), print)
    for number in range(told.rounds):
        for cell, measure in cells(told.seats, told.ways):
            if results.rounds(cell) <= number:
                began = time.monotonic()
                print(f"{cell} … ", end="", flush=True)
                calm_down()
                results.keep(cell, measure)
                print(f"{time.monotonic() - began:.0f} s", flush=True)


def cells(seats: list[int], ways: list[str]) -> list[tuple[str, Callable[[], dict[str, Any]]]]:
    """What is compared is measured close together in time: the machine may be busier an hour later."""
    found: list[tuple[str, Callable[[], dict[str, Any]]]] = []
    for count in seats:
        if "floor" in ways:
            found.append((f"floor/{count}", partial(boot.measure, count)))
        found += [(f"{way}/{count}", partial(one, WAYS[way], count)) for way in WAYS if way in ways]
    if "floor" in ways:
        found.append((f"books/{LISTED}", partial(boot.describe, LISTED)))
    if "f" in ways:
        found += [(f"f/{count}", partial(cloud_part.measure, count)) for count in FAR]
    return found


def one(kind: type[Way], seats: int) -> dict[str, Any]:
    """From nothing to nothing: first run, again, down. After each run every seat is asked whether it is ready."""
    students = [f"s{number:02}" for number in range(1, seats + 1)]
    with LocalCloud() as cloud, tempfile.TemporaryDirectory() as folder:
        room = Room(cloud, Path(folder), students)
        return measure(kind(room), room, check)


def measure(way: Way, room: Room, check: Callable[[Way, list[str]], None]) -> dict[str, Any]:
    costs = {"prepare": way.prepare()}
    for when, step in (("first", way.first), ("again", way.again)):
        settle()
        costs[when] = step()
        check(way, room.students)
    settle()
    costs["down"] = way.down()
    if left := room.living():
        raise Failed(f"{way.name} ended with instances left: {', '.join(left)}")
    return {when: cost.told() for when, cost in costs.items()}


def profile(seats: int) -> None:
    with LocalCloud() as cloud, tempfile.TemporaryDirectory() as folder:
        room = Room(cloud, Path(folder), [f"s{number:02}" for number in range(1, seats + 1)])
        way = Up(room)
        for when in ("first", "again"):
            cost = way.make("up", ANSIBLE_CALLBACKS_ENABLED="ansible.posix.profile_tasks")
            print(f"{when}: {cost.told()}\n{room.said.read_text().partition('TASKS RECAP')[2]}", flush=True)
        way.down()


if __name__ == "__main__":
    sys.exit(main())
