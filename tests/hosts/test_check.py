"""`make check` on seats that boot: all is well; then things are broken, named, and mended as it says."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aws_hosts import Lab, until
from school import School, in_session

# All that a check could have written on a seat; what a login leaves in logs is in /var.
LOOK = "sudo find /etc /home /opt /root /usr/local -printf '%p %T@ %s %m %u\\n' | sort | sha256sum"


@pytest.fixture(scope="module")
def school(lab: Lab) -> Iterator[School]:
    with in_session(lab.cloud, lab_spares=1) as school:
        yield school


def told(school: School, fails: bool = False) -> list[dict[str, Any]]:
    """All findings, as a program reads them."""
    return list(json.loads(school.ask("check", fails=fails, FORMAT="json"))["findings"])


def tree(folder: Path) -> dict[str, tuple[int, int]]:
    return {str(each): (each.lstat().st_mtime_ns, each.lstat().st_mode) for each in [folder, *folder.rglob("*")]}


def troubles(school: School) -> dict[str, str]:
    """What `make check` finds not ok."""
    return {each["what"]: each["said"] for each in told(school, fails=True) if not each["ok"]}


def test_a_check_of_a_lab_that_is_well_changes_nothing(school: School) -> None:
    folder, seat = tree(school.folder), school.ssh("ada", LOOK)
    last = school.cloud.requests()[-1]["id"]
    found = told(school)
    assert [each for each in found if not each["ok"]] == []
    assert next(each for each in found if each["group"] == "seats")["students"] == ["ada", "ben", "spare-1"]
    asked = {each["action"] for each in school.cloud.requests() if each["id"] > last}
    assert "DescribeInstances" in asked
    assert [each for each in asked if not each.startswith(("Describe", "Get", "List"))] == []
    assert tree(school.folder) == folder
    assert school.ssh("ada", LOOK) == seat
    assert school.make("check", STUDENT="a*").splitlines()[-1].endswith(" ok, 0 not ok.")


def test_what_is_broken_on_a_seat_is_named_and_mended_as_it_says(school: School) -> None:
    school.ssh("ada", "rm -r venv; sudo mv /etc/classlab/deadline /root")
    school.ssh("ben", "sudo systemctl stop classlab-deadline.timer; rm lesson/main.py")
    found = troubles(school)
    assert list(found) == ["ada: deadline", "ada: venv", "ada: project", "ben: project", "ben: deadline"]
    assert found["ada: venv"] == "there is no /home/ubuntu/venv: `make up CLASS=cs STUDENT=ada` mends it."
    assert found["ada: deadline"].startswith("no deadline is armed: ")
    assert found["ben: project"].startswith("main.py is not there: ")
    command = found["ben: deadline"].partition("CMD='")[2].partition("'")[0]
    assert command == "sudo systemctl start classlab-deadline.timer"
    school.make("ssh", STUDENT="ben", CMD=command)
    school.make("up")
    told(school)


def test_another_host_key_than_the_pinned_one_is_named(school: School) -> None:
    pins = school.folder / "known_hosts"
    before = pins.read_text()
    seats = school.seats()
    ada, ben = (next(line for line in before.splitlines() if line.startswith(seats[who])) for who in ("ada", "ben"))
    # ada's seat is known by ben's key, and ben's by none.
    pins.write_text(before.replace(ada, f"{ada.split()[0]} {ben.split(' ', 1)[1]}").replace(f"{ben}\n", "", 1))
    found = troubles(school)
    assert list(found) == ["ada: ssh", "ben: ssh"]
    assert "Its host key is not the one pinned at the first contact, so nothing was sent to it." in found["ada: ssh"]
    assert "Its host key is not pinned in the lab folder" in found["ben: ssh"]
    pins.write_text(before)
    told(school)


def test_a_seat_that_cannot_be_entered_does_not_keep_the_others_waiting(school: School) -> None:
    # It comes back by itself, for nobody could enter to start it; a check that took longer would find nothing.
    later = "sudo systemd-run -q --on-active=60 --timer-property=AccuracySec=1s systemctl start ssh.socket"
    school.ssh("ben", f"{later}; sudo systemctl stop ssh.socket ssh")
    found = troubles(school)
    assert list(found) == ["ben: ssh"]
    assert found["ben: ssh"].startswith("It runs, but its SSH does not answer yet.")
    until(lambda: "3 answer by SSH" in school.make("status"), 180)
    told(school)


def test_a_rule_for_another_address_is_mended_by_allow(school: School) -> None:
    [group] = school.ec2.describe_security_groups(Filters=school.mine)["SecurityGroups"]
    school.ec2.revoke_security_group_ingress(GroupId=group["GroupId"], IpPermissions=group["IpPermissions"])
    found = troubles(school)
    assert list(found) == ["address", "ada: ssh", "ben: ssh", "spare-1: ssh"]
    assert found["address"].endswith("and SSH is open to nobody: `make allow CLASS=cs` lets you in.")
    assert "It does not answer. If your own address has changed since, `make allow`" in found["ada: ssh"]
    school.make("allow")
    told(school)
