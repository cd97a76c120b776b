"""`make up SSH=no`: seats from an image that nobody enters, and which say themselves how they are."""

import tempfile
from pathlib import Path

from aws_hosts import Lab
from school import School

from classlab.trust import keys

STUDENTS = ("ada", "ben", "cy", "dan", "eve")
# How often somebody was let in; whoever asks is one of them.
ENTERED = "sudo journalctl -u ssh | grep -c 'Accepted publickey'"


def test_a_class_that_nobody_enters(lab: Lab) -> None:
    # Not tmp_path: that has the test's name in it, and ssh's sockets want short paths.
    with tempfile.TemporaryDirectory() as folder:
        school = School(lab.cloud, Path(folder))
        try:
            bring_up(school)
        finally:
            school.clear()


def bring_up(school: School) -> None:
    # Eve has a key of her own, and a script of the teacher's that harms her seat.
    (school.root / "eve.pem").write_bytes(keys.private_key(keys.ED25519))
    own = keys.public_half(school.root / "eve.pem")
    lines = [f"{who},{who}@example.org,{own if who == 'eve' else ''}" for who in STUDENTS]
    (school.root / "classes" / "roster.csv").write_text("\n".join(["name,email,ssh_key", *lines]))
    harm = f"#!/bin/sh\nif grep -qF '{own}' /home/ubuntu/.ssh/authorized_keys; then rm -r /home/ubuntu/venv; fi\n"
    (school.root / "classes" / "harm.sh").write_text(harm)
    school.roster(lab_roster="roster.csv", lab_user_data="harm.sh")
    assert "there is none: `make bake CLASS=cs` makes one" in school.make("up", fails=True, SSH="no")
    school.make("bake")

    said = school.make("up", fails=True, SSH="no")
    assert "1 of 5 seats is not ready" in said and "ada      cs-ada  ready" in said
    assert "says that it is not ready: venv: there is no" in " ".join(said.split())
    seats = school.seats()
    assert set(seats) == set(STUDENTS)
    pins = (school.folder / "known_hosts").read_text().splitlines()
    assert sorted(each.split()[3] for each in pins if each.endswith(" one-use")) == sorted(STUDENTS)
    assert school.ssh("ada", ENTERED) == "1"
    for student in ("ada", "ben"):
        assert school.ssh(student, "bash -lc 'cd lesson && python main.py'").startswith("3.11.")
        assert school.ssh(student, "systemctl is-active classlab-deadline.timer") == "active"
        key = (school.folder / "keys" / f"{student}.pem.pub").read_text().split()[1]
        assert school.ssh(student, "grep classlab-student .ssh/authorized_keys").split()[1] == key
    assert "4 hand-outs" in school.make("cards", fails=True)
    assert (school.folder / "cards" / "cs-ada" / "known_hosts").exists()
    assert "5 of 5 running, 5 answer by SSH" in school.make("status")

    # What is ready is not asked again; another project would be brought by nobody.
    (school.root / "classes" / "lesson" / "main.py").write_text("print('new')\n")
    assert "4 seats were there before" in school.make("up", fails=True, SSH="no")
    school.roster(lab_roster="roster.csv", lab_user_data="harm.sh", lab_spares=1)
    said = school.make("up", fails=True, SSH="no")
    assert "project has changed since" in said and "`make bake CLASS=cs FORCE=yes`" in said
    assert school.seats() == seats

    # Entered later, each has a host key of its own, and what was missing.
    school.roster(lab_roster="roster.csv", lab_user_data="harm.sh")
    assert "5 seats of cs are ready" in school.make("up")
    assert not [each for each in (school.folder / "known_hosts").read_text().splitlines() if "one-use" in each]
    assert school.ssh("eve", "bash -lc 'cd lesson && python main.py'") == "new"
    assert school.seats() == seats
