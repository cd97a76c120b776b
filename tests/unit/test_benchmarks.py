"""The figures: what is said of given ones, and that nothing is kept of a measurement whose seats are not ready."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml

from benchmarks import check, cloud_part, document, plot
from benchmarks.__main__ import alone, measure, of_make
from benchmarks.figures import grows
from benchmarks.results import Results
from benchmarks.room import ROOT, Cost, Failed

MACHINE = {
    "cores": "2", "memory": "24 GiB", "kernel": "Linux 6", "engine": "podman 5",
    "python": "3.12.1", "ansible": "14", "pyinfra": "3.10.0",
}  # fmt: skip


def cell(first: float, again: float, down: float = 5, **calls: int) -> dict[str, Any]:
    runs = {"prepare": 31, "first": first, "again": again, "down": down}
    told = {run: {"wall": wall, "cpu": wall / 2, "machine": wall * 2, "calls": calls} for run, wall in runs.items()}
    return {"at": "2026-11-21T19:00:00+00:00", "revision": "abc1234", "busy": 0.02, **told}


def page(tmp_path: Path, **measured: dict[str, Any] | list[dict[str, Any]]) -> str:
    """page(a_10=cell(...)): the document."""
    cells = {name.replace("_", "/"): each if isinstance(each, list) else [each] for name, each in measured.items()}
    told = {"machine": MACHINE, "measured": cells}
    document.write(told, tmp_path / "page.md")
    plot.write(told, tmp_path / "plot.svg")
    return (tmp_path / "page.md").read_text()


def test_the_document_has_what_was_measured(tmp_path: Path) -> None:
    said = page(tmp_path, a_1=cell(10, 4), a_10=cell(40, 16), d_1=cell(20, 3), d_10=cell(30, 4, RunInstances=10))
    assert "| First run, from nothing to seats that are ready | 1 seat | 10 seats |" in said
    assert "| (d) make up | 20.0 (2.00) | 30.0 (0.75) |" in said
    assert "| (d) make up | 3.0 (0.75) | 4.0 (0.25) |" in said
    assert "| (d) make up | 10.0 | 15.0 | 1.5 |" in said, "the controller's processor seconds, and how they grow"
    assert "| (d) make up | - | 10 / 10 / 10 |" in said
    assert "| (c) pyinfra | - | - |" in said
    assert "revision abc1234; each figure was measured once" in said
    assert "**This was a small run.** Not measured: floor/1, " in said and "d/30" in said and "a/1," not in said


def test_a_machine_that_others_used_is_told_of(tmp_path: Path) -> None:
    warning = "**The machine had other work meanwhile**, up to 75% of it"
    assert warning in page(tmp_path, a_1={**cell(10, 4), "busy": 0.75})
    assert warning not in page(tmp_path, a_1=cell(10, 4))


def test_a_document_of_several_rounds_has_their_medians(tmp_path: Path) -> None:
    said = page(tmp_path, a_1=[cell(10, 4), cell(90, 4), cell(12, 4)])
    assert "| (a) plain ssh script, all seats at once | 12.0 |" in said
    assert "medians of up to 3 rounds" in said


@pytest.mark.parametrize(
    ("seconds", "verdict"), [(40.0, "1.00 times | met"), (41.0, "1.02 times | **missed**"), (None, "- | not measured")]
)
def test_a_missed_target_is_said_to_be(tmp_path: Path, seconds: float | None, verdict: str) -> None:
    ours = {} if seconds is None else {"d_10": cell(seconds, 4)}
    said = page(tmp_path, a_10=cell(40, 16), **ours)
    assert f"| First `make up` of 10 seats, nothing baked, no slower than the plain script | {verdict} |" in said


def test_calls_that_grow_with_the_class_are_found() -> None:
    small = {"ec2.RunInstances": 100, "ec2.DescribeInstances": 5, "ec2.CreateTags": 1}
    assert grows(small, {**small, "ec2.RunInstances": 300, "ec2.DescribeInstances": 8}) == []
    assert grows(small, {**small, "ec2.DescribeInstances, further pages": 12}) == []
    assert grows(small, {**small, "ec2.CreateTags": 300}) == ["ec2.CreateTags"]


def test_the_picture_has_a_line_for_each_way(tmp_path: Path) -> None:
    page(tmp_path, a_1=cell(10, 4), a_10=cell(40, 16), d_1=cell(20, 3), d_10=cell(30, 4))
    drawn = ElementTree.fromstring((tmp_path / "plot.svg").read_text())  # noqa: S314 - written a line before
    lines = [each.attrib["points"].split() for each in drawn.iter("{http://www.w3.org/2000/svg}polyline")]
    assert len(lines) == 6 and all(len(points) == 2 for points in lines)
    heights = [float(point.split(",")[1]) for point in lines[0]]
    assert heights[0] > heights[1], "more seconds are higher"


class Seated:
    """A way of which nothing is expected but that it is measured."""

    name = "seated"

    def __init__(self) -> None:
        self.students = ["ada"]

    def prepare(self) -> Cost:
        return Cost()

    def living(self) -> list[str]:
        return []

    first = again = down = prepare


def not_ready(*_: object) -> None:
    raise Failed("1 of 1 seats are not ready.")


def test_nothing_is_kept_of_seats_that_are_not_ready(tmp_path: Path) -> None:
    file, way = tmp_path / "kept" / "results.json", Seated()
    results = Results(file, MACHINE)
    with pytest.raises(Failed, match="not ready"):
        results.keep("a/1", lambda: measure(way, way, not_ready))  # type: ignore[arg-type]  # both parts in one
    assert not file.exists() and results.rounds("a/1") == 0
    results.keep("a/1", lambda: measure(way, way, lambda *_: None))  # type: ignore[arg-type]
    assert Results(file, MACHINE).rounds("a/1") == 1, "the next run goes on from there"
    assert Results(file, MACHINE, anew=True).rounds("a/1") == 0


def test_variables_of_make_are_heard() -> None:
    assert of_make({"MAKE_GIVEN": "SEATS AGAIN", "SEATS": "1 3", "AGAIN": "yes", "PROFILE": ""}) == [
        "--seats", "1", "3", "--again",
    ]  # fmt: skip
    assert of_make({"MAKE_GIVEN": "SEAT", "SEAT": "3"}) == ["--SEAT"], "which the command refuses"


def test_two_do_not_measure_at_a_time(tmp_path: Path) -> None:
    with alone(tmp_path / "lock"), pytest.raises(Failed, match="is measuring here"), alone(tmp_path / "lock"):
        pass
    with alone(tmp_path / "lock"):
        pass


def test_figures_of_two_machines_are_not_mixed(tmp_path: Path) -> None:
    Results(tmp_path / "results.json", MACHINE).keep("a/1", lambda: cell(1, 1))
    with pytest.raises(Failed, match=r"another cores, and .*: AGAIN=yes"):
        Results(tmp_path / "results.json", {**MACHINE, "cores": "64"})


PROGRAMS = {
    "bin/python3.11": 'echo "Python 3.11.9"',
    "bin/pip3.11": 'echo "pip 26.3 from /opt (python 3.11)"',
    "bin/dpkg": "true",
    "venv/bin/python": 'if [ "$1" = - ]; then exit 0; fi; echo "pip 26.3 from /opt (python 3.11)"',
}


@pytest.fixture
def seat(tmp_path: Path) -> Path:
    """The home of a student on a seat that is ready, as far as questions can tell."""
    for name, does in PROGRAMS.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(f"#!/bin/sh\n{does}\n")
        (tmp_path / name).chmod(0o700)
    (tmp_path / ".ssh").mkdir()
    (tmp_path / ".ssh" / "authorized_keys").write_text("ssh-ed25519 AAAAada a@b\n")
    (tmp_path / check.PROJECT.name).symlink_to(check.PROJECT)
    return tmp_path


def ask(seat: Path) -> None:
    path = f"{seat}/venv/bin:{seat}/bin:/usr/bin:/bin"
    words = ["env", "-i", "-C", str(seat), f"HOME={seat}", f"PATH={path}", "bash", "-s"]
    check.everywhere(["ada"], lambda _: words, lambda _: check.wanted("ssh-ed25519 AAAAada ada@class\n"))


def test_a_seat_that_is_ready_passes(seat: Path) -> None:
    ask(seat)


@pytest.mark.parametrize(
    ("file", "content", "said"),
    [
        ("bin/python3.11", "#!/bin/sh\necho Python 3.12.1\n", "There is no python3.11."),
        ("bin/pip3.11", "#!/bin/sh\necho 'pip 26.3 (python 3.12)'\n", "There is no pip of Python 3.11."),
        ("bin/dpkg", "#!/bin/sh\nexit 1\n", "Packages are missing."),
        (".ssh/authorized_keys", "ssh-ed25519 AAAAeve\n", "The student's key is not let in."),
        ("venv/bin/python", None, "The environment is not active at login."),
        ("venv/bin/python", '#!/bin/sh\n[ "$1" != - ] && echo "(python 3.11)"\n', "lacks what the project requires."),
        ("weather", None, "The project is not there as it is."),
    ],
)
def test_a_seat_that_lacks_something_fails_and_says_what(seat: Path, file: str, content: str | None, said: str) -> None:
    if content is None:
        (seat / file).unlink()
    else:
        (seat / file).write_text(content)
    with pytest.raises(Failed, match="1 of 1 seats are not ready") as told:
        ask(seat)
    assert said in str(told.value)


LIVES_ON = """
import time
while time.process_time() < 0.5: pass
open("told", "w").write("done")
time.sleep(3)
"""


def test_what_a_command_leaves_running_is_in_its_cost(tmp_path: Path) -> None:
    """As the connections are that ssh leaves open."""
    os.mkfifo(tmp_path / "told")
    shell = f"({sys.executable} -c '{LIVES_ON}' &) ; read -r _ <told; exit 3"
    words = [sys.executable, str(ROOT / "benchmarks" / "meter.py"), "cost.json", "sh", "-c", shell]
    assert subprocess.run(words, cwd=tmp_path).returncode == 3
    cost = json.loads((tmp_path / "cost.json").read_text())
    assert cost["cpu"] >= 0.4
    assert cost["wall"] < 3


def test_the_cloud_part_ends_where_seats_would_be_met(tmp_path: Path) -> None:
    (tmp_path / "playbooks").symlink_to(ROOT / "playbooks")
    cloud_part.until_met(tmp_path)
    plays = yaml.safe_load((tmp_path / "playbooks" / "up.yml").read_text())
    roles = [task["ansible.builtin.import_role"]["name"] for play in plays for task in play["tasks"]]
    assert "lab_seats" in roles and "seat_trust" not in roles
    assert all(play["hosts"] == "localhost" for play in plays)
    assert yaml.safe_load((ROOT / "playbooks" / "up.yml").read_text()) != plays, "ours is as it was"
