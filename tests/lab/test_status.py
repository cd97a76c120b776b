# ruff: noqa: F401, F811 - fixtures are found by their names
"""`make status`: what a teacher, or a program, is told of a lab at this moment."""

import socket
from datetime import UTC, datetime, timedelta

import pytest
from cloud_side import ENDS_AT, PORT_TAG, CloudSide, aws, bare, greeting, lab

from classlab import clock
from classlab.day.status import Asked, Status, status


def look(lab: CloudSide, *students: str, now: datetime | None = None) -> Status:
    return status(lab.ec2, Asked(lab.name, "localcloud", "us-east-1", students, PORT_TAG), now or clock.now())


def has_port(lab: CloudSide, seat: str, port: int) -> None:
    lab.client.create_tags(Resources=[seat], Tags=[{"Key": PORT_TAG, "Value": str(port)}])


def test_each_seat_as_it_is(lab: CloudSide, greeting: int) -> None:
    found = {each.student: each.id for each in lab.up("ada", "grace", "linus-2", "linus-10").found}
    lab.client.stop_instances(InstanceIds=[found["grace"]])
    lab.client.get_waiter("instance_stopped").wait(InstanceIds=[found["grace"]], WaiterConfig={"Delay": 1})
    has_port(lab, found["ada"], greeting)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        has_port(lab, found["linus-2"], silent.getsockname()[1])
        has_port(lab, found["linus-10"], 1)  # nobody listens
        now = clock.now() + timedelta(hours=2)
        seen = look(lab, "ada", "grace", "linus-2", "linus-10", "zoe", now=now)
    assert [(each.student, each.state, each.ssh) for each in seen.seats] == [
        ("ada", "running", True),
        ("grace", "stopped", False),
        ("linus-2", "running", False),
        ("linus-10", "running", False),
        ("zoe", "no seat", False),
    ]
    ada, grace, zoe = seen.seats[0], seen.seats[1], seen.seats[4]
    end = datetime(2099, 11, 20, 18, tzinfo=UTC)
    assert (ada.ends_at, ada.left) == (ENDS_AT, (end - now).total_seconds())
    assert 7200 <= ada.up < 7260
    assert grace.up == 0
    # t3.micro, 20 GiB and an address for two hours; a stopped seat pays for its disk alone.
    assert ada.cost == pytest.approx(2 * (0.0104 + 0.005 + 20 * 0.08 / 730), rel=0.02)
    assert grace.cost is not None and ada.cost is not None and 0 < grace.cost < ada.cost / 3
    assert seen.cost == pytest.approx(sum(each.cost or 0 for each in seen.seats), rel=0.01)
    assert zoe.id == ""
    said = "\n".join(seen.say("make up CLASS=cs"))
    assert "3 of 5 running, 1 answer by SSH." in said
    assert "Without a seat: zoe. `make up CLASS=cs` brings them up." in said
    assert all(len(line) <= 80 for line in seen.say("make up CLASS=cs"))


def test_two_questions_for_any_number_of_seats(lab: CloudSide) -> None:
    lab.up(*(f"s{number}" for number in range(1, 31)))
    lab.mark()
    seen = look(lab)
    assert len(seen.there) == 30
    assert sorted(each["action"] for each in lab.requests()) == ["DescribeInstances", "DescribeVolumes"]


def test_what_is_not_the_labs_is_not_shown(lab: CloudSide) -> None:
    [ada] = lab.up("ada").found
    for tags in ({"Lab": "another", "ManagedBy": "classlab"}, {"Lab": lab.name, "ManagedBy": "terraform"}):
        marks = [{"Key": key, "Value": value} for key, value in tags.items()]
        lab.client.run_instances(
            ImageId=lab.image,
            MinCount=1,
            MaxCount=1,
            InstanceType="t3.micro",
            TagSpecifications=[{"ResourceType": "instance", "Tags": marks}],
        )
    assert [each.id for each in look(lab).seats] == [ada.id]


def test_a_lab_that_is_gone_is_said_to_be(lab: CloudSide) -> None:
    assert look(lab, "ada").say("make up") == [
        f"The lab {lab.name} has no seats on localcloud. `make up` brings it up.",
    ]
    [ada] = lab.up("ada").found
    lab.client.terminate_instances(InstanceIds=[ada.id])
    lab.client.get_waiter("instance_terminated").wait(InstanceIds=[ada.id], WaiterConfig={"Delay": 1})
    [line] = look(lab, "ada").say("make up")
    assert line.startswith(
        f"The lab {lab.name} has no seats on localcloud. Its seats have ended; they cost about $0.00"
    )


def test_one_student_alone_is_shown_also_without_a_seat(lab: CloudSide) -> None:
    lab.up("ada", "grace")
    asked = Asked(lab.name, "localcloud", "us-east-1", ["grace", "mary"], PORT_TAG, ["grace", "mary"])
    assert [(each.student, each.state) for each in status(lab.ec2, asked, clock.now()).seats] == [
        ("grace", "running"),
        ("mary", "no seat"),
    ]
    asked = Asked(lab.name, "localcloud", "us-east-1", ["mary"], PORT_TAG, ["mary"])
    assert status(lab.ec2, asked, clock.now()).say("make up")[-1] == "Without a seat: mary. `make up` brings them up."


def test_a_deadline_that_is_over_or_unreadable(lab: CloudSide) -> None:
    _, grace = lab.up("ada", "grace").found
    lab.client.create_tags(Resources=[grace.id], Tags=[{"Key": "EndsAt", "Value": "soon"}])
    seen = look(lab, now=datetime(2099, 11, 20, 19, tzinfo=UTC))
    assert [(each.ends_at, each.left) for each in seen.seats] == [(ENDS_AT, -3600), ("", 0)]
    lines = seen.say("make up")
    assert " over " in lines[2] and " ? " in lines[3]
