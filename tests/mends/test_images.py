"""Images: made of an instance's own volumes, found, shared, copied, and taken away."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localcloud.mends.ec2 import images

TAGS = [
    {"ResourceType": "image", "Tags": [{"Key": "Lab", "Value": "image"}]},
    {"ResourceType": "snapshot", "Tags": [{"Key": "Lab", "Value": "snapshot"}]},
]


@pytest.fixture
def ec2(aws: Any) -> Any:
    return aws("ec2")


@pytest.fixture
def instance(ec2: Any) -> str:
    launched = ec2.run_instances(
        ImageId=ec2.describe_images()["Images"][0]["ImageId"],
        MinCount=1,
        MaxCount=1,
        InstanceType="t3.micro",
        BlockDeviceMappings=[
            {"DeviceName": "/dev/sda1", "Ebs": {"VolumeSize": 12}},
            {"DeviceName": "/dev/sdf", "Ebs": {"VolumeSize": 5, "Encrypted": True, "DeleteOnTermination": False}},
        ],
    )
    instance_id: str = launched["Instances"][0]["InstanceId"]
    return instance_id


@pytest.fixture
def image(ec2: Any, instance: str) -> str:
    image_id: str = ec2.create_image(InstanceId=instance, Name="seat", TagSpecifications=TAGS)["ImageId"]
    return image_id


def described(ec2: Any, image_id: str) -> dict[str, Any]:
    told: dict[str, Any] = ec2.describe_images(ImageIds=[image_id])["Images"][0]
    return told


def snapshots_of(image: dict[str, Any]) -> list[str]:
    return [device["Ebs"]["SnapshotId"] for device in image["BlockDeviceMappings"]]


def test_an_image_has_a_snapshot_of_each_volume(ec2: Any, instance: str, image: str) -> None:
    told = described(ec2, image)
    disks = {device["DeviceName"]: device["Ebs"] for device in told["BlockDeviceMappings"]}
    assert {name: (ebs["VolumeSize"], ebs["Encrypted"]) for name, ebs in disks.items()} == {
        "/dev/sda1": (12, False),
        "/dev/sdf": (5, True),
    }
    assert (disks["/dev/sda1"]["DeleteOnTermination"], disks["/dev/sdf"]["DeleteOnTermination"]) == (True, False)
    assert (told["RootDeviceName"], told["RootDeviceType"], told["SourceInstanceId"]) == ("/dev/sda1", "ebs", instance)
    assert told["Tags"] == [{"Key": "Lab", "Value": "image"}]
    ec2.get_waiter("image_available").wait(ImageIds=[image])
    made = ec2.describe_snapshots(SnapshotIds=snapshots_of(told))["Snapshots"]
    assert sorted(each["VolumeSize"] for each in made) == [5, 12]
    assert all(each["Tags"] == [{"Key": "Lab", "Value": "snapshot"}] for each in made)
    assert all(each["Description"] == f"Created by CreateImage({instance}) for {image}" for each in made)


def test_what_is_asked_for_a_device_wins(ec2: Any, instance: str) -> None:
    asked = [
        {"DeviceName": "/dev/sda1", "Ebs": {"VolumeSize": 30, "DeleteOnTermination": False}},
        {"DeviceName": "/dev/sdf", "NoDevice": ""},
        {"DeviceName": "/dev/sdg", "Ebs": {"VolumeSize": 9, "VolumeType": "gp3"}},
    ]
    image = ec2.create_image(InstanceId=instance, Name="asked", NoReboot=True, BlockDeviceMappings=asked)["ImageId"]
    disks = {device["DeviceName"]: device["Ebs"] for device in described(ec2, image)["BlockDeviceMappings"]}
    assert set(disks) == {"/dev/sda1", "/dev/sdg"}
    assert (disks["/dev/sda1"]["VolumeSize"], disks["/dev/sda1"]["DeleteOnTermination"]) == (30, False)
    assert disks["/dev/sdg"]["VolumeSize"] == 9


def test_names_are_checked(ec2: Any, instance: str, image: str) -> None:
    with pytest.raises(ClientError, match=rf"InvalidAMIName\.Duplicate.*seat is already in use by AMI {image}"):
        ec2.create_image(InstanceId=instance, Name="seat")
    with pytest.raises(ClientError, match=r"InvalidAMIName\.Malformed"):
        ec2.create_image(InstanceId=instance, Name="a*b")
    ec2.deregister_image(ImageId=image)
    ec2.create_image(InstanceId=instance, Name="seat")


def test_a_launch_from_the_image_has_its_disks(ec2: Any, image: str) -> None:
    launched = ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1, InstanceType="t3.micro")["Instances"][0]
    volumes = ec2.describe_volumes(Filters=[{"Name": "attachment.instance-id", "Values": [launched["InstanceId"]]}])[
        "Volumes"
    ]
    assert sorted((each["Size"], each["Encrypted"]) for each in volumes) == [(5, True), (12, False)]
    assert {each["SnapshotId"] for each in volumes} == set(snapshots_of(described(ec2, image)))


def test_a_snapshot_in_an_image_stays_and_outlives_it(ec2: Any, image: str) -> None:
    snapshots = snapshots_of(described(ec2, image))
    for snapshot in snapshots:
        with pytest.raises(ClientError, match=rf"InvalidSnapshot\.InUse.*{snapshot} is currently in use by {image}"):
            ec2.delete_snapshot(SnapshotId=snapshot)
    ec2.deregister_image(ImageId=image)
    for snapshot in snapshots:
        ec2.delete_snapshot(SnapshotId=snapshot)


def test_deregistering_can_take_the_snapshots_along(ec2: Any, image: str) -> None:
    snapshots = snapshots_of(described(ec2, image))
    answer = ec2.deregister_image(ImageId=image, DeleteAssociatedSnapshots=True)
    assert {each["SnapshotId"]: each["ReturnCode"] for each in answer["DeleteSnapshotResults"]} == dict.fromkeys(
        snapshots, "success"
    )
    assert ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"] == []


@pytest.fixture
def hooks(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    seen: list[Any] = []
    monkeypatch.setattr(images, "on_create_image", lambda ami, instance: seen.append((ami, instance)))
    monkeypatch.setattr(images, "on_deregister_image", lambda ami: seen.append(ami))
    yield seen


def test_whoever_keeps_the_disks_says_when_the_image_is_there(ec2: Any, instance: str, hooks: list[Any]) -> None:
    image_id = ec2.create_image(InstanceId=instance, Name="kept", NoReboot=True)["ImageId"]
    ami, of = hooks.pop()
    assert (ami.id, of.id, ami.no_reboot) == (image_id, instance, True)
    assert described(ec2, image_id)["State"] == "pending"
    ami.state = "available"
    assert described(ec2, image_id)["State"] == "available"
    ec2.deregister_image(ImageId=image_id)
    assert hooks == [ami]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("name", "se*"),
        ("architecture", "*"),
        ("root-device-type", "ebs"),
        ("virtualization-type", "hvm"),
        ("state", "available"),
        ("tag:Lab", "image"),
        ("creation-date", "20*"),
        ("block-device-mapping.volume-size", "5"),
        ("block-device-mapping.device-name", "/dev/sdf"),
        ("source-instance-id", "i-*"),
        ("is-public", "false"),
        ("image-type", "machine"),
        ("ena-support", "true"),
        ("description", "of the class"),
        ("platform-details", "Linux/UNIX"),
    ],
)
def test_filters(ec2: Any, image: str, name: str, value: str) -> None:
    ec2.modify_image_attribute(ImageId=image, Description={"Value": "of the class"})
    own = ec2.describe_images(Owners=["self"], Filters=[{"Name": name, "Values": [value]}])["Images"]
    assert [each["ImageId"] for each in own] == [image]
    none = ec2.describe_images(ImageIds=[image], Filters=[{"Name": name, "Values": ["no such"]}])["Images"]
    assert none == []


def test_an_unknown_image_is_told_even_beside_a_known_one(ec2: Any, image: str) -> None:
    with pytest.raises(ClientError, match=r"InvalidAMIID\.NotFound.*ami-0123456789abcdef0"):
        ec2.describe_images(ImageIds=[image, "ami-0123456789abcdef0"])


def test_permissions_and_description(ec2: Any, image: str) -> None:
    ec2.modify_image_attribute(
        ImageId=image, Attribute="launchPermission", OperationType="add", UserIds=["111122223333"]
    )
    ec2.modify_image_attribute(ImageId=image, Attribute="description", Value="new words")
    found = ec2.describe_images(ExecutableUsers=["111122223333"])["Images"]
    assert [each["ImageId"] for each in found] == [image]
    told = ec2.describe_image_attribute(ImageId=image, Attribute="launchPermission")
    assert told["LaunchPermissions"] == [{"UserId": "111122223333"}]
    description = ec2.describe_image_attribute(ImageId=image, Attribute="description")
    assert description["Description"]["Value"] == "new words"
    ec2.reset_image_attribute(ImageId=image, Attribute="launchPermission")
    assert ec2.describe_image_attribute(ImageId=image, Attribute="launchPermission")["LaunchPermissions"] == []


@pytest.mark.parametrize("attribute", ["kernel", "ramdisk", "sriovNetSupport", "bootMode", "tpmSupport", "imdsSupport"])
def test_every_attribute_can_be_asked(ec2: Any, image: str, attribute: str) -> None:
    assert ec2.describe_image_attribute(ImageId=image, Attribute=attribute)["ImageId"] == image


def test_deprecation_and_protection(ec2: Any, image: str) -> None:
    soon = datetime.now(UTC) + timedelta(days=30)
    ec2.enable_image_deprecation(ImageId=image, DeprecateAt=soon)
    assert described(ec2, image)["DeprecationTime"].startswith(f"{soon:%Y-%m-%dT%H:%M}")
    ec2.disable_image_deprecation(ImageId=image)
    assert "DeprecationTime" not in described(ec2, image)
    ec2.enable_image_deregistration_protection(ImageId=image)
    with pytest.raises(ClientError, match="OperationNotPermitted"):
        ec2.deregister_image(ImageId=image)
    ec2.disable_image_deregistration_protection(ImageId=image)
    ec2.deregister_image(ImageId=image)


def test_a_disabled_image_is_listed_only_when_asked_for(ec2: Any, image: str) -> None:
    ec2.disable_image(ImageId=image)
    assert ec2.describe_images(Owners=["self"])["Images"] == []
    assert len(ec2.describe_images(Owners=["self"], IncludeDisabled=True)["Images"]) == 1


def test_a_copy_in_another_region_has_its_own_snapshots_and_the_tags(aws: Any, ec2: Any, image: str) -> None:
    west = aws("ec2", "us-west-2")
    copy = west.copy_image(SourceRegion="us-east-1", SourceImageId=image, Name="there", CopyImageTags=True)["ImageId"]
    west.get_waiter("image_available").wait(ImageIds=[copy])
    told, source = described(west, copy), described(ec2, image)
    assert (told["Name"], told["Tags"], told["SourceImageId"]) == ("there", source["Tags"], image)
    assert [device["Ebs"]["VolumeSize"] for device in told["BlockDeviceMappings"]] == [12, 5]
    assert not set(snapshots_of(told)) & set(snapshots_of(source))
    assert len(west.describe_snapshots(SnapshotIds=snapshots_of(told))["Snapshots"]) == 2


def test_an_image_registered_from_a_snapshot(ec2: Any, image: str) -> None:
    snapshot = snapshots_of(described(ec2, image))[0]
    made = ec2.register_image(
        Name="registered",
        Architecture="x86_64",
        VirtualizationType="hvm",
        EnaSupport=True,
        RootDeviceName="/dev/xvda",
        BlockDeviceMappings=[{"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": snapshot}}],
        TagSpecifications=TAGS[:1],
    )["ImageId"]
    told = described(ec2, made)
    assert (told["RootDeviceName"], told["VirtualizationType"], told["EnaSupport"]) == ("/dev/xvda", "hvm", True)
    assert told["BlockDeviceMappings"][0]["Ebs"]["VolumeSize"] == 12
    assert told["Tags"] == TAGS[0]["Tags"]
    with pytest.raises(ClientError, match="MissingParameter"):
        ec2.register_image(Name="nothing")


def test_images_page(ec2: Any, image: str) -> None:
    pages = list(ec2.get_paginator("describe_images").paginate(PaginationConfig={"PageSize": 2}))
    everything = ec2.describe_images()["Images"]
    assert [each["ImageId"] for page in pages for each in page["Images"]] == [each["ImageId"] for each in everything]
    assert len(pages) == (len(everything) + 1) // 2
