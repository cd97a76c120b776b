"""Pages: every Describe call that has MaxResults honours it."""

from typing import Any

import pytest
from botocore.exceptions import ClientError


@pytest.fixture
def volumes(aws: Any) -> list[str]:
    ec2 = aws("ec2")
    return [ec2.create_volume(AvailabilityZone="us-east-1a", Size=1)["VolumeId"] for _ in range(7)]


def test_pages_are_as_long_as_asked_and_lose_nothing(aws: Any, volumes: list[str]) -> None:
    pages = list(aws("ec2").get_paginator("describe_volumes").paginate(PaginationConfig={"PageSize": 3}))
    assert [len(page["Volumes"]) for page in pages] == [3, 3, 1]
    assert {volume["VolumeId"] for page in pages for volume in page["Volumes"]} == set(volumes)


def test_what_a_page_told_may_be_deleted_before_the_next_is_asked_for(aws: Any, volumes: list[str]) -> None:
    ec2 = aws("ec2")
    for page in ec2.get_paginator("describe_volumes").paginate(PaginationConfig={"PageSize": 3}):
        for volume in page["Volumes"]:
            ec2.delete_volume(VolumeId=volume["VolumeId"])
    assert ec2.describe_volumes()["Volumes"] == []


def test_snapshots_images_and_templates_page_too(aws: Any, volumes: list[str]) -> None:
    ec2 = aws("ec2")
    for place, volume in enumerate(volumes):
        ec2.create_snapshot(VolumeId=volume)
        ec2.create_launch_template(LaunchTemplateName=f"template-{place}", LaunchTemplateData={"ImageId": "ami-1"})
    for call, key in (("describe_snapshots", "Snapshots"), ("describe_launch_templates", "LaunchTemplates")):
        pages = list(ec2.get_paginator(call).paginate(PaginationConfig={"PageSize": 5}))
        assert [len(page[key]) for page in pages] == [5, 2]


def test_a_token_of_nobody_is_refused(aws: Any, volumes: list[str]) -> None:
    with pytest.raises(ClientError, match="InvalidNextToken"):
        aws("ec2").describe_volumes(MaxResults=5, NextToken="nonsense")
