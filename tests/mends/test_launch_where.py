"""In which zone instances land, how many, and what EC2 says when they cannot."""

from collections.abc import Callable
from typing import Any

import pytest
from test_launch import described, image, refusal, run

from localcloud.mends.ec2 import offerings

Aws = Callable[..., Any]


def test_a_type_that_the_zone_does_not_have(aws: Aws) -> None:
    ec2 = aws("ec2")
    said = refusal(lambda **asked: run(ec2, **asked), Placement={"AvailabilityZone": "us-east-1e"})
    assert said == (
        "Unsupported",
        (
            "Your requested instance type (t3.micro) is not supported in your requested Availability Zone "
            "(us-east-1e). Please retry your request by not specifying an Availability Zone or choosing us-east-1a, "
            "us-east-1b, us-east-1c, us-east-1d, us-east-1f."
        ),
    )


def test_the_zone_of_a_subnet_counts_too(aws: Aws) -> None:
    ec2 = aws("ec2")
    subnets = ec2.describe_subnets(Filters=[{"Name": "availability-zone", "Values": ["us-east-1e"]}])["Subnets"]
    assert refusal(lambda **asked: run(ec2, **asked), SubnetId=subnets[0]["SubnetId"])[0] == "Unsupported"


def test_without_a_zone_ec2_picks_one_that_has_the_type(aws: Aws) -> None:
    ec2 = aws("ec2", "us-west-1")
    offered = ec2.describe_instance_type_offerings(
        LocationType="availability-zone", Filters=[{"Name": "instance-type", "Values": ["c7a.large", "t2.micro"]}]
    )["InstanceTypeOfferings"]
    for kind in {each["InstanceType"] for each in offered}:
        [launched] = run(ec2, InstanceType=kind)
        zones = [each["Location"] for each in offered if each["InstanceType"] == kind]
        assert described(ec2, launched["InstanceId"])["Placement"]["AvailabilityZone"] in zones


def test_an_image_of_another_architecture(aws: Aws) -> None:
    ec2 = aws("ec2")
    code, message = refusal(lambda **asked: run(ec2, **asked), InstanceType="t4g.micro")
    assert code == "InvalidParameterValue"
    assert message.startswith(
        "The architecture 'arm64' of the specified instance type does not match the architecture 'x86_64' of the "
        "specified AMI. Specify an instance type and an AMI that have matching architectures, and try again."
    )
    snapshot = image(ec2)["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"]
    arm = ec2.register_image(
        Name="arm",
        Architecture="arm64",
        RootDeviceName="/dev/sda1",
        BlockDeviceMappings=[{"DeviceName": "/dev/sda1", "Ebs": {"SnapshotId": snapshot}}],
    )["ImageId"]
    [launched] = run(ec2, InstanceType="t4g.micro", ImageId=arm)
    assert launched["Architecture"] == "arm64"
    assert refusal(lambda **asked: run(ec2, **asked), ImageId=arm)[0] == "InvalidParameterValue"


def only(zone: str, count: int) -> Callable[[Any, str, str, int], int]:
    return lambda backend, kind, where, wanted: min(count, wanted) if where == zone else 0


def test_as_many_as_there_is_room_for(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(offerings, "capacity", only("us-east-1b", 3))
    ec2 = aws("ec2")
    instances = run(ec2, MinCount=2, MaxCount=5)
    assert len(instances) == 3
    assert {each["Placement"]["AvailabilityZone"] for each in instances} == {"us-east-1b"}


def test_less_than_the_least_is_none(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(offerings, "capacity", only("us-east-1b", 3))
    ec2 = aws("ec2")
    wanted = {"MinCount": 3, "MaxCount": 3, "Placement": {"AvailabilityZone": "us-east-1a"}}
    code, message = refusal(lambda **asked: run(ec2, **asked), **wanted)
    assert code == "InsufficientInstanceCapacity"
    assert "do not have sufficient t3.micro capacity in the Availability Zone you requested (us-east-1a)" in message
    assert message.endswith("or choosing us-east-1b.")
    assert refusal(lambda **asked: run(ec2, **asked), MinCount=4, MaxCount=9)[0] == "InsufficientInstanceCapacity"
    assert ec2.describe_instances()["Reservations"] == []
