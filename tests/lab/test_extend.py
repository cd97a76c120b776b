# ruff: noqa: F401, F811 - fixtures are found by their names
"""`make extend`, as far as the cloud is concerned: the tags of all that a lab has tell the new time."""

from datetime import UTC, datetime, timedelta

import pytest
from cloud_side import ENDS_AT, CloudSide, aws, bare, lab, tags

from classlab.cloud.extend import MOST_HOURS, NothingToExtendError, extend

NOW = datetime(2099, 11, 20, 12, tzinfo=UTC)
END = datetime(2099, 11, 20, 18, tzinfo=UTC)


def test_everything_of_the_lab_tells_the_new_time(lab: CloudSide) -> None:
    ours = [{"Key": "Lab", "Value": lab.name}, {"Key": "ManagedBy", "Value": "classlab"}]
    pair = lab.client.describe_key_pairs(KeyNames=[lab.name])["KeyPairs"][0]["KeyPairId"]
    lab.client.create_tags(Resources=[pair, lab.group_id], Tags=ours)
    found = lab.up("ada", "grace").found
    lab.client.stop_instances(InstanceIds=[found[1].id])
    lab.mark()
    extended = extend(lab.ec2, lab.name, 2.5, NOW)
    assert (extended.before, extended.ends_at) == (END, END + timedelta(hours=2, minutes=30))
    assert lab.changed_anything() == ["CreateTags"]
    things = [each for seat in found for each in (seat.id, *seat.belongings)] + [pair, lab.group_id]
    told = lab.client.describe_tags(
        Filters=[{"Name": "resource-id", "Values": things}, {"Name": "key", "Values": ["EndsAt"]}]
    )
    assert {each["ResourceId"] for each in told["Tags"]} == set(things)
    assert {each["Value"] for each in told["Tags"]} == {"2099-11-20T20:30:00Z"}
    said = extended.say("us-east-1", 20, billed=True)
    assert "2099-11-20 20:30 UTC" in said[0] and "2 hours 30 minutes cost about $" in said[0]
    assert "grace" in said[1] and "make up" in said[1]


def test_what_is_over_is_counted_from_now(lab: CloudSide) -> None:
    lab.up("ada")
    now = END + timedelta(days=1)
    assert extend(lab.ec2, lab.name, 1, now).ends_at == now + timedelta(hours=1)


@pytest.mark.parametrize("hours", [0, -2, MOST_HOURS + 1, float("nan"), float("inf")])
def test_no_hours_or_a_year_are_refused_before_the_first_call(bare: CloudSide, hours: float) -> None:
    with pytest.raises(NothingToExtendError, match="HOURS=2"):
        extend(bare.ec2, bare.name, hours, NOW)
    assert bare.requests() == []


def test_no_seats_and_nothing_to_extend(bare: CloudSide) -> None:
    with pytest.raises(NothingToExtendError, match="has no seats"):
        extend(bare.ec2, bare.name, 2, NOW)
    assert bare.changed_anything() == []
