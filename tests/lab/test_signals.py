# ruff: noqa: F401, F811 - fixtures are found by their names
"""Seats that nobody enters: what they say on their consoles is heard, by few calls, and told in sentences."""

from collections.abc import Iterator
from typing import Any

import pytest
from cloud_side import CloudSide, aws, bare, lab, tags

from classlab.cloud.signals import Heard, Listener


def listen(lab: CloudSide, *students: str, patience: float = 0, entered: tuple[str, ...] = ()) -> Heard:
    return Listener(lab.ec2, lab.name, entered, "make up", patience, pause=0.2).all(students)


def ids(lab: CloudSide) -> dict[str, str]:
    return {tags(each)["Student"]: each["InstanceId"] for each in lab.instances()}


def test_ready_seats_are_tagged_together_and_not_asked_again(lab: CloudSide) -> None:
    lab.up("ada", "grace", "linus")
    lab.cloud.say({each: f"\n[ok] booting\r\nclasslab-ready {who} access venv\r" for who, each in ids(lab).items()})
    lab.mark()
    assert sorted(listen(lab, "ada", "grace", "linus").new) == ["ada", "grace", "linus"]
    assert len(lab.requests("GetConsoleOutput")) == 3 and len(lab.requests("CreateTags")) == 1
    assert len(lab.requests("DescribeInstances")) == 1
    lab.mark()
    heard = listen(lab, "ada", "grace", "linus")
    assert sorted(heard.ready) == ["ada", "grace", "linus"] and heard.new == [] and heard.failures == {}
    assert [each["action"] for each in lab.requests()] == ["DescribeInstances"]
    # The tags of the lab are corrected by `make up`; this one is none of its business.
    assert lab.up("ada", "grace", "linus").retagged == []


def test_each_that_is_not_ready_is_told_of_with_its_reason(lab: CloudSide) -> None:
    lab.up("ada", "grace", "linus", "mary")
    seats = ids(lab)
    lab.cloud.say({seats["ada"]: "classlab-ready ada venv"})
    lab.cloud.say({seats["grace"]: 'classlab-not-ready grace {"venv": "there is no venv", "project": "none"}'})
    # Another's words, and half a word, are not its own.
    lab.cloud.say({seats["linus"]: "classlab-ready linus-2 venv\nclasslab-ready"})
    lab.client.terminate_instances(InstanceIds=[seats["mary"]])
    heard = listen(lab, "ada", "grace", "linus", "mary", patience=0.5)
    assert heard.ready == ["ada"] and set(heard.failures) == {"grace", "linus", "mary"}
    assert "not ready: venv: there is no venv; project: none." in heard.failures["grace"]
    assert "`make up STUDENT=grace`" in heard.failures["grace"]
    assert "has not said within 0 seconds whether it is ready" in heard.failures["linus"]
    assert "no seat is running: `make up STUDENT=mary` makes a new one." in heard.failures["mary"]
    assert len(lab.requests("GetConsoleOutput")) > 3, "linus was asked once more"


def test_a_seat_that_was_entered_has_nothing_to_say(lab: CloudSide) -> None:
    lab.up("ada")
    lab.mark()
    assert listen(lab, "ada", entered=(ids(lab)["ada"],)).ready == ["ada"]
    assert lab.requests("GetConsoleOutput") == []


def test_types_that_do_not_tell_their_newest_words_are_asked_for_older_ones(lab: CloudSide) -> None:
    lab.cloud.fault("ec2.GetConsoleOutput", "Latest=true", "error=UnsupportedOperation")
    lab.up("ada")
    lab.cloud.say({ids(lab)["ada"]: "classlab-ready ada venv"})
    assert listen(lab, "ada").ready == ["ada"]


def test_asking_too_often_passes(lab: CloudSide) -> None:
    lab.cloud.fault("ec2.GetConsoleOutput", "error=RequestLimitExceeded", "rate=4", "burst=2")
    students = [f"s{number}" for number in range(8)]
    lab.up(*students)
    lab.cloud.say({each: f"classlab-ready {who} venv" for who, each in ids(lab).items()})
    assert sorted(listen(lab, *students).ready) == students
