"""The last play of `make up`: it fails when a student has no seat, and names each with the reason."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
ADA = {"student": "ada", "reason": "No zone has room for a t3.large. Take another type."}
BOB = {"student": "bob", "reason": "Another key answered."}


def report(folder: Path, *present: str, **facts: Any) -> subprocess.CompletedProcess[str]:
    """Run the role with ada and bob on the roster, and these students' seats in the inventory."""
    (folder / "report.yml").write_text(
        "- hosts: localhost\n  connection: local\n  gather_facts: false\n  roles: [lab_report]\n"
    )
    (folder / "hosts").write_text("[lab_seats]\n" + "\n".join(present))
    known = {"lab": {"seats": [{"student": "ada"}, {"student": "bob"}]}, **facts}
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "LAB_"))}
    settings = {"HOME": str(folder), "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "ANSIBLE_INVENTORY_ENABLED": "ini"}
    program = str(Path(sys.executable).with_name("ansible-playbook"))
    words = [program, "-i", f"{folder / 'hosts'}", f"{folder / 'report.yml'}", "-e", json.dumps(known)]
    return subprocess.run(words, env={**kept, **settings}, cwd=ROOT, capture_output=True, text=True)


def test_all_is_well(tmp_path: Path) -> None:
    done = report(tmp_path, "ada", "bob")
    assert done.returncode == 0
    assert len(done.stdout.splitlines()) == 1, "only the last line"


def test_only_the_students_that_were_asked_for_are_expected(tmp_path: Path) -> None:
    assert report(tmp_path, "ada", lab_only=["ada"]).returncode == 0
    assert report(tmp_path, "ada", lab_only=["bob"]).returncode == 2


@pytest.mark.parametrize(
    ("facts", "first", "told"),
    [
        ({"lab_seats_refused": [ADA]}, "1 of 2 seats is not ready.", f"ada: {ADA['reason']}"),
        ({"seat_trust_failures": [BOB]}, "1 of 2 seats is not ready.", f"bob: {BOB['reason']}"),
        (
            {"lab_seats_refused": [ADA], "seat_trust_failures": [BOB]},
            "2 of 2 seats are not ready.",
            f"bob: {BOB['reason']}",
        ),
    ],
)
def test_what_went_wrong_is_told_with_its_reason(tmp_path: Path, facts: Any, first: str, told: str) -> None:
    done = report(tmp_path, "ada", "bob", **facts)
    assert done.returncode == 2
    assert f"✗ See that every student has a seat: {first}" in done.stdout
    assert f"    - {told}" in done.stdout


def test_a_seat_that_is_simply_not_there(tmp_path: Path) -> None:
    done = report(tmp_path, "ada")
    assert done.returncode == 2
    assert "    - bob: no seat is running. `make up` makes a new one." in done.stdout


def test_the_same_seat_is_not_counted_twice(tmp_path: Path) -> None:
    done = report(tmp_path, "bob", lab_seats_refused=[ADA])
    assert "1 of 2 seats is not ready." in done.stdout
    assert done.stdout.count("    - ") == 1
