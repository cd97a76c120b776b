"""Nothing that is asked for is dropped: what a request says is told back by the Describe that belongs to it."""

import base64
from collections.abc import Callable
from typing import Any

import pytest

Client = Callable[..., Any]
TAGS = [{"Key": "Lab", "Value": "trips"}, {"Key": "Owner", "Value": "teacher"}]
DATA = base64.b64encode(b"#!/bin/sh\necho hello\n").decode()


def tagged(*kinds: str) -> list[dict[str, Any]]:
    return [{"ResourceType": kind, "Tags": TAGS} for kind in kinds]


def missing(asked: Any, told: Any, path: str = "") -> list[str]:
    """What of `asked` is not in `told`. A list may come back in another order, and with more in it."""
    if isinstance(asked, dict):
        if not isinstance(told, dict):
            return [f"{path}: {asked} became {told}"]
        return [line for key in asked for line in missing(asked[key], told.get(key), f"{path}.{key}")]
    if isinstance(asked, list):
        if any(all(missing(each, other) for other in told or []) for each in asked):
            return [f"{path}: {asked} became {told}"]
        return []
    return [] if asked == told else [f"{path}: {asked!r} became {told!r}"]


@pytest.fixture
def ec2(client: Client) -> Any:
    return client("ec2")


@pytest.fixture
def subnet(ec2: Any) -> str:
    wanted = [{"Name": "availability-zone", "Values": ["us-east-1c"]}]
    value: str = ec2.describe_subnets(Filters=wanted)["Subnets"][0]["SubnetId"]
    return value


@pytest.fixture
def groups(ec2: Any) -> list[str]:
    found = ec2.describe_security_groups(Filters=[{"Name": "group-name", "Values": ["trip-*"]}])["SecurityGroups"]
    return [each["GroupId"] for each in found] or [
        ec2.create_security_group(GroupName=f"trip-{name}", Description=name)["GroupId"] for name in "ab"
    ]


def attribute(ec2: Any, instance: str, name: str) -> Any:
    key = name[0].upper() + name[1:]
    return ec2.describe_instance_attribute(InstanceId=instance, Attribute=name)[key].get("Value")


def test_instance(ec2: Any, client: Client, image: str, subnet: str, groups: list[str]) -> None:
    iam = client("iam")
    iam.create_instance_profile(InstanceProfileName="trips")
    ec2.create_placement_group(GroupName="trips", Strategy="partition", PartitionCount=3)
    key = ec2.create_key_pair(KeyName="trips", KeyType="ed25519", TagSpecifications=tagged("key-pair"))
    shown = {
        "ImageId": image,
        "InstanceType": "c5.xlarge",
        "KeyName": "trips",
        "EbsOptimized": True,
        "ClientToken": "trips-token",
        "CpuOptions": {"CoreCount": 1, "ThreadsPerCore": 1},
        "EnclaveOptions": {"Enabled": True},
        "MaintenanceOptions": {"AutoRecovery": "disabled"},
        "MetadataOptions": {
            "HttpTokens": "required",
            "HttpPutResponseHopLimit": 3,
            "HttpEndpoint": "enabled",
            "HttpProtocolIpv6": "disabled",
            "InstanceMetadataTags": "enabled",
        },
        "Placement": {
            "AvailabilityZone": "us-east-1c",
            "GroupName": "trips",
            "PartitionNumber": 2,
            "Tenancy": "default",
        },
        "PrivateDnsNameOptions": {
            "HostnameType": "resource-name",
            "EnableResourceNameDnsARecord": True,
            "EnableResourceNameDnsAAAARecord": False,
        },
        "CapacityReservationSpecification": {"CapacityReservationPreference": "none"},
    }
    disks = {
        "/dev/sda1": {"VolumeSize": 10, "VolumeType": "gp3", "Iops": 3500, "Throughput": 150, "Encrypted": True},
        "/dev/sdf": {"VolumeSize": 6, "VolumeType": "io2", "Iops": 500},
    }
    interface = {
        "DeviceIndex": 0,
        "SubnetId": subnet,
        "Groups": groups,
        "Description": "first",
        "DeleteOnTermination": True,
        "AssociatePublicIpAddress": False,
        "SecondaryPrivateIpAddressCount": 2,
    }
    [made] = ec2.run_instances(
        **shown, MinCount=1, MaxCount=1, UserData="#!/bin/sh\necho hello\n",
        Monitoring={"Enabled": True}, IamInstanceProfile={"Name": "trips"},
        DisableApiTermination=True, DisableApiStop=True, InstanceInitiatedShutdownBehavior="terminate",
        NetworkInterfaces=[interface],
        BlockDeviceMappings=[
            {"DeviceName": name, "Ebs": {**disk, "DeleteOnTermination": name == "/dev/sda1"}}
            for name, disk in disks.items()
        ],
        TagSpecifications=tagged("instance", "volume", "network-interface"),
    )["Instances"]  # fmt: skip
    instance = made["InstanceId"]
    ec2.get_waiter("instance_running").wait(InstanceIds=[instance])
    told = ec2.describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"][0]
    assert missing(shown, told) == []
    assert missing({"Tags": TAGS, "SubnetId": subnet, "Monitoring": {"State": "enabled"}}, told) == []
    assert missing([{"GroupId": group} for group in groups], told["SecurityGroups"]) == []
    assert told["IamInstanceProfile"]["Arn"].endswith(":instance-profile/trips")
    assert "PublicIpAddress" not in told

    volumes = ec2.describe_volumes(Filters=[{"Name": "attachment.instance-id", "Values": [instance]}])["Volumes"]
    assert len(volumes) == 2
    for volume in volumes:
        attached = volume["Attachments"][0]
        asked = {key.replace("VolumeSize", "Size"): value for key, value in disks[attached["Device"]].items()}
        assert missing({**asked, "Tags": TAGS}, volume) == []
        assert attached["DeleteOnTermination"] == (attached["Device"] == "/dev/sda1")

    [card] = ec2.describe_network_interfaces(Filters=[{"Name": "attachment.instance-id", "Values": [instance]}])[
        "NetworkInterfaces"
    ]
    assert missing({"Description": "first", "SubnetId": subnet, "TagSet": TAGS}, card) == []
    assert missing([{"GroupId": group} for group in groups], card["Groups"]) == []
    assert len(card["PrivateIpAddresses"]) == 3

    assert attribute(ec2, instance, "userData") == DATA
    assert attribute(ec2, instance, "disableApiTermination") is True
    assert attribute(ec2, instance, "disableApiStop") is True
    assert attribute(ec2, instance, "instanceInitiatedShutdownBehavior") == "terminate"
    assert ec2.describe_key_pairs(KeyNames=["trips"])["KeyPairs"][0]["KeyPairId"] == key["KeyPairId"]


def test_credits_of_a_burstable_instance(ec2: Any, image: str) -> None:
    [made] = ec2.run_instances(
        ImageId=image, InstanceType="t3.nano", MinCount=1, MaxCount=1, CreditSpecification={"CpuCredits": "unlimited"}
    )["Instances"]
    told = ec2.describe_instance_credit_specifications(InstanceIds=[made["InstanceId"]])
    assert told["InstanceCreditSpecifications"] == [{"InstanceId": made["InstanceId"], "CpuCredits": "unlimited"}]


@pytest.mark.parametrize(
    "asked",
    [
        {"Size": 10, "VolumeType": "gp3", "Iops": 4000, "Throughput": 250, "Encrypted": True},
        {"Size": 20, "VolumeType": "io2", "Iops": 1000, "MultiAttachEnabled": True},
        {"Size": 125, "VolumeType": "st1"},
        {"Size": 1},
    ],
)
def test_volume(ec2: Any, asked: dict[str, Any]) -> None:
    made = ec2.create_volume(AvailabilityZone="us-east-1b", TagSpecifications=tagged("volume"), **asked)
    told = ec2.describe_volumes(VolumeIds=[made["VolumeId"]])["Volumes"][0]
    assert missing({**asked, "AvailabilityZone": "us-east-1b", "Tags": TAGS}, told) == []
    assert missing({**asked, "Tags": TAGS}, made) == []


def test_network_interface(ec2: Any, subnet: str, groups: list[str]) -> None:
    base = ec2.describe_subnets(SubnetIds=[subnet])["Subnets"][0]["CidrBlock"].rsplit(".", 1)[0]
    made = ec2.create_network_interface(
        SubnetId=subnet, Description="trips", Groups=groups, ClientToken="trips-interface",
        PrivateIpAddresses=[
            {"PrivateIpAddress": f"{base}.200", "Primary": True}, {"PrivateIpAddress": f"{base}.201", "Primary": False},
        ],
        TagSpecifications=tagged("network-interface"),
    )["NetworkInterface"]  # fmt: skip
    told = ec2.describe_network_interfaces(NetworkInterfaceIds=[made["NetworkInterfaceId"]])["NetworkInterfaces"][0]
    asked = {
        "SubnetId": subnet,
        "Description": "trips",
        "PrivateIpAddress": f"{base}.200",
        "PrivateIpAddresses": [
            {"PrivateIpAddress": f"{base}.200", "Primary": True},
            {"PrivateIpAddress": f"{base}.201", "Primary": False},
        ],
        "Groups": [{"GroupId": group} for group in groups],
        "TagSet": TAGS,
        "InterfaceType": "interface",
    }
    assert missing(asked, told) == []
    assert missing(asked, made) == []


def test_launch_template(ec2: Any, image: str, subnet: str, groups: list[str]) -> None:
    data = {
        "ImageId": image,
        "InstanceType": "c5.xlarge",
        "KeyName": "anything",
        "EbsOptimized": True,
        "UserData": DATA,
        "KernelId": "aki-00000001",
        "RamDiskId": "ari-00000001",
        "Monitoring": {"Enabled": True},
        "DisableApiTermination": True,
        "DisableApiStop": True,
        "InstanceInitiatedShutdownBehavior": "terminate",
        "IamInstanceProfile": {"Name": "trips"},
        "CpuOptions": {"CoreCount": 1, "ThreadsPerCore": 2},
        "CreditSpecification": {"CpuCredits": "standard"},
        "EnclaveOptions": {"Enabled": False},
        "HibernationOptions": {"Configured": False},
        "MaintenanceOptions": {"AutoRecovery": "default"},
        "MetadataOptions": {"HttpTokens": "required", "HttpPutResponseHopLimit": 2, "InstanceMetadataTags": "enabled"},
        "Placement": {"AvailabilityZone": "us-east-1c", "GroupName": "trips", "Tenancy": "default"},
        "PrivateDnsNameOptions": {"HostnameType": "ip-name", "EnableResourceNameDnsARecord": True},
        "CapacityReservationSpecification": {"CapacityReservationPreference": "open"},
        "LicenseSpecifications": [{"LicenseConfigurationArn": "arn:aws:license-manager:us-east-1:1:license:x"}],
        "InstanceMarketOptions": {"MarketType": "spot", "SpotOptions": {"MaxPrice": "0.05"}},
        "BlockDeviceMappings": [
            {
                "DeviceName": "/dev/sda1",
                "Ebs": {"VolumeSize": 12, "VolumeType": "gp3", "Encrypted": True, "DeleteOnTermination": True},
            },
            {"DeviceName": "/dev/sdb", "NoDevice": ""},
        ],
        "NetworkInterfaces": [
            {
                "DeviceIndex": 0,
                "SubnetId": subnet,
                "Groups": groups,
                "Description": "x",
                "AssociatePublicIpAddress": True,
            }
        ],
        "TagSpecifications": tagged("instance", "volume"),
    }
    made = ec2.create_launch_template(
        LaunchTemplateName="trips", VersionDescription="first", LaunchTemplateData=data,
        TagSpecifications=tagged("launch-template"),
    )["LaunchTemplate"]  # fmt: skip
    ec2.create_launch_template_version(
        LaunchTemplateName="trips", SourceVersion="1", VersionDescription="second",
        LaunchTemplateData={"InstanceType": "c5.large"},
    )  # fmt: skip
    versions = ec2.describe_launch_template_versions(LaunchTemplateId=made["LaunchTemplateId"])[
        "LaunchTemplateVersions"
    ]
    told = {each["VersionDescription"]: each["LaunchTemplateData"] for each in versions}
    assert missing(data, told["first"]) == []
    assert missing({**data, "InstanceType": "c5.large"}, told["second"]) == []
    [template] = ec2.describe_launch_templates(LaunchTemplateNames=["trips"])["LaunchTemplates"]
    assert missing({"Tags": TAGS, "LatestVersionNumber": 2, "DefaultVersionNumber": 1}, template) == []


def test_image_registered_of_a_snapshot(ec2: Any) -> None:
    volume = ec2.create_volume(AvailabilityZone="us-east-1a", Size=4)["VolumeId"]
    snapshot = ec2.create_snapshot(VolumeId=volume, Description="trips", TagSpecifications=tagged("snapshot"))
    assert missing({"Description": "trips", "VolumeId": volume, "VolumeSize": 4, "Tags": TAGS}, snapshot) == []
    asked = {
        "Name": "trips",
        "Description": "of a snapshot",
        "Architecture": "arm64",
        "BootMode": "uefi",
        "EnaSupport": True,
        "ImdsSupport": "v2.0",
        "RootDeviceName": "/dev/xvda",
        "SriovNetSupport": "simple",
        "TpmSupport": "v2.0",
        "VirtualizationType": "hvm",
        "BlockDeviceMappings": [
            {
                "DeviceName": "/dev/xvda",
                "Ebs": {"SnapshotId": snapshot["SnapshotId"], "VolumeType": "gp3", "DeleteOnTermination": True},
            },
            {"DeviceName": "/dev/sdb", "Ebs": {"VolumeSize": 3, "VolumeType": "gp2"}},
        ],
    }
    made = ec2.register_image(**asked, TagSpecifications=tagged("image"))["ImageId"]
    told = ec2.describe_images(ImageIds=[made])["Images"][0]
    assert missing({**asked, "Tags": TAGS}, told) == []


def test_network(ec2: Any) -> None:
    vpc = ec2.create_vpc(
        CidrBlock="10.40.0.0/16", InstanceTenancy="dedicated", AmazonProvidedIpv6CidrBlock=True,
        TagSpecifications=tagged("vpc"),
    )["Vpc"]["VpcId"]  # fmt: skip
    told = ec2.describe_vpcs(VpcIds=[vpc])["Vpcs"][0]
    assert missing({"CidrBlock": "10.40.0.0/16", "InstanceTenancy": "dedicated", "Tags": TAGS}, told) == []
    six = told["Ipv6CidrBlockAssociationSet"][0]["Ipv6CidrBlock"].replace("::/56", "::/64")
    asked = {"VpcId": vpc, "CidrBlock": "10.40.7.0/24", "AvailabilityZone": "us-east-1d"}
    made = ec2.create_subnet(**asked, Ipv6CidrBlock=six, TagSpecifications=tagged("subnet"))["Subnet"]["SubnetId"]
    ec2.modify_subnet_attribute(SubnetId=made, MapPublicIpOnLaunch={"Value": True})
    ec2.modify_subnet_attribute(SubnetId=made, PrivateDnsHostnameTypeOnLaunch="resource-name")
    told = ec2.describe_subnets(SubnetIds=[made])["Subnets"][0]
    assert missing({**asked, "MapPublicIpOnLaunch": True, "Tags": TAGS}, told) == []
    assert told["Ipv6CidrBlockAssociationSet"][0]["Ipv6CidrBlock"] == six
    assert told["PrivateDnsNameOptionsOnLaunch"]["HostnameType"] == "resource-name"

    table = ec2.create_route_table(VpcId=vpc, TagSpecifications=tagged("route-table"))["RouteTable"]["RouteTableId"]
    out = ec2.create_egress_only_internet_gateway(VpcId=vpc, TagSpecifications=tagged("egress-only-internet-gateway"))[
        "EgressOnlyInternetGateway"
    ]["EgressOnlyInternetGatewayId"]
    route = {"DestinationIpv6CidrBlock": "::/0", "EgressOnlyInternetGatewayId": out}
    ec2.create_route(RouteTableId=table, **route)
    told = ec2.describe_route_tables(RouteTableIds=[table])["RouteTables"][0]
    assert missing({"Routes": [route], "Tags": TAGS}, told) == []

    acl = ec2.create_network_acl(VpcId=vpc, TagSpecifications=tagged("network-acl"))["NetworkAcl"]["NetworkAclId"]
    rule = {
        "RuleNumber": 7,
        "Protocol": "1",
        "RuleAction": "allow",
        "Egress": False,
        "CidrBlock": "0.0.0.0/0",
        "IcmpTypeCode": {"Type": 8, "Code": -1},
    }
    ec2.create_network_acl_entry(NetworkAclId=acl, **rule)
    told = ec2.describe_network_acls(NetworkAclIds=[acl])["NetworkAcls"][0]
    assert missing({"Entries": [rule], "Tags": TAGS}, told) == []
    assert [each["RuleNumber"] for each in told["Entries"] if each["RuleAction"] == "deny"] == [32767, 32767]

    group = ec2.create_security_group(
        GroupName="trips", Description="of trips", VpcId=vpc, TagSpecifications=tagged("security-group")
    )["GroupId"]
    permission = {
        "IpProtocol": "tcp",
        "FromPort": 22,
        "ToPort": 23,
        "IpRanges": [{"CidrIp": "203.0.113.0/24", "Description": "the class"}],
        "Ipv6Ranges": [{"CidrIpv6": "2001:db8::/32", "Description": "its other half"}],
        "UserIdGroupPairs": [{"GroupId": group, "Description": "itself"}],
    }
    ec2.authorize_security_group_ingress(
        GroupId=group, IpPermissions=[permission], TagSpecifications=tagged("security-group-rule")
    )
    told = ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"][0]
    asked = {"GroupName": "trips", "Description": "of trips", "VpcId": vpc, "Tags": TAGS, "IpPermissions": [permission]}
    assert missing(asked, told) == []
    rules = ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [group]}])["SecurityGroupRules"]
    assert [each["Tags"] for each in rules if not each["IsEgress"]] == [TAGS] * 3


def test_spot_request(ec2: Any, image: str, subnet: str, groups: list[str]) -> None:
    specification = {
        "ImageId": image,
        "InstanceType": "t3.micro",
        "SubnetId": subnet,
        "EbsOptimized": True,
        "Monitoring": {"Enabled": True},
        "BlockDeviceMappings": [{"DeviceName": "/dev/sda1", "Ebs": {"VolumeSize": 13, "VolumeType": "gp3"}}],
    }
    asked = {"SpotPrice": "0.050000", "Type": "persistent", "InstanceInterruptionBehavior": "stop"}
    made = ec2.request_spot_instances(
        **asked, InstanceCount=2, ClientToken="trips-spot", TagSpecifications=tagged("spot-instances-request"),
        LaunchSpecification={**specification, "SecurityGroupIds": groups, "UserData": DATA},
    )["SpotInstanceRequests"]  # fmt: skip
    assert len(made) == 2
    ids = [each["SpotInstanceRequestId"] for each in made]
    for each in ec2.describe_spot_instance_requests(SpotInstanceRequestIds=ids)["SpotInstanceRequests"]:
        assert missing({**asked, "Tags": TAGS, "LaunchSpecification": specification}, each) == []
        assert missing([{"GroupId": group} for group in groups], each["LaunchSpecification"]["SecurityGroups"]) == []
        instance = ec2.describe_instances(InstanceIds=[each["InstanceId"]])["Reservations"][0]["Instances"][0]
        launched = {"InstanceLifecycle": "spot", "SubnetId": subnet, "EbsOptimized": True}
        assert missing(launched, instance) == []
        assert missing([{"GroupId": group} for group in groups], instance["SecurityGroups"]) == []
        assert attribute(ec2, each["InstanceId"], "userData") == DATA
        disk = instance["BlockDeviceMappings"][0]["Ebs"]["VolumeId"]
        assert ec2.describe_volumes(VolumeIds=[disk])["Volumes"][0]["Size"] == 13
