# ruff: noqa: F401, F811 - fixtures are found by their names
"""`make resize`, as far as the cloud is concerned."""

from datetime import UTC, datetime

import pytest
from cloud_side import PORT_TAG, CloudSide, aws, bare, greeting, lab

from classlab import clock
from classlab.cloud import seats
from classlab.day import resize as verb
from classlab.day.power import Powered
from classlab.errors import ClasslabError
from classlab.plan.cloud import Cloud


def up(lab: CloudSide, port: int, *students: str, **changes: object) -> dict[str, str]:
    found = {each.student: each.id for each in lab.up(*students, **changes).found}
    lab.client.create_tags(Resources=list(found.values()), Tags=[{"Key": PORT_TAG, "Value": str(port)}])
    lab.mark()
    return found


def resize(lab: CloudSide, type_: str, *students: str, now: datetime | None = None) -> Powered:
    cloud = Cloud("us-east-1")
    return verb.resize(cloud, lab.ec2, lab.name, students, type_, PORT_TAG, 60, now or clock.now())


def types(lab: CloudSide) -> dict[str, tuple[str, str]]:
    return {each.student: (each.type, each.state) for each in seats.of_lab(lab.ec2, lab.name) if each.living}


def test_one_is_of_another_type_and_keeps_its_id(lab: CloudSide, greeting: int) -> None:
    ids = up(lab, greeting, "ada", "grace")
    done = resize(lab, "t3.large", "ada")
    assert (done.changed, done.refused) == (["ada"], {})
    assert types(lab) == {"ada": ("t3.large", "running"), "grace": ("t3.micro", "running")}
    assert {each.student: each.id for each in done.found} == ids
    assert done.say == [
        "1 seat is t3.large now: ada.",
        "An hour costs: t3.micro $0.0104, t3.large $0.0832. New seats are as lab_instance_type in the class file says.",
    ]


def test_again_changes_nothing(lab: CloudSide, greeting: int) -> None:
    up(lab, greeting, "ada", "grace")
    resize(lab, "t3.large")
    lab.mark()
    assert resize(lab, "t3.large").say == ["All are t3.large already."]
    assert lab.changed_anything() == []


def test_cut_off_anywhere_it_goes_on(lab: CloudSide, greeting: int) -> None:
    ids = up(lab, greeting, "ada", "grace")
    lab.client.stop_instances(InstanceIds=list(ids.values()))
    lab.client.get_waiter("instance_stopped").wait(InstanceIds=list(ids.values()), WaiterConfig={"Delay": 1})
    lab.client.modify_instance_attribute(InstanceId=ids["ada"], InstanceType={"Value": "t3.large"})
    assert resize(lab, "t3.large").refused == {}
    assert types(lab) == {"ada": ("t3.large", "running"), "grace": ("t3.large", "running")}


@pytest.mark.parametrize(
    ("type_", "told"),
    [
        ("t3.lrage", "TYPE 't3.lrage' is not offered in us-east-1. Did you mean t3.large"),
        ("t4g.micro", "ada's seat runs x86_64, and t4g.micro is arm64."),
    ],
)
def test_a_type_that_cannot_be_is_refused_before_anything_is_stopped(
    lab: CloudSide, greeting: int, type_: str, told: str
) -> None:
    up(lab, greeting, "ada")
    with pytest.raises(ClasslabError) as refused:
        resize(lab, type_)
    assert told in str(refused.value)
    assert lab.changed_anything() == []


def test_a_zone_that_lacks_the_type(lab: CloudSide, greeting: int) -> None:
    lacking = next(each for each in lab.places if each.zone == "us-east-1e")
    up(lab, greeting, "ada", places=[lacking], instance_type="t2.micro")
    with pytest.raises(ClasslabError, match=r"ada's seat is in us-east-1e, where t3\.micro is not offered"):
        resize(lab, "t3.micro")
    assert lab.changed_anything() == []


def test_a_quota_that_has_no_room_counts_what_the_seats_give_back(lab: CloudSide, greeting: int) -> None:
    up(lab, greeting, "ada", "grace")
    assert resize(lab, "g4dn.8xlarge").refused == {}  # all 64 that the account may have
    lab.mark()
    with pytest.raises(
        ClasslabError, match=r"to run 2 seats as g4dn\.12xlarge takes 96 vCPUs, the quota is 64, and 0 are"
    ):
        resize(lab, "g4dn.12xlarge")
    assert lab.changed_anything() == []
    # What they have is theirs to give.
    assert resize(lab, "g4dn.4xlarge").refused == {}


def test_no_capacity_for_the_type_gives_the_former_one_back(lab: CloudSide, greeting: int) -> None:
    up(lab, greeting, "ada")
    lab.cloud.fault("ec2.StartInstances", "error=InsufficientInstanceCapacity", "next=1")
    done = resize(lab, "t3.large")
    assert "It could not be started as t3.large" in done.refused["ada"]
    assert "It is to be t3.micro again." in done.refused["ada"]
    assert types(lab) == {"ada": ("t3.micro", "running")}


def test_one_that_ends_soon_is_not_stopped(lab: CloudSide, greeting: int) -> None:
    up(lab, greeting, "ada")
    done = resize(lab, "t3.large", now=datetime(2099, 11, 20, 17, 58, tzinfo=UTC))
    assert "its deadline, 2099-11-20 18:00 UTC" in done.refused["ada"]
    assert lab.changed_anything() == []


def test_a_spot_seat_stays_as_it_is(lab: CloudSide) -> None:
    lab.up("ada", spot=True)
    assert "it is a spot instance" in resize(lab, "t3.large").refused["ada"]
    assert types(lab) == {"ada": ("t3.micro", "running")}
