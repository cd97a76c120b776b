"""The images that DescribeImages offers."""

import pickle
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.ec2.models import ec2_backends

from localcloud.mends.ec2 import catalogue

ACCOUNT = "123456789012"
NOBLE = "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-*-server-*"
JAMMY = "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-*-server-*"


def images(ec2: Any, **wanted: str) -> list[dict[str, Any]]:
    filters = [{"Name": name.replace("_", "-"), "Values": [value]} for name, value in wanted.items()]
    found: list[dict[str, Any]] = ec2.describe_images(Owners=[catalogue.CANONICAL], Filters=filters)["Images"]
    return sorted(found, key=lambda image: str(image["CreationDate"]))


@pytest.mark.parametrize(("name", "volume_type", "release"), [(NOBLE, "gp3", "24.04"), (JAMMY, "gp2", "22.04")])
def test_both_releases_are_found_by_owner_and_name(aws: Any, name: str, volume_type: str, release: str) -> None:
    older, newest = images(aws("ec2"), name=name, root_device_type="ebs", virtualization_type="hvm", state="available")
    assert older["CreationDate"] < newest["CreationDate"]
    assert newest["CreationDate"][:10].replace("-", "") == newest["Name"].rsplit("-", 1)[1]
    assert newest["RootDeviceName"] == "/dev/sda1"
    assert newest["BlockDeviceMappings"][0]["Ebs"]["VolumeSize"] == 8
    assert newest["BlockDeviceMappings"][0]["Ebs"]["VolumeType"] == volume_type
    assert newest["BlockDeviceMappings"][0]["Ebs"]["DeleteOnTermination"] is True
    assert newest["Public"] and newest["EnaSupport"] and newest["ImageOwnerAlias"] == "amazon"
    ami = ec2_backends[ACCOUNT]["us-east-1"].amis[newest["ImageId"]]
    assert catalogue.release_of(ami) == release


def test_nothing_is_listed_that_could_not_boot_here(aws: Any) -> None:
    listed = aws("ec2").describe_images()["Images"]
    assert {image["OwnerId"] for image in listed} == {catalogue.CANONICAL}
    assert len({image["Architecture"] for image in listed}) == 1
    with pytest.raises(ClientError, match=r"InvalidAMIID\.NotFound"):
        aws("ec2").describe_images(ImageIds=["ami-03cf127a"])


def test_ids_differ_between_regions_and_stay_when_the_cloud_starts_again(aws: Any) -> None:
    def ids(region: str) -> set[str]:
        return {image["ImageId"] for image in images(aws("ec2", region))}

    before, elsewhere = ids("us-east-1"), ids("eu-central-1")
    assert not before & elsewhere
    ec2_backends[ACCOUNT]["us-east-1"].reset()
    assert ids("us-east-1") == before


def test_the_catalogues_snapshots_are_not_the_accounts(aws: Any) -> None:
    ec2 = aws("ec2")
    assert ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"] == []
    assert ec2.describe_volumes()["Volumes"] == []
    mapping = images(ec2, name=NOBLE)[-1]["BlockDeviceMappings"][0]
    (snapshot,) = ec2.describe_snapshots(SnapshotIds=[mapping["Ebs"]["SnapshotId"]])["Snapshots"]
    assert (snapshot["VolumeSize"], snapshot["OwnerId"]) == (8, catalogue.CANONICAL)
    volume = ec2.create_volume(SnapshotId=snapshot["SnapshotId"], AvailabilityZone="us-east-1a")
    assert volume["Size"] == 8


@pytest.mark.parametrize(
    ("filter_name", "value", "count"),
    [
        ("manifest_location", "amazon/ubuntu/*", 4),
        ("block_device_mapping.volume_type", "gp2", 2),
        ("description", "Canonical, Ubuntu, 24.04*", 2),
        ("platform", "windows", 0),
        ("ena_support", "true", 4),
        ("source_image_id", "ami-1", 0),
        ("creation_date", "2026-07-*", 2),
        ("owner_alias", "amazon", 4),
    ],
)
def test_filters_of_describe_images_are_answered(aws: Any, filter_name: str, value: str, count: int) -> None:
    assert len(images(aws("ec2"), **{filter_name: value})) == count


def test_a_filter_that_ec2_does_not_know_is_refused(aws: Any) -> None:
    with pytest.raises(ClientError, match="The filter 'colour' is invalid"):
        images(aws("ec2"), colour="red")


def test_anothers_image_can_be_copied_but_not_removed_or_changed(aws: Any) -> None:
    ec2 = aws("ec2", "eu-west-1")
    image = images(aws("ec2"), name=JAMMY)[-1]["ImageId"]
    with pytest.raises(ClientError, match="AuthFailure"):
        aws("ec2").deregister_image(ImageId=image)
    with pytest.raises(ClientError, match="AuthFailure"):
        aws("ec2").modify_image_attribute(ImageId=image, LaunchPermission={"Remove": [{"Group": "all"}]})
    copied = ec2.copy_image(SourceImageId=image, SourceRegion="us-east-1", Name="mine")["ImageId"]
    assert catalogue.release_of(ec2_backends[ACCOUNT]["eu-west-1"].amis[copied]) == "22.04"
    ec2.deregister_image(ImageId=copied)


def test_the_catalogue_survives_being_stored(aws: Any) -> None:
    before = aws("ec2").describe_images()["Images"]
    region = ec2_backends[ACCOUNT]["us-east-1"]
    ec2_backends[ACCOUNT]["us-east-1"] = pickle.loads(pickle.dumps(region))  # noqa: S301  (our own bytes)
    assert aws("ec2").describe_images()["Images"] == before
