# ruff: noqa: F401, F811 - fixtures are found by their names
"""`make stop` and `make start`, as far as the cloud is concerned."""

import base64
from datetime import UTC, datetime

import pytest
from cloud_side import ENDS_AT, LATER, PORT_TAG, CloudSide, aws, bare, greeting, lab

from classlab import clock
from classlab.cloud import seats
from classlab.day import power
from classlab.day.power import Powered
from classlab.errors import ClasslabError


def up(lab: CloudSide, port: int, *students: str) -> dict[str, str]:
    """Seats that can be reached at this port of this machine; student -> id."""
    found = {each.student: each.id for each in lab.up(*students).found}
    lab.client.create_tags(Resources=list(found.values()), Tags=[{"Key": PORT_TAG, "Value": str(port)}])
    lab.mark()
    return found


def stop(lab: CloudSide, *students: str, patience: float = 60) -> Powered:
    return power.stop(lab.ec2, lab.name, "us-east-1", students, 20, patience)


def start(lab: CloudSide, *students: str, patience: float = 60, now: datetime | None = None) -> Powered:
    return power.start(lab.ec2, lab.name, students, PORT_TAG, patience, now or clock.now())


def states(lab: CloudSide) -> dict[str, str]:
    return {each.student: each.state for each in seats.of_lab(lab.ec2, lab.name)}


def test_one_sleeps_and_wakes_with_another_address(lab: CloudSide, greeting: int) -> None:
    up(lab, greeting, "ada", "grace")
    before = {each.student: each.address for each in seats.of_lab(lab.ec2, lab.name)}
    done = stop(lab, "ada")
    assert (done.changed, done.refused) == (["ada"], {})
    assert states(lab) == {"ada": "stopped", "grace": "running"}
    assert done.say == [
        "1 seat stopped: ada.",
        "Their deadline is 2099-11-20 18:00 UTC: to start them after that, `make extend` comes first.",
        "A stopped seat bills for its disk: 1 seat, about $0.0022 an hour until `make down`.",
    ]
    assert [(each.student, bool(each.address)) for each in done.found] == [("ada", False), ("grace", True)]
    woken = start(lab)
    assert (woken.changed, woken.say) == (["ada"], ["1 seat started: ada."])
    after = {each.student: each.address for each in woken.found}
    assert after["grace"] == before["grace"]
    assert after["ada"] not in ("", before["ada"])


def test_again_changes_nothing_and_asks_for_nothing(lab: CloudSide, greeting: int) -> None:
    up(lab, greeting, "ada", "grace")
    assert start(lab).say == ["All run already."]
    stop(lab)
    lab.mark()
    done = stop(lab)
    assert (done.changed, done.say[0]) == ([], "All are stopped already.")
    assert lab.changed_anything() == []


def test_all_at_once_is_one_request(lab: CloudSide, greeting: int) -> None:
    names = [f"s{number}" for number in range(1, 21)]
    up(lab, greeting, *names)
    assert len(stop(lab).changed) == 20
    assert len(start(lab).changed) == 20
    assert lab.changed_anything() == ["StopInstances", "StartInstances"]


def test_a_student_without_a_seat_is_named_and_the_others_sleep(lab: CloudSide, greeting: int) -> None:
    up(lab, greeting, "ada")
    done = stop(lab, "ada", "zoe")
    assert done.changed == ["ada"]
    assert done.refused == {"zoe": "There is no seat: `make up` makes one."}


def test_one_that_the_cloud_refuses_goes_on_and_is_named(lab: CloudSide, greeting: int) -> None:
    ids = up(lab, greeting, "ada", "grace")
    lab.client.modify_instance_attribute(InstanceId=ids["grace"], DisableApiStop={"Value": True})
    done = stop(lab)
    assert done.changed == ["ada"]
    assert list(done.refused) == ["grace"]
    assert f"{ids['grace']} could not be stopped, and goes on billing: OperationNotPermitted" in done.refused["grace"]
    assert states(lab) == {"ada": "stopped", "grace": "running"}


def test_a_spot_seat_cannot_sleep(lab: CloudSide) -> None:
    lab.up("ada", spot=True)
    assert "it is a spot instance, which AWS does not let stop" in stop(lab).refused["ada"]


def test_no_room_for_one_that_wants_to_wake(lab: CloudSide, greeting: int) -> None:
    up(lab, greeting, "ada", "grace")
    stop(lab)
    lab.cloud.fault("ec2.StartInstances", "error=InsufficientInstanceCapacity", "next=2")
    done = start(lab)
    assert len(done.refused) == 1
    assert "is stopped and could not be started. InsufficientInstanceCapacity" in next(iter(done.refused.values()))
    assert sorted(states(lab).values()) == ["running", "stopped"]


def test_one_that_does_not_answer_is_named(lab: CloudSide) -> None:
    up(lab, 1, "ada")  # nobody listens there
    stop(lab)
    done = start(lab, patience=5)
    assert "runs, but its SSH does not answer" in done.refused["ada"]
    assert done.changed == []


def test_one_that_somebody_else_has_just_started_is_waited_for(lab: CloudSide) -> None:
    up(lab, 1, "ada")
    done = start(lab, patience=1)
    assert "runs, but its SSH does not answer" in done.refused["ada"]
    assert done.say == []


def test_one_that_would_end_itself_at_once_is_not_started(lab: CloudSide, greeting: int) -> None:
    ids = up(lab, greeting, "ada", "grace")
    stop(lab)
    lab.client.create_tags(Resources=[ids["grace"]], Tags=[{"Key": "EndsAt", "Value": LATER}])
    done = start(lab, now=datetime(2099, 11, 20, 17, 58, tzinfo=UTC))
    assert done.changed == ["grace"]
    assert "was not started: its deadline, 2099-11-20 18:00 UTC, is over" in done.refused["ada"]
    assert states(lab) == {"ada": "stopped", "grace": "running"}


def test_one_that_was_stopped_when_its_deadline_moved_is_told_before_it_starts(lab: CloudSide, greeting: int) -> None:
    ids = up(lab, greeting, "ada", "grace")
    stop(lab)
    lab.client.create_tags(Resources=[ids["ada"]], Tags=[{"Key": "EndsAt", "Value": LATER}])
    before = {student: user_data(lab, id_) for student, id_ in ids.items()}
    assert f"\nset -- {ENDS_AT}\n" in before["ada"]
    lab.mark()
    assert start(lab).refused == {}
    assert user_data(lab, ids["ada"]) == before["ada"].replace(f"\nset -- {ENDS_AT}\n", f"\nset -- {LATER}\n")
    assert user_data(lab, ids["grace"]) == before["grace"]
    assert lab.changed_anything() == ["ModifyInstanceAttribute", "StartInstances"]


def test_one_that_cannot_be_told_its_deadline_is_not_started(lab: CloudSide, greeting: int) -> None:
    ids = up(lab, greeting, "ada", "grace")
    stop(lab)
    lab.client.create_tags(Resources=[ids["ada"]], Tags=[{"Key": "EndsAt", "Value": LATER}])
    lab.cloud.fault("ec2.ModifyInstanceAttribute", "error=UnauthorizedOperation")
    assert "could not be started. UnauthorizedOperation" in start(lab).refused["ada"]
    assert states(lab) == {"ada": "stopped", "grace": "running"}


def user_data(lab: CloudSide, id_: str) -> str:
    told = lab.client.describe_instance_attribute(InstanceId=id_, Attribute="userData")["UserData"]["Value"]
    return base64.b64decode(told).decode()


def test_a_former_seat_of_the_student_is_not_waited_for(lab: CloudSide, greeting: int) -> None:
    former = up(lab, greeting, "ada")["ada"]
    lab.client.terminate_instances(InstanceIds=[former])
    lab.client.get_waiter("instance_terminated").wait(InstanceIds=[former], WaiterConfig={"Delay": 1})
    lab.client.create_tags(Resources=[former], Tags=[{"Key": PORT_TAG, "Value": "1"}])  # nobody listens there
    up(lab, greeting, "ada")
    stop(lab)
    assert start(lab, patience=10).changed == ["ada"]


def test_a_lab_that_is_not_up(bare: CloudSide) -> None:
    for verb in (stop, start):
        with pytest.raises(ClasslabError, match="has no seats: `make up` brings it up"):
            verb(bare)
