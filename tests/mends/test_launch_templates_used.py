"""Launching from a template: all of it is used, and the call's own parameters win."""

from collections.abc import Callable
from typing import Any

from test_launch import described, image, run

Aws = Callable[..., Any]


def from_template(ec2: Any, data: dict[str, Any], **wanted: Any) -> dict[str, Any]:
    template = ec2.create_launch_template(LaunchTemplateName="seat", LaunchTemplateData=data)["LaunchTemplate"]
    [launched] = ec2.run_instances(
        MinCount=1, MaxCount=1, LaunchTemplate={"LaunchTemplateId": template["LaunchTemplateId"]}, **wanted
    )["Instances"]
    return described(ec2, launched["InstanceId"])


def everything(ec2: Any) -> dict[str, Any]:
    source = image(ec2)
    return {
        "ImageId": source["ImageId"],
        "InstanceType": "t3.small",
        "BlockDeviceMappings": [
            {"DeviceName": source["RootDeviceName"], "Ebs": {"VolumeSize": 33, "VolumeType": "gp3"}}
        ],
        "MetadataOptions": {"HttpTokens": "required", "HttpPutResponseHopLimit": 3},
        "InstanceInitiatedShutdownBehavior": "terminate",
        "Placement": {"Tenancy": "dedicated"},
        "NetworkInterfaces": [{"DeviceIndex": 0, "Description": "from the template"}],
        "TagSpecifications": [
            {"ResourceType": "instance", "Tags": [{"Key": "Lab", "Value": "t"}, {"Key": "Task", "Value": "t"}]},
            {"ResourceType": "volume", "Tags": [{"Key": "Lab", "Value": "t"}]},
            {"ResourceType": "network-interface", "Tags": [{"Key": "Lab", "Value": "t"}]},
        ],
        "UserData": "IyEvYmluL3No",
    }


def test_a_template_alone_is_enough(aws: Aws) -> None:
    ec2, iam = aws("ec2"), aws("iam")
    iam.create_instance_profile(InstanceProfileName="seat")
    seen = from_template(ec2, everything(ec2) | {"IamInstanceProfile": {"Name": "seat"}})
    assert seen["InstanceType"] == "t3.small"
    assert seen["MetadataOptions"]["HttpTokens"] == "required"
    assert seen["Placement"]["Tenancy"] == "dedicated"
    assert seen["NetworkInterfaces"][0]["Description"] == "from the template"
    assert seen["IamInstanceProfile"]["Arn"].endswith("/seat")
    [volume] = ec2.describe_volumes()["Volumes"]
    assert (volume["Size"], volume["VolumeType"]) == (33, "gp3")
    assert volume["Tags"] == [{"Key": "Lab", "Value": "t"}]
    tags = {tag["Key"]: tag["Value"] for tag in seen["Tags"]}
    assert tags.pop("aws:ec2launchtemplate:version") == "1"
    assert tags.pop("aws:ec2launchtemplate:id").startswith("lt-")
    assert tags == {"Lab": "t", "Task": "t"}
    asked = {"InstanceId": seen["InstanceId"], "Attribute": "instanceInitiatedShutdownBehavior"}
    assert ec2.describe_instance_attribute(**asked)["InstanceInitiatedShutdownBehavior"] == {"Value": "terminate"}
    asked["Attribute"] = "userData"
    assert ec2.describe_instance_attribute(**asked)["UserData"] == {"Value": "IyEvYmluL3No"}


def test_the_call_wins_over_the_template(aws: Aws) -> None:
    ec2 = aws("ec2")
    source = image(ec2)
    seen = from_template(
        ec2,
        everything(ec2),
        InstanceType="t3.micro",
        BlockDeviceMappings=[{"DeviceName": source["RootDeviceName"], "Ebs": {"VolumeSize": 50}}],
        MetadataOptions={"HttpTokens": "optional"},
        TagSpecifications=[{"ResourceType": "instance", "Tags": [{"Key": "Lab", "Value": "call"}]}],
    )
    assert seen["InstanceType"] == "t3.micro"
    assert ec2.describe_volumes()["Volumes"][0]["Size"] == 50
    options = seen["MetadataOptions"]
    assert (options["HttpTokens"], options["HttpPutResponseHopLimit"]) == ("optional", 3)
    tags = {tag["Key"]: tag["Value"] for tag in seen["Tags"]}
    assert (tags["Lab"], tags["Task"]) == ("call", "t")


def test_a_template_for_spot_gives_spot(aws: Aws) -> None:
    ec2 = aws("ec2")
    seen = from_template(ec2, everything(ec2) | {"InstanceMarketOptions": {"MarketType": "spot"}})
    assert seen["InstanceLifecycle"] == "spot"
    assert seen["SpotInstanceRequestId"].startswith("sir-")


def test_the_named_version_is_used(aws: Aws) -> None:
    ec2 = aws("ec2")
    data = {"ImageId": image(ec2)["ImageId"], "InstanceType": "t3.small"}
    ec2.create_launch_template(LaunchTemplateName="seat", LaunchTemplateData=data)
    ec2.create_launch_template_version(
        LaunchTemplateName="seat", LaunchTemplateData=data | {"InstanceType": "t3.large"}
    )
    kinds = [
        ec2.run_instances(MinCount=1, MaxCount=1, LaunchTemplate={"LaunchTemplateName": "seat", **version})[
            "Instances"
        ][0]["InstanceType"]
        for version in ({}, {"Version": "$Latest"}, {"Version": "2"}, {"Version": "1"})
    ]
    assert kinds == ["t3.small", "t3.large", "t3.large", "t3.small"]


def test_groups_of_the_call_replace_those_of_the_template(aws: Aws) -> None:
    ec2 = aws("ec2")
    old = ec2.create_security_group(GroupName="old", Description="d")["GroupId"]
    new = ec2.create_security_group(GroupName="new", Description="d")["GroupId"]
    data = {"ImageId": image(ec2)["ImageId"], "InstanceType": "t3.micro", "SecurityGroupIds": [old]}
    seen = from_template(ec2, data, SecurityGroups=["new"])
    assert [group["GroupId"] for group in seen["SecurityGroups"]] == [new]
    [plain] = run(ec2, LaunchTemplate={"LaunchTemplateName": "seat"})
    assert [group["GroupId"] for group in plain["SecurityGroups"]] == [old]
