"""RunInstances: what it refuses, what it chooses, and that nothing asked for is dropped."""

import base64
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

Aws = Callable[..., Any]


def image(ec2: Any, architecture: str = "x86_64") -> dict[str, Any]:
    found = ec2.describe_images(Filters=[{"Name": "architecture", "Values": [architecture]}])["Images"]
    return next(each for each in found if each["State"] == "available")


def run(ec2: Any, **wanted: Any) -> list[dict[str, Any]]:
    asked = {"ImageId": image(ec2)["ImageId"], "InstanceType": "t3.micro", "MinCount": 1, "MaxCount": 1} | wanted
    instances: list[dict[str, Any]] = ec2.run_instances(**asked)["Instances"]
    return instances


def refusal(call: Callable[..., Any], **wanted: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        call(**wanted)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def described(ec2: Any, instance_id: str) -> dict[str, Any]:
    return ec2.describe_instances(InstanceIds=[instance_id])["Reservations"][0]["Instances"][0]


@pytest.mark.parametrize(
    ("wanted", "code", "message"),
    [
        ({"ImageId": "ami-00000000"}, "InvalidAMIID.NotFound", "The image id '[ami-00000000]' does not exist"),
        ({"ImageId": "ubuntu"}, "InvalidAMIID.Malformed", 'Invalid id: "ubuntu" (expecting "ami-...")'),
        ({"InstanceType": "t3.huge"}, "InvalidParameterValue", "Invalid value 't3.huge' for InstanceType."),
        ({"KeyName": "nobodys"}, "InvalidKeyPair.NotFound", "The key pair 'nobodys' does not exist"),
        (
            {"SecurityGroupIds": ["sg-0123456789abcdef0"]},
            "InvalidGroup.NotFound",
            "The security group 'sg-0123456789abcdef0' does not exist",
        ),
        ({"SubnetId": "subnet-12345678"}, "InvalidSubnetID.NotFound", "The subnet ID 'subnet-12345678' does not exist"),
        (
            {"Placement": {"AvailabilityZone": "eu-west-1a"}},
            "InvalidParameterValue",
            "Invalid availability zone: [eu-west-1a]",
        ),
        (
            {"MinCount": 3, "MaxCount": 2},
            "InvalidParameterValue",
            "Maximum instance count must not be smaller than minimum instance count",
        ),
        (
            {"IamInstanceProfile": {"Name": "nobody"}},
            "InvalidParameterValue",
            "Value (nobody) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name",
        ),
        (
            {"MetadataOptions": {"HttpTokens": "perhaps"}},
            "InvalidParameterValue",
            "Value (perhaps) for parameter HttpTokens is invalid. Valid values are: optional, required.",
        ),
        (
            {"LaunchTemplate": {"LaunchTemplateId": "lt-00000000000000000"}},
            "InvalidLaunchTemplateId.NotFound",
            None,
        ),
        (
            {"TagSpecifications": [{"ResourceType": "snapshot", "Tags": [{"Key": "a", "Value": "b"}]}]},
            "InvalidParameterValue",
            "'snapshot' is not a valid taggable resource type for this operation.",
        ),
    ],
)
def test_refuses_before_anything_is_made(aws: Aws, wanted: dict[str, Any], code: str, message: str | None) -> None:
    ec2 = aws("ec2")
    said = refusal(lambda **asked: run(ec2, **asked), **wanted)
    assert said[0] == code
    assert message is None or said[1] == message
    assert ec2.describe_instances()["Reservations"] == []
    assert ec2.describe_volumes()["Volumes"] == []


def test_refuses_a_launch_without_an_image(aws: Aws) -> None:
    said = refusal(aws("ec2").run_instances, MinCount=1, MaxCount=1)
    assert said == ("MissingParameter", "The request must contain the parameter ImageId")


def test_refuses_an_image_that_is_not_available(aws: Aws) -> None:
    ec2 = aws("ec2")
    [instance] = run(ec2)
    image_id = ec2.create_image(InstanceId=instance["InstanceId"], Name="mine")["ImageId"]
    ec2.disable_image(ImageId=image_id)
    assert refusal(lambda **asked: run(ec2, **asked), ImageId=image_id)[0] == "InvalidAMIID.Unavailable"


def test_refuses_a_group_of_another_vpc(aws: Aws) -> None:
    ec2 = aws("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    group = ec2.create_security_group(GroupName="far", Description="d", VpcId=vpc)["GroupId"]
    code, message = refusal(lambda **asked: run(ec2, **asked), SecurityGroupIds=[group])
    assert code == "InvalidGroup.NotFound"
    assert message.startswith(f"The security group '{group}' does not exist in VPC 'vpc-")


def test_a_dry_run_is_checked_and_launches_nothing(aws: Aws) -> None:
    ec2 = aws("ec2")
    assert refusal(lambda **asked: run(ec2, **asked), DryRun=True)[0] == "DryRunOperation"
    assert refusal(lambda **asked: run(ec2, **asked), DryRun=True, KeyName="x")[0] == "InvalidKeyPair.NotFound"
    assert ec2.describe_instances()["Reservations"] == []


def test_launches_as_many_as_asked_and_numbers_them(aws: Aws) -> None:
    ec2 = aws("ec2")
    instances = run(ec2, MinCount=1, MaxCount=3)
    assert [each["AmiLaunchIndex"] for each in instances] == [0, 1, 2]


def test_the_root_volume_is_the_images_own(aws: Aws) -> None:
    ec2 = aws("ec2")
    source = image(ec2)
    [instance] = run(ec2, ImageId=source["ImageId"])
    root = next(each for each in source["BlockDeviceMappings"] if each["DeviceName"] == source["RootDeviceName"])
    seen = described(ec2, instance["InstanceId"])
    [mapping] = seen["BlockDeviceMappings"]
    assert (mapping["DeviceName"], seen["RootDeviceName"]) == (source["RootDeviceName"], source["RootDeviceName"])
    assert mapping["Ebs"]["DeleteOnTermination"] is root["Ebs"]["DeleteOnTermination"] is True
    [volume] = ec2.describe_volumes()["Volumes"]
    assert (volume["SnapshotId"], volume["Size"]) == (root["Ebs"]["SnapshotId"], root["Ebs"]["VolumeSize"])


def test_block_devices_as_asked(aws: Aws) -> None:
    ec2 = aws("ec2")
    source = image(ec2)
    [instance] = run(
        ec2,
        BlockDeviceMappings=[
            {"DeviceName": source["RootDeviceName"], "Ebs": {"VolumeSize": 40, "VolumeType": "gp3", "Encrypted": True}},
            {
                "DeviceName": "/dev/sdf",
                "Ebs": {
                    "VolumeSize": 100,
                    "VolumeType": "gp3",
                    "Iops": 4000,
                    "Throughput": 250,
                    "DeleteOnTermination": False,
                },
            },
        ],
        TagSpecifications=[{"ResourceType": "volume", "Tags": [{"Key": "Lab", "Value": "demo"}]}],
    )
    volumes = {each["Attachments"][0]["Device"]: each for each in ec2.describe_volumes()["Volumes"]}
    assert set(volumes) == {source["RootDeviceName"], "/dev/sdf"}
    root, data = volumes[source["RootDeviceName"]], volumes["/dev/sdf"]
    assert (root["Size"], root["VolumeType"], root["Encrypted"]) == (40, "gp3", True)
    assert root["SnapshotId"].startswith("snap-")
    assert (data["Size"], data["Iops"], data["Throughput"]) == (100, 4000, 250)
    assert all(each["Tags"] == [{"Key": "Lab", "Value": "demo"}] for each in volumes.values())
    kept = {
        each["DeviceName"]: each["Ebs"]["DeleteOnTermination"]
        for each in described(ec2, instance["InstanceId"])["BlockDeviceMappings"]
    }
    assert kept == {source["RootDeviceName"]: True, "/dev/sdf": False}


def test_a_root_volume_smaller_than_its_snapshot_is_refused(aws: Aws) -> None:
    ec2 = aws("ec2")
    device = {"DeviceName": image(ec2)["RootDeviceName"], "Ebs": {"VolumeSize": 1}}
    code, message = refusal(lambda **asked: run(ec2, **asked), BlockDeviceMappings=[device])
    assert code == "InvalidBlockDeviceMapping"
    assert message.startswith("Volume of size 1GB is smaller than snapshot 'snap-")
    assert ec2.describe_instances()["Reservations"] == []


def test_options_are_kept_and_shown(aws: Aws) -> None:
    ec2 = aws("ec2")
    [launched] = run(
        ec2,
        InstanceType="c5.2xlarge",
        CpuOptions={"CoreCount": 2, "ThreadsPerCore": 1},
        EnclaveOptions={"Enabled": True},
        EbsOptimized=True,
        DisableApiTermination=True,
        Placement={"Tenancy": "dedicated"},
        MaintenanceOptions={"AutoRecovery": "disabled"},
        PrivateDnsNameOptions={"HostnameType": "resource-name", "EnableResourceNameDnsARecord": True},
        CapacityReservationSpecification={"CapacityReservationPreference": "none"},
        MetadataOptions={"HttpTokens": "required", "HttpPutResponseHopLimit": 2, "InstanceMetadataTags": "enabled"},
        Monitoring={"Enabled": True},
        UserData="#!/bin/sh\ntrue\n",
    )
    seen = described(ec2, launched["InstanceId"])
    assert seen["CpuOptions"] == {"CoreCount": 2, "ThreadsPerCore": 1}
    assert seen["EnclaveOptions"] == {"Enabled": True}
    assert seen["EbsOptimized"] is True
    assert seen["Placement"]["Tenancy"] == "dedicated"
    assert seen["MaintenanceOptions"]["AutoRecovery"] == "disabled"
    assert seen["PrivateDnsNameOptions"]["HostnameType"] == "resource-name"
    assert seen["CapacityReservationSpecification"]["CapacityReservationPreference"] == "none"
    assert seen["Monitoring"]["State"] == "enabled"
    options = seen["MetadataOptions"]
    assert (options["HttpTokens"], options["HttpPutResponseHopLimit"]) == ("required", 2)
    assert options["InstanceMetadataTags"] == "enabled"
    user_data = ec2.describe_instance_attribute(InstanceId=launched["InstanceId"], Attribute="userData")
    assert base64.b64decode(user_data["UserData"]["Value"]) == b"#!/bin/sh\ntrue\n"


def test_a_plain_launch_shows_ec2s_defaults(aws: Aws) -> None:
    ec2 = aws("ec2")
    [launched] = run(ec2)
    seen = described(ec2, launched["InstanceId"])
    assert seen["CpuOptions"] == {"CoreCount": 1, "ThreadsPerCore": 2}
    assert seen["EnclaveOptions"] == {"Enabled": False}
    assert seen["Placement"]["Tenancy"] == "default"
    assert seen["PlatformDetails"] == "Linux/UNIX"
    [interface] = seen["NetworkInterfaces"]
    assert interface["Attachment"]["DeleteOnTermination"] is True
    assert [group["GroupName"] for group in seen["SecurityGroups"]] == ["default"]
    subnet = ec2.describe_subnets(SubnetIds=[seen["SubnetId"]])["Subnets"][0]
    assert subnet["DefaultForAz"] is True


def test_interfaces_as_asked(aws: Aws) -> None:
    ec2 = aws("ec2")
    subnet = ec2.describe_subnets()["Subnets"][0]
    group = ec2.create_security_group(GroupName="g", Description="d")["GroupId"]
    start = subnet["CidrBlock"].rsplit(".", 1)[0]
    [launched] = run(
        ec2,
        NetworkInterfaces=[
            {
                "DeviceIndex": 0,
                "SubnetId": subnet["SubnetId"],
                "Description": "front door",
                "Groups": [group],
                "DeleteOnTermination": False,
                "PrivateIpAddresses": [
                    {"Primary": True, "PrivateIpAddress": f"{start}.77"},
                    {"Primary": False, "PrivateIpAddress": f"{start}.78"},
                ],
            },
            {"DeviceIndex": 1, "SubnetId": subnet["SubnetId"], "SecondaryPrivateIpAddressCount": 2},
        ],
        TagSpecifications=[{"ResourceType": "network-interface", "Tags": [{"Key": "Lab", "Value": "demo"}]}],
    )
    seen = described(ec2, launched["InstanceId"])
    first, second = sorted(seen["NetworkInterfaces"], key=lambda each: each["Attachment"]["DeviceIndex"])
    assert first["Description"] == "front door"
    assert [each["PrivateIpAddress"] for each in first["PrivateIpAddresses"]] == [f"{start}.77", f"{start}.78"]
    assert seen["PrivateIpAddress"] == f"{start}.77"
    assert [each["GroupId"] for each in first["Groups"]] == [group]
    assert [each["GroupId"] for each in seen["SecurityGroups"]] == [group]
    assert (first["Attachment"]["DeleteOnTermination"], second["Attachment"]["DeleteOnTermination"]) == (False, True)
    assert len({each["PrivateIpAddress"] for each in second["PrivateIpAddresses"]}) == 3
    for each in ec2.describe_network_interfaces()["NetworkInterfaces"]:
        assert each["TagSet"] == [{"Key": "Lab", "Value": "demo"}]


def test_every_instance_of_the_call_gets_the_profile(aws: Aws) -> None:
    ec2, iam = aws("ec2"), aws("iam")
    profile = iam.create_instance_profile(InstanceProfileName="seat")["InstanceProfile"]
    instances = run(ec2, MinCount=3, MaxCount=3, IamInstanceProfile={"Name": "seat"})
    for each in instances:
        assert described(ec2, each["InstanceId"])["IamInstanceProfile"]["Arn"] == profile["Arn"]


def test_a_replaced_profile_is_shown(aws: Aws) -> None:
    ec2, iam = aws("ec2"), aws("iam")
    iam.create_instance_profile(InstanceProfileName="old")
    new = iam.create_instance_profile(InstanceProfileName="new")["InstanceProfile"]
    [launched] = run(ec2, IamInstanceProfile={"Name": "old"})
    [association] = ec2.describe_iam_instance_profile_associations()["IamInstanceProfileAssociations"]
    ec2.replace_iam_instance_profile_association(
        AssociationId=association["AssociationId"], IamInstanceProfile={"Name": "new"}
    )
    seen = described(ec2, launched["InstanceId"])["IamInstanceProfile"]
    assert seen == {"Arn": new["Arn"], "Id": new["InstanceProfileId"]}
