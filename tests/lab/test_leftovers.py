"""What seats leave behind, where EC2 refuses or others hold it. All else of it is in molecule/lab_leftovers."""

import uuid
from typing import Any

import pytest

from classlab.gone.leftovers import Removal, remove
from localcloud import LocalCloud

IMAGE = "/aws/service/canonical/ubuntu/server/24.04/stable/current/amd64/hvm/ebs-gp3/ami-id"


class Lab:
    """Makes things in the cloud that carry the lab's tags."""

    def __init__(self, cloud: LocalCloud) -> None:
        self.cloud, self.name = cloud, f"lab-{uuid.uuid4().hex[:8]}"
        self.ec2 = cloud.client("ec2")

    def tags(self, kind: str) -> list[dict[str, Any]]:
        tags = {"Lab": self.name, "ManagedBy": "classlab"}
        return [{"ResourceType": kind, "Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}]

    def volume(self) -> str:
        made = self.ec2.create_volume(AvailabilityZone="us-east-1a", Size=1, TagSpecifications=self.tags("volume"))
        return str(made["VolumeId"])

    def address(self) -> str:
        return str(self.ec2.allocate_address(TagSpecifications=self.tags("elastic-ip"))["AllocationId"])

    def clear(self, seconds: float = 5) -> Removal:
        return remove(self.name, "us-east-1", self.ec2, seconds)


@pytest.fixture
def lab(cloud: LocalCloud) -> Lab:
    return Lab(cloud)


def test_what_is_on_somebody_elses_machine_stays_on_it(lab: Lab) -> None:
    image = lab.cloud.client("ssm").get_parameter(Name=IMAGE)["Parameter"]["Value"]
    made = lab.ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1, InstanceType="t3.micro")
    foreign, disk, address = made["Instances"][0]["InstanceId"], lab.volume(), lab.address()
    lab.ec2.get_waiter("instance_running").wait(InstanceIds=[foreign], WaiterConfig={"Delay": 1})
    lab.ec2.attach_volume(InstanceId=foreign, VolumeId=disk, Device="/dev/sdf")
    lab.ec2.associate_address(InstanceId=foreign, AllocationId=address)
    done = lab.clear()
    assert done.removed == []
    why = f"It is held by {foreign}, which does not carry the lab's tags: take it off there."
    assert [(each.thing.id, each.why) for each in done.stays] == [(address, why), (disk, why)]
    assert lab.ec2.describe_volumes(VolumeIds=[disk])["Volumes"][0]["State"] == "in-use"
    assert lab.ec2.describe_addresses(AllocationIds=[address])["Addresses"][0]["InstanceId"] == foreign


def test_what_is_busy_is_tried_again(lab: Lab) -> None:
    disk = lab.volume()
    lab.cloud.fault("ec2.DeleteVolume", "error=VolumeInUse", "next=2")
    done = lab.clear(seconds=20)
    assert ([each.id for each in done.removed], done.stays) == ([disk], [])
    assert lab.ec2.describe_volumes(Filters=[{"Name": "volume-id", "Values": [disk]}])["Volumes"] == []


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
    assert len(lab.ec2.describe_volumes(VolumeIds=[disk])["Volumes"]) == 1
