"""Placement groups."""

import pickle
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.ec2.models import ec2_backends

TAGS = [{"ResourceType": "placement-group", "Tags": [{"Key": "Lab", "Value": "x"}]}]


@pytest.fixture
def ec2(aws: Any) -> Any:
    return aws("ec2")


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"Strategy": "cluster"}, {"Strategy": "cluster"}),
        ({"Strategy": "spread"}, {"Strategy": "spread", "SpreadLevel": "rack"}),
        ({"Strategy": "partition", "PartitionCount": 3}, {"Strategy": "partition", "PartitionCount": 3}),
    ],
)
def test_a_group_of_each_strategy(ec2: Any, asked: dict[str, Any], told: dict[str, Any]) -> None:
    ec2.create_placement_group(GroupName="group", TagSpecifications=TAGS, **asked)
    group = ec2.describe_placement_groups(GroupNames=["group"])["PlacementGroups"][0]
    assert {"State": "available", "Tags": TAGS[0]["Tags"], **told}.items() <= group.items()
    assert group["GroupArn"].endswith(":placement-group/group")
    assert ec2.describe_placement_groups(GroupIds=[group["GroupId"]])["PlacementGroups"] == [group]


def test_filters_and_tags(ec2: Any) -> None:
    group_id = ec2.create_placement_group(GroupName="one", Strategy="spread")["PlacementGroup"]["GroupId"]
    ec2.create_placement_group(GroupName="two", Strategy="cluster")
    ec2.create_tags(Resources=[group_id], Tags=[{"Key": "Lab", "Value": "x"}])
    for name, value in (("strategy", "spread"), ("tag:Lab", "x"), ("group-name", "on*"), ("spread-level", "rack")):
        found = ec2.describe_placement_groups(Filters=[{"Name": name, "Values": [value]}])["PlacementGroups"]
        assert [each["GroupName"] for each in found] == ["one"]
    told = ec2.describe_tags(Filters=[{"Name": "resource-type", "Values": ["placement-group"]}])["Tags"]
    assert [(each["ResourceId"], each["Key"]) for each in told] == [(group_id, "Lab")]


def test_refusals(ec2: Any) -> None:
    ec2.create_placement_group(GroupName="group", Strategy="cluster")
    with pytest.raises(ClientError, match=r"InvalidPlacementGroup\.Duplicate.*'group' already exists"):
        ec2.create_placement_group(GroupName="group", Strategy="spread")
    with pytest.raises(ClientError, match=r"InvalidPlacementGroup\.Unknown.*'none'"):
        ec2.describe_placement_groups(GroupNames=["none"])
    with pytest.raises(ClientError, match=r"InvalidPlacementGroup\.Unknown"):
        ec2.create_tags(Resources=["pg-0123456789abcdef0"], Tags=[{"Key": "a", "Value": "b"}])
    with pytest.raises(ClientError, match="InvalidParameterCombination"):
        ec2.create_placement_group(GroupName="odd", Strategy="cluster", PartitionCount=2)


def test_a_group_in_use_stays(ec2: Any) -> None:
    ec2.create_placement_group(GroupName="group", Strategy="spread")
    launched = ec2.run_instances(
        ImageId=ec2.describe_images()["Images"][0]["ImageId"],
        MinCount=1,
        MaxCount=1,
        InstanceType="t3.micro",
        Placement={"GroupName": "group"},
    )["Instances"][0]["InstanceId"]
    with pytest.raises(ClientError, match=r"InvalidPlacementGroup\.InUse.*is in use and may not be deleted"):
        ec2.delete_placement_group(GroupName="group")
    ec2.terminate_instances(InstanceIds=[launched])
    ec2.delete_placement_group(GroupName="group")
    assert ec2.describe_placement_groups()["PlacementGroups"] == []


def test_groups_are_saved_with_the_backend(ec2: Any) -> None:
    ec2.create_placement_group(GroupName="group", Strategy="cluster")
    account = ec2.describe_vpcs()["Vpcs"][0]["OwnerId"]
    backend = pickle.loads(pickle.dumps(ec2_backends[account]["us-east-1"]))  # noqa: S301 - what was pickled in this line
    assert [group.group_name for group in backend.describe_placement_groups()] == ["group"]
