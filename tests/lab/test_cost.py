# ruff: noqa: F401, F811 - fixtures are found by their names
"""`make cost`: what a lab has cost until now, and what it goes on to cost."""

from datetime import UTC, datetime, timedelta

import pytest
from cloud_side import CloudSide, aws, bare, lab

from classlab import clock
from classlab.day.cost import Cost, cost

HOUR = 0.0104 + 0.005 + 20 * 0.08 / 730  # a t3.micro with its address and 20 GiB
END = datetime(2099, 11, 20, 18, tzinfo=UTC)


def count(lab: CloudSide, now: datetime | None = None, cloud: str = "localcloud") -> Cost:
    return cost(lab.ec2, lab.name, cloud, "us-east-1", 20, now or clock.now())


def test_the_hours_that_were_and_those_that_come(lab: CloudSide) -> None:
    lab.up("ada", "grace")
    now = clock.now() + timedelta(hours=3)
    found = count(lab, now)
    assert found.bill.total == pytest.approx(2 * 3 * HOUR, rel=0.02)
    assert found.an_hour == pytest.approx(2 * HOUR)
    assert found.until_end == pytest.approx(2 * HOUR * (END - now) / timedelta(hours=1))
    document = found.as_document()
    assert [each["student"] for each in document["seats"]] == ["ada", "grace"]
    assert document["forgotten_week"] == pytest.approx(2 * HOUR * 168, rel=1e-4)
    lines = found.say("make up")
    assert lines[0] == f"Lab {lab.name} on localcloud, us-east-1. Nothing is billed here; on AWS it would be:"
    assert lines[-1].startswith("It goes on to cost about $0.0352 an hour, $")
    assert lines[-1].endswith("; $5.91 for a week if it were forgotten.")
    assert count(lab, now, "aws").say("make up")[0].endswith("us-east-1. Until now:")


def test_an_end_that_is_over_brings_nothing_more(lab: CloudSide) -> None:
    lab.up("ada")
    found = count(lab, END + timedelta(days=1))
    assert found.until_end == 0
    assert "until its end" not in found.say("make up")[-1]


def test_a_stopped_seat_goes_on_with_its_disk(lab: CloudSide) -> None:
    [ada] = lab.up("ada").found
    lab.client.stop_instances(InstanceIds=[ada.id])
    lab.client.get_waiter("instance_stopped").wait(InstanceIds=[ada.id], WaiterConfig={"Delay": 1})
    assert count(lab).an_hour == pytest.approx(20 * 0.08 / 730)


def test_ended_seats_are_counted_and_cost_nothing_more(lab: CloudSide) -> None:
    [ada] = lab.up("ada").found
    lab.client.terminate_instances(InstanceIds=[ada.id])
    lab.client.get_waiter("instance_terminated").wait(InstanceIds=[ada.id], WaiterConfig={"Delay": 1})
    lines = count(lab).say("make up")
    assert any("ada *" in line for line in lines)
    assert lines[-1] == "It costs nothing any more."


def test_no_lab_no_cost(lab: CloudSide) -> None:
    assert count(lab).say("make up CLASS=cs") == [
        f"The lab {lab.name} has no seats on localcloud, and costs nothing. `make up CLASS=cs` brings it up."
    ]
