"""Snapshots: whose, how big, in whose hands."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

ZONE = "us-east-1a"


@pytest.fixture
def ec2(aws: Any) -> Any:
    return aws("ec2")


@pytest.fixture
def snapshot(ec2: Any) -> str:
    volume = ec2.create_volume(AvailabilityZone=ZONE, Size=3, Encrypted=True)["VolumeId"]
    made: str = ec2.create_snapshot(VolumeId=volume)["SnapshotId"]
    return made


def test_a_list_shows_ones_own_and_not_canonicals(ec2: Any, snapshot: str) -> None:
    for question in ({}, {"OwnerIds": ["self"]}, {"RestorableByUserIds": ["self"]}):
        assert [each["SnapshotId"] for each in ec2.describe_snapshots(**question)["Snapshots"]] == [snapshot]
    assert ec2.describe_snapshots(OwnerIds=["111122223333"])["Snapshots"] == []


def test_a_snapshot_stays_as_its_volume_was(ec2: Any, snapshot: str) -> None:
    before = ec2.describe_snapshots(SnapshotIds=[snapshot])["Snapshots"][0]
    ec2.modify_volume(VolumeId=before["VolumeId"], Size=50)
    after = ec2.describe_snapshots(SnapshotIds=[snapshot])["Snapshots"][0]
    assert (after["VolumeSize"], after["Encrypted"]) == (3, True)
    assert after["KmsKeyId"] == ec2.describe_volumes(VolumeIds=[before["VolumeId"]])["Volumes"][0]["KmsKeyId"]


def test_an_unknown_snapshot_is_named(ec2: Any) -> None:
    with pytest.raises(ClientError, match=r"InvalidSnapshot.NotFound.*'snap-0123456789abcdef0' does not exist"):
        ec2.describe_snapshots(SnapshotIds=["snap-0123456789abcdef0"])


def permissions(ec2: Any, snapshot: str) -> list[dict[str, str]]:
    told = ec2.describe_snapshot_attribute(SnapshotId=snapshot, Attribute="createVolumePermission")
    found: list[dict[str, str]] = told["CreateVolumePermissions"]
    return found


def test_permissions_are_given_in_both_ways_and_reset(ec2: Any, snapshot: str) -> None:
    ec2.modify_snapshot_attribute(SnapshotId=snapshot, CreateVolumePermission={"Add": [{"UserId": "111122223333"}]})
    assert permissions(ec2, snapshot) == [{"UserId": "111122223333"}]
    ec2.modify_snapshot_attribute(
        SnapshotId=snapshot, Attribute="createVolumePermission", OperationType="add", GroupNames=["all"]
    )
    assert {"Group": "all"} in permissions(ec2, snapshot)
    ec2.reset_snapshot_attribute(SnapshotId=snapshot, Attribute="createVolumePermission")
    assert permissions(ec2, snapshot) == []


def test_a_copy_elsewhere_is_encrypted_with_that_regions_key(aws: Any, snapshot: str) -> None:
    west = aws("ec2", "us-west-2")
    copied = west.copy_snapshot(
        SourceRegion="us-east-1",
        SourceSnapshotId=snapshot,
        TagSpecifications=[{"ResourceType": "snapshot", "Tags": [{"Key": "Lab", "Value": "x"}]}],
    )
    assert copied["Tags"] == [{"Key": "Lab", "Value": "x"}]
    west.get_waiter("snapshot_completed").wait(SnapshotIds=[copied["SnapshotId"]])
    told = west.describe_snapshots(SnapshotIds=[copied["SnapshotId"]])["Snapshots"][0]
    assert (told["VolumeSize"], told["VolumeId"], told["Encrypted"]) == (3, "vol-ffffffff", True)
    assert ":us-west-2:" in told["KmsKeyId"]


def test_all_volumes_of_an_instance_at_once(ec2: Any) -> None:
    image = ec2.describe_images()["Images"][0]
    instance = ec2.run_instances(
        ImageId=image["ImageId"],
        MinCount=1,
        MaxCount=1,
        InstanceType="t3.micro",
        BlockDeviceMappings=[{"DeviceName": "/dev/sdf", "Ebs": {"VolumeSize": 5}}],
        TagSpecifications=[{"ResourceType": "volume", "Tags": [{"Key": "Lab", "Value": "x"}]}],
    )["Instances"][0]["InstanceId"]
    made = ec2.create_snapshots(
        InstanceSpecification={"InstanceId": instance, "ExcludeBootVolume": True}, CopyTagsFromSource="volume"
    )["Snapshots"]
    assert [(each["VolumeSize"], each["State"]) for each in made] == [(5, "completed")]
    assert made[0]["Tags"] == [{"Key": "Lab", "Value": "x"}]
    both = ec2.create_snapshots(InstanceSpecification={"InstanceId": instance})["Snapshots"]
    assert sorted(each["VolumeSize"] for each in both) == [5, 8]
