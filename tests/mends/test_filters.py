"""Filters as EC2 reads them."""

from typing import Any

import pytest
from botocore.exceptions import ClientError


def test_any_value_matches_and_only_star_and_question_mark_are_wildcards(aws: Any) -> None:
    ec2 = aws("ec2")
    made = {}
    for name in ("class-[a]", "class-b", "other"):
        volume = ec2.create_volume(
            AvailabilityZone="us-east-1a",
            Size=1,
            TagSpecifications=[{"ResourceType": "volume", "Tags": [{"Key": "Name", "Value": name}]}],
        )
        made[volume["VolumeId"]] = name

    def named(*patterns: str) -> set[str]:
        found = ec2.describe_volumes(Filters=[{"Name": "tag:Name", "Values": list(patterns)}])["Volumes"]
        return {made[volume["VolumeId"]] for volume in found}

    assert named("class-*") == {"class-[a]", "class-b"}
    assert named("class-?") == {"class-b"}
    assert named("class-[a]") == {"class-[a]"}
    assert named("other", "class-b") == {"other", "class-b"}
    assert named(r"class-\*") == set()


def test_an_unknown_filter_is_named_in_the_refusal(aws: Any) -> None:
    ec2 = aws("ec2")
    ec2.create_volume(AvailabilityZone="us-east-1a", Size=1)
    with pytest.raises(ClientError, match=r"InvalidParameterValue.*The filter 'colour' is invalid"):
        ec2.describe_volumes(Filters=[{"Name": "colour", "Values": ["red"]}])


def test_a_set_matches_when_one_of_its_members_does(aws: Any) -> None:
    ec2 = aws("ec2")
    subnet = ec2.describe_subnets()["Subnets"][0]
    groups = [
        ec2.create_security_group(GroupName=name, Description=name, VpcId=subnet["VpcId"])["GroupId"]
        for name in ("one", "two", "three")
    ]
    eni = ec2.create_network_interface(SubnetId=subnet["SubnetId"], Groups=groups[:2])["NetworkInterface"]
    found = ec2.describe_network_interfaces(Filters=[{"Name": "group-id", "Values": [groups[0], groups[2]]}])
    assert [each["NetworkInterfaceId"] for each in found["NetworkInterfaces"]] == [eni["NetworkInterfaceId"]]
