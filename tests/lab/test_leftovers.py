"""What seats leave behind goes, in the order that EC2 needs; what others hold stays, and is named."""

from collections.abc import Iterator
from typing import Any

import pytest

from classlab.gone.leftovers import Removal, remove
from classlab.gone.sweep import sweep
from localcloud import LocalCloud

IMAGE = "/aws/service/canonical/ubuntu/server/24.04/stable/current/amd64/hvm/ebs-gp3/ami-id"


@pytest.fixture(scope="module")
def cloud() -> Iterator[LocalCloud]:
    with LocalCloud(hosts=False) as cloud:
        yield cloud


@pytest.fixture
def lab(cloud: LocalCloud, request: pytest.FixtureRequest) -> Iterator["Lab"]:
    """A lab of this test's own."""
    yield Lab(cloud, f"t{abs(hash(request.node.name))}"[:20])
    cloud.clear_faults()


class Lab:
    """Makes things in the cloud that carry the lab's tags, unless others are said."""

    def __init__(self, cloud: LocalCloud, name: str) -> None:
        self.cloud, self.name = cloud, name
        self.ec2 = cloud.client("ec2")
        self.image = cloud.client("ssm").get_parameter(Name=IMAGE)["Parameter"]["Value"]

    def tags(self, kind: str, **other: str) -> list[dict[str, Any]]:
        tags = other or {"Lab": self.name, "ManagedBy": "classlab"}
        return [{"ResourceType": kind, "Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}]

    def instance(self, **other: str) -> str:
        tags = self.tags("instance", **other)
        answer = self.ec2.run_instances(
            ImageId=self.image, MinCount=1, MaxCount=1, InstanceType="t3.micro", TagSpecifications=tags
        )
        id_: str = answer["Instances"][0]["InstanceId"]
        self.ec2.get_waiter("instance_running").wait(InstanceIds=[id_], WaiterConfig={"Delay": 1})
        return id_

    def volume(self, **other: str) -> str:
        tags = self.tags("volume", **other)
        return str(self.ec2.create_volume(AvailabilityZone="us-east-1a", Size=1, TagSpecifications=tags)["VolumeId"])

    def address(self) -> str:
        return str(self.ec2.allocate_address(TagSpecifications=self.tags("elastic-ip"))["AllocationId"])

    def interface(self) -> str:
        subnet = self.ec2.describe_subnets()["Subnets"][0]["SubnetId"]
        made = self.ec2.create_network_interface(SubnetId=subnet, TagSpecifications=self.tags("network-interface"))
        return str(made["NetworkInterface"]["NetworkInterfaceId"])

    def picture(self, instance: str) -> str:
        tags = [*self.tags("image"), *self.tags("snapshot")]
        return str(self.ec2.create_image(InstanceId=instance, Name=self.name, TagSpecifications=tags)["ImageId"])

    def clear(self, seconds: float = 5) -> Removal:
        return remove(self.name, "us-east-1", self.ec2, seconds)

    def left(self) -> set[str]:
        found = sweep(self.name, "us-east-1", lambda region: self.cloud.client("ec2", region)).found
        return {each.kind for each in found}


def test_each_kind_goes(lab: Lab) -> None:
    foreign = lab.instance(Lab="another")
    lab.volume()
    lab.address()
    lab.interface()
    lab.picture(foreign)
    for key in (lab.name, f"{lab.name}-of-a-student"):
        lab.ec2.create_key_pair(KeyName=key, TagSpecifications=lab.tags("key-pair"))
    assert lab.left() == {"volume", "address", "interface", "image", "snapshot", "key pair"}
    done = lab.clear()
    # The key pair called as the lab is, is the matter of another role.
    assert (done.stays, done.unseen, lab.left()) == ([], [], {"key pair"})
    assert len(done.removed) == 6


def test_an_address_comes_off_the_labs_own_seat_and_off_nobody_elses(lab: Lab) -> None:
    own, foreign = lab.instance(), lab.instance(Name="a web server")
    goes, stays = lab.address(), lab.address()
    lab.ec2.associate_address(InstanceId=own, AllocationId=goes)
    lab.ec2.associate_address(InstanceId=foreign, AllocationId=stays)
    done = lab.clear()
    assert [each.id for each in done.removed] == [goes]
    assert [(each.thing.id, foreign in each.why) for each in done.stays] == [(stays, True)]
    assert lab.ec2.describe_addresses(AllocationIds=[stays])["Addresses"][0]["InstanceId"] == foreign


def test_a_disk_of_somebody_elses_machine_stays_on_it(lab: Lab) -> None:
    foreign, disk = lab.instance(Name="a web server"), lab.volume()
    lab.ec2.attach_volume(InstanceId=foreign, VolumeId=disk, Device="/dev/sdf")
    done = lab.clear()
    assert done.removed == []
    assert [(each.thing.id, each.why) for each in done.stays] == [
        (disk, f"It is held by {foreign}, which does not carry the lab's tags: take it off there.")
    ]
    assert lab.ec2.describe_volumes(VolumeIds=[disk])["Volumes"][0]["State"] == "in-use"


def test_a_disk_of_a_seat_that_still_runs_is_told_at_once(lab: Lab) -> None:
    own, disk = lab.instance(), lab.volume()
    lab.ec2.attach_volume(InstanceId=own, VolumeId=disk, Device="/dev/sdf")
    done = lab.clear(seconds=60)
    assert [each.why for each in done.stays if each.thing.id == disk] == [f"It is held by {own}, which is running."]


def test_an_interface_is_taken_off_the_labs_own_seat(lab: Lab) -> None:
    own, card = lab.instance(), lab.interface()
    lab.ec2.attach_network_interface(InstanceId=own, NetworkInterfaceId=card, DeviceIndex=1)
    done = lab.clear(seconds=20)
    assert ([each.id for each in done.removed if each.kind == "interface"], done.stays) == ([card], [])
    assert "interface" not in lab.left()


def test_what_is_busy_is_tried_again(lab: Lab) -> None:
    lab.volume()
    lab.cloud.fault("ec2.DeleteVolume", "error=VolumeInUse", "next=2")
    done = lab.clear(seconds=20)
    assert (done.stays, lab.left()) == ([], set())


def test_trying_again_has_an_end_and_names_what_was_said(lab: Lab) -> None:
    disk = lab.volume()
    lab.cloud.fault("ec2.DeleteVolume", "error=VolumeInUse")
    done = lab.clear(seconds=1)
    assert [each.thing.id for each in done.stays] == [disk]
    assert "VolumeInUse" in done.stays[0].why


def test_what_is_refused_for_good_is_asked_once(lab: Lab) -> None:
    lab.volume()
    lab.cloud.fault("ec2.DeleteVolume", "error=UnauthorizedOperation")
    before = len(lab.cloud.requests())
    done = lab.clear(seconds=60)
    assert "UnauthorizedOperation" in done.stays[0].why
    assert [each["action"] for each in lab.cloud.requests()[before:]].count("DeleteVolume") == 1


def test_a_kind_that_cannot_be_listed_does_not_stop_the_others(lab: Lab) -> None:
    lab.volume()
    lab.cloud.fault("ec2.DescribeAddresses", "error=UnauthorizedOperation")
    done = lab.clear()
    assert [each.kind for each in done.removed] == ["volume"]
    assert len(done.unseen) == 1
    assert done.unseen[0].startswith("addresses in us-east-1 could not be listed: UnauthorizedOperation")


def test_a_tag_taken_off_in_the_last_moment_is_respected(lab: Lab) -> None:
    """Between the listing and the deletion somebody makes the volume their own."""
    disk = lab.volume()
    ask = lab.ec2.describe_volumes

    class Disowning:
        def __getattr__(self, name: str) -> Any:
            return getattr(lab.ec2, name)

        def get_paginator(self, operation: str) -> Any:
            pages = lab.ec2.get_paginator(operation)
            if operation == "describe_volumes":
                found = pages.paginate

                def once(**asked: Any) -> Any:
                    answer = list(found(**asked).search("Volumes[]"))
                    lab.ec2.create_tags(Resources=[disk], Tags=[{"Key": "ManagedBy", "Value": "somebody"}])
                    return type("Pages", (), {"search": lambda self, path: answer})()

                pages.paginate = once
            return pages

    remove(lab.name, "us-east-1", Disowning(), 5)
    assert len(ask(VolumeIds=[disk])["Volumes"]) == 1


def test_volumes_of_others_are_never_touched(lab: Lab) -> None:
    theirs = [lab.volume(Lab="another", ManagedBy="classlab"), lab.volume(Lab=lab.name), lab.volume(Name="mine")]
    assert lab.clear().removed == []
    assert len(lab.ec2.describe_volumes(VolumeIds=theirs)["Volumes"]) == 3
