"""Launch templates and their versions."""

import base64
from typing import Any

import pytest
from botocore.exceptions import ClientError


@pytest.fixture
def ec2(aws: Any) -> Any:
    return aws("ec2")


@pytest.fixture
def template(ec2: Any) -> str:
    made = ec2.create_launch_template(
        LaunchTemplateName="seat",
        VersionDescription="first",
        LaunchTemplateData={
            "ImageId": ec2.describe_images()["Images"][0]["ImageId"],
            "InstanceType": "t3.micro",
            "TagSpecifications": [{"ResourceType": "instance", "Tags": [{"Key": "Of", "Value": "instance"}]}],
        },
        TagSpecifications=[{"ResourceType": "launch-template", "Tags": [{"Key": "Of", "Value": "template"}]}],
    )
    template_id: str = made["LaunchTemplate"]["LaunchTemplateId"]
    return template_id


def add(ec2: Any, template: str, **asked: Any) -> int:
    asked = {"LaunchTemplateData": {"InstanceType": "t3.small"}, **asked}
    version = ec2.create_launch_template_version(LaunchTemplateId=template, **asked)["LaunchTemplateVersion"]
    number: int = version["VersionNumber"]
    return number


def numbers(ec2: Any, template: str, **asked: Any) -> list[int]:
    told = ec2.describe_launch_template_versions(LaunchTemplateId=template, **asked)["LaunchTemplateVersions"]
    return [each["VersionNumber"] for each in told]


def test_a_number_is_never_given_again(ec2: Any, template: str) -> None:
    assert [add(ec2, template), add(ec2, template)] == [2, 3]
    answer = ec2.delete_launch_template_versions(LaunchTemplateId=template, Versions=["2", "9"])
    assert [each["VersionNumber"] for each in answer["SuccessfullyDeletedLaunchTemplateVersions"]] == [2]
    failed = answer["UnsuccessfullyDeletedLaunchTemplateVersions"][0]
    assert (failed["VersionNumber"], failed["ResponseError"]["Code"]) == (9, "launchTemplateVersionDoesNotExist")
    assert add(ec2, template) == 4
    assert sorted(numbers(ec2, template)) == [1, 3, 4]
    assert numbers(ec2, template, Versions=["$Latest", "$Default", "3"]) == [4, 1, 3]
    with pytest.raises(ClientError, match=r"InvalidLaunchTemplateId\.VersionNotFound"):
        numbers(ec2, template, Versions=["2"])


def test_the_latest_deleted_is_not_numbered_anew(ec2: Any, template: str) -> None:
    add(ec2, template)
    ec2.delete_launch_template_versions(LaunchTemplateId=template, Versions=["2"])
    assert add(ec2, template) == 3


def test_the_default_version_stays_until_another_is_default(ec2: Any, template: str) -> None:
    add(ec2, template)
    with pytest.raises(ClientError, match="default version 1"):
        ec2.delete_launch_template_versions(LaunchTemplateId=template, Versions=["1"])
    changed = ec2.modify_launch_template(LaunchTemplateName="seat", DefaultVersion="2")["LaunchTemplate"]
    assert (changed["DefaultVersionNumber"], changed["LatestVersionNumber"]) == (2, 2)
    ec2.delete_launch_template_versions(LaunchTemplateId=template, Versions=["1"])
    assert numbers(ec2, template, Versions=["$Default"]) == [2]
    assert ec2.describe_launch_templates()["LaunchTemplates"][0]["DefaultVersionNumber"] == 2


def test_bounds_pages_and_filters(ec2: Any, template: str) -> None:
    for _ in range(5):
        add(ec2, template)
    ec2.delete_launch_template_versions(LaunchTemplateId=template, Versions=["3"])
    assert sorted(numbers(ec2, template, MinVersion="2", MaxVersion="4")) == [2, 4]
    pages = list(
        ec2.get_paginator("describe_launch_template_versions").paginate(
            LaunchTemplateId=template, PaginationConfig={"PageSize": 2}
        )
    )
    assert [len(page["LaunchTemplateVersions"]) for page in pages] == [2, 2, 1]
    assert numbers(ec2, template, Filters=[{"Name": "instance-type", "Values": ["t3.micro"]}]) == [1]
    assert numbers(ec2, template, Filters=[{"Name": "is-default-version", "Values": ["true"]}]) == [1]
    everywhere = ec2.describe_launch_template_versions(Versions=["$Latest"])["LaunchTemplateVersions"]
    assert [each["VersionNumber"] for each in everywhere] == [6]


def test_a_version_starts_from_its_source(ec2: Any, template: str) -> None:
    user_data = base64.b64encode(b"#!/bin/sh\n").decode()
    add(ec2, template, SourceVersion="1", LaunchTemplateData={"UserData": user_data})
    told = ec2.describe_launch_template_versions(LaunchTemplateId=template, Versions=["2"])["LaunchTemplateVersions"]
    data = told[0]["LaunchTemplateData"]
    assert (data["InstanceType"], data["UserData"]) == ("t3.micro", user_data)


def test_a_templates_own_tags_are_not_its_instances(ec2: Any, template: str) -> None:
    told = ec2.describe_launch_template_versions(LaunchTemplateId=template)["LaunchTemplateVersions"][0]
    tags = told["LaunchTemplateData"]["TagSpecifications"]
    assert tags == [{"ResourceType": "instance", "Tags": [{"Key": "Of", "Value": "instance"}]}]
    ec2.create_tags(Resources=[template], Tags=[{"Key": "Later", "Value": "y"}])
    shown = ec2.describe_launch_templates(LaunchTemplateIds=[template])["LaunchTemplates"][0]["Tags"]
    assert {each["Key"]: each["Value"] for each in shown} == {"Of": "template", "Later": "y"}


def test_the_right_words_for_what_does_not_exist(ec2: Any, template: str) -> None:
    with pytest.raises(ClientError, match=r"InvalidLaunchTemplateName\.NotFoundException.*name none"):
        ec2.delete_launch_template(LaunchTemplateName="none")
    with pytest.raises(ClientError, match=r"InvalidLaunchTemplateId\.NotFound"):
        ec2.describe_launch_templates(LaunchTemplateIds=["lt-0123456789abcdef0"])
    gone = ec2.delete_launch_template(LaunchTemplateName="seat")["LaunchTemplate"]
    assert (gone["LaunchTemplateId"], gone["LatestVersionNumber"]) == (template, 1)


def test_a_template_read_off_an_instance(ec2: Any, template: str) -> None:
    launched = ec2.run_instances(
        LaunchTemplate={"LaunchTemplateId": template, "Version": "$Latest"},
        MinCount=1,
        MaxCount=1,
        MetadataOptions={"HttpTokens": "required"},
    )["Instances"][0]["InstanceId"]
    data = ec2.get_launch_template_data(InstanceId=launched)["LaunchTemplateData"]
    assert [each["DeviceName"] for each in data["BlockDeviceMappings"]] == ["/dev/sda1"]
    assert data["MetadataOptions"]["HttpTokens"] == "required"
    assert data["NetworkInterfaces"][0]["Groups"][0].startswith("sg-")
