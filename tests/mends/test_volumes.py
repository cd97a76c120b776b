"""Volumes: what EBS allows, what it fills in, where it attaches."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

ZONE = "us-east-1a"


@pytest.fixture
def ec2(aws: Any) -> Any:
    return aws("ec2")


def launch(ec2: Any, zone: str = ZONE, **more: Any) -> dict[str, Any]:
    image = ec2.describe_images()["Images"][0]["ImageId"]
    subnet = ec2.describe_subnets(Filters=[{"Name": "availability-zone", "Values": [zone]}])["Subnets"][0]["SubnetId"]
    launched = ec2.run_instances(
        ImageId=image, MinCount=1, MaxCount=1, InstanceType="t3.micro", SubnetId=subnet, **more
    )
    instance_id = launched["Instances"][0]["InstanceId"]
    described: dict[str, Any] = ec2.describe_instances(InstanceIds=[instance_id])["Reservations"][0]["Instances"][0]
    return described


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"VolumeType": "gp3", "Size": 10}, {"Iops": 3000, "Throughput": 125}),
        ({"VolumeType": "gp2", "Size": 10}, {"Iops": 100}),
        ({"VolumeType": "gp2", "Size": 1000}, {"Iops": 3000}),
        ({"VolumeType": "gp3", "Size": 10, "Iops": 4000, "Throughput": 500}, {"Iops": 4000, "Throughput": 500}),
        ({"VolumeType": "io2", "Size": 10, "Iops": 200, "MultiAttachEnabled": True}, {"MultiAttachEnabled": True}),
    ],
)
def test_a_volume_tells_what_its_type_gives(ec2: Any, asked: dict[str, Any], told: dict[str, Any]) -> None:
    volume_id = ec2.create_volume(AvailabilityZone=ZONE, **asked)["VolumeId"]
    volume = ec2.describe_volumes(VolumeIds=[volume_id])["Volumes"][0]
    assert {"MultiAttachEnabled": False, "SnapshotId": "", **told}.items() <= volume.items()


@pytest.mark.parametrize(
    ("asked", "code", "words"),
    [
        (
            {"VolumeType": "gp2", "Size": 10, "Iops": 500},
            "InvalidParameterCombination",
            "iops is not supported for gp2",
        ),
        ({"VolumeType": "io1", "Size": 10}, "InvalidParameterCombination", "iops must be specified for io1"),
        ({"VolumeType": "gp3", "Size": 20, "Iops": 15000}, "InvalidParameterValue", "ratio of 750.000000 is too high"),
        ({"VolumeType": "gp3", "Size": 20, "Throughput": 1000}, "InvalidParameterValue", "iops ratio of 0.333333"),
        ({"VolumeType": "st1", "Size": 10}, "InvalidParameterValue", "minimum is 125"),
        ({"VolumeType": "gp2", "Size": 20000}, "InvalidParameterValue", "maximum is 16384"),
        ({"VolumeType": "gp3", "Size": 1, "MultiAttachEnabled": True}, "InvalidParameterCombination", "multiAttach"),
        ({"VolumeType": "gp3"}, "MissingParameter", "size/snapshot"),
    ],
)
def test_what_ebs_refuses_is_refused(ec2: Any, asked: dict[str, Any], code: str, words: str) -> None:
    with pytest.raises(ClientError) as refused:
        ec2.create_volume(AvailabilityZone=ZONE, **asked)
    assert refused.value.response["Error"]["Code"] == code
    assert words in refused.value.response["Error"]["Message"]


def test_an_unknown_zone_is_refused(ec2: Any) -> None:
    with pytest.raises(ClientError, match=r"InvalidZone.NotFound.*us-east-1q"):
        ec2.create_volume(AvailabilityZone="us-east-1q", Size=1)


def test_a_volume_of_a_snapshot_has_its_size_and_encryption(ec2: Any) -> None:
    source = ec2.create_volume(AvailabilityZone=ZONE, Size=7, Encrypted=True)
    snapshot = ec2.create_snapshot(VolumeId=source["VolumeId"])["SnapshotId"]
    copy = ec2.create_volume(AvailabilityZone=ZONE, SnapshotId=snapshot)
    assert (copy["Size"], copy["Encrypted"], copy["KmsKeyId"]) == (7, True, source["KmsKeyId"])
    with pytest.raises(ClientError, match=r"smaller than snapshot .* expect size >= 7GB"):
        ec2.create_volume(AvailabilityZone=ZONE, SnapshotId=snapshot, Size=5)


def test_encryption_by_default_holds(ec2: Any) -> None:
    ec2.enable_ebs_encryption_by_default()
    assert ec2.create_volume(AvailabilityZone=ZONE, Size=1)["Encrypted"] is True


def test_a_volume_is_attached_once_in_its_own_zone(ec2: Any) -> None:
    here, there = launch(ec2), launch(ec2, "us-east-1b")
    volume = ec2.create_volume(AvailabilityZone=ZONE, Size=1)["VolumeId"]
    with pytest.raises(ClientError, match=r"InvalidVolume.ZoneMismatch"):
        ec2.attach_volume(VolumeId=volume, InstanceId=there["InstanceId"], Device="/dev/sdf")
    with pytest.raises(ClientError, match="Attachment point /dev/sda1 is already in use"):
        ec2.attach_volume(VolumeId=volume, InstanceId=here["InstanceId"], Device=here["RootDeviceName"])
    ec2.attach_volume(VolumeId=volume, InstanceId=here["InstanceId"], Device="/dev/sdf")
    ec2.get_waiter("volume_in_use").wait(VolumeIds=[volume])
    with pytest.raises(ClientError, match="VolumeInUse"):
        ec2.attach_volume(VolumeId=volume, InstanceId=here["InstanceId"], Device="/dev/sdg")
    with pytest.raises(ClientError, match="VolumeInUse"):
        ec2.delete_volume(VolumeId=volume)
    attachment = ec2.describe_volumes(VolumeIds=[volume])["Volumes"][0]["Attachments"][0]
    assert (attachment["DeleteOnTermination"], attachment["Device"]) == (False, "/dev/sdf")


def test_detaching_needs_only_the_volume(ec2: Any) -> None:
    instance = launch(ec2)
    volume = ec2.create_volume(AvailabilityZone=ZONE, Size=1)["VolumeId"]
    with pytest.raises(ClientError, match=r"IncorrectState.*'available' state"):
        ec2.detach_volume(VolumeId=volume)
    ec2.attach_volume(VolumeId=volume, InstanceId=instance["InstanceId"], Device="/dev/sdf")
    ec2.detach_volume(VolumeId=volume)
    ec2.get_waiter("volume_available").wait(VolumeIds=[volume])
    ec2.delete_volume(VolumeId=volume)
    ec2.get_waiter("volume_deleted").wait(VolumeIds=[volume])


def test_the_root_volume_of_a_running_instance_stays(ec2: Any) -> None:
    root = launch(ec2)["BlockDeviceMappings"][0]["Ebs"]["VolumeId"]
    with pytest.raises(ClientError, match="OperationNotPermitted"):
        ec2.detach_volume(VolumeId=root)


def test_a_volume_grows_and_changes_type(ec2: Any) -> None:
    volume = ec2.create_volume(AvailabilityZone=ZONE, Size=10, VolumeType="gp2")["VolumeId"]
    ec2.modify_volume(VolumeId=volume, Size=20)
    ec2.modify_volume(VolumeId=volume, VolumeType="gp3")
    changes = ec2.describe_volumes_modifications(VolumeIds=[volume])["VolumesModifications"]
    assert len(changes) == 1, "only the latest modification is told"
    told = {key: changes[0][key] for key in ("OriginalSize", "TargetSize", "OriginalVolumeType", "TargetVolumeType")}
    assert told == {"OriginalSize": 20, "TargetSize": 20, "OriginalVolumeType": "gp2", "TargetVolumeType": "gp3"}
    assert (changes[0]["OriginalIops"], changes[0]["TargetIops"], changes[0]["TargetThroughput"]) == (100, 3000, 125)
    now = ec2.describe_volumes(VolumeIds=[volume])["Volumes"][0]
    assert (now["Size"], now["VolumeType"], now["Iops"], now["Throughput"]) == (20, "gp3", 3000, 125)
    with pytest.raises(ClientError, match="New size cannot be smaller"):
        ec2.modify_volume(VolumeId=volume, Size=5)


def test_a_volume_never_modified_has_no_modification(ec2: Any) -> None:
    volume = ec2.create_volume(AvailabilityZone=ZONE, Size=1)["VolumeId"]
    with pytest.raises(ClientError, match=r"InvalidVolumeModification.NotFound"):
        ec2.describe_volumes_modifications(VolumeIds=[volume])


def test_status_and_attributes(ec2: Any) -> None:
    volume = ec2.create_volume(AvailabilityZone=ZONE, Size=1)["VolumeId"]
    status = ec2.describe_volume_status(
        VolumeIds=[volume], Filters=[{"Name": "volume-status.status", "Values": ["ok"]}]
    )["VolumeStatuses"]
    assert [(each["VolumeId"], each["VolumeStatus"]["Status"]) for each in status] == [(volume, "ok")]
    ec2.modify_volume_attribute(VolumeId=volume, AutoEnableIO={"Value": True})
    attribute = ec2.describe_volume_attribute(VolumeId=volume, Attribute="autoEnableIO")
    assert attribute["AutoEnableIO"]["Value"] is True


def test_a_deleted_volume_leaves_no_tags(ec2: Any) -> None:
    tags = [{"ResourceType": "volume", "Tags": [{"Key": "Lab", "Value": "x"}]}]
    volume = ec2.create_volume(AvailabilityZone=ZONE, Size=1, TagSpecifications=tags)["VolumeId"]
    ec2.delete_volume(VolumeId=volume)
    assert ec2.describe_tags(Filters=[{"Name": "key", "Values": ["Lab"]}])["Tags"] == []
    with pytest.raises(ClientError, match=f"The volume '{volume}' does not exist"):
        ec2.describe_volumes(VolumeIds=[volume])
