"""Subnets: filters, attributes, and what keeps one from being deleted."""

from typing import Any

import pytest
from botocore.exceptions import ClientError


@pytest.fixture
def ec2(aws: Any) -> Any:
    return aws("ec2")


@pytest.fixture
def vpc(ec2: Any) -> str:
    made: str = ec2.create_vpc(CidrBlock="10.0.0.0/16", AmazonProvidedIpv6CidrBlock=True)["Vpc"]["VpcId"]
    return made


@pytest.fixture
def subnet(ec2: Any, vpc: str) -> str:
    made: str = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24", AvailabilityZone="us-east-1b")["Subnet"][
        "SubnetId"
    ]
    return made


def shown(ec2: Any, subnet: str) -> dict[str, Any]:
    told: dict[str, Any] = ec2.describe_subnets(SubnetIds=[subnet])["Subnets"][0]
    return told


def test_ipv6_associations_are_told_and_filtered_by(ec2: Any, vpc: str, subnet: str) -> None:
    network = ec2.describe_vpcs(VpcIds=[vpc])["Vpcs"][0]["Ipv6CidrBlockAssociationSet"][0]["Ipv6CidrBlock"]
    block = network.replace("/56", "/64")
    ec2.associate_subnet_cidr_block(SubnetId=subnet, Ipv6CidrBlock=block)
    told = shown(ec2, subnet)["Ipv6CidrBlockAssociationSet"][0]
    assert (told["Ipv6CidrBlock"], told["Ipv6CidrBlockState"]) == (block, {"State": "associated"})
    for name, value in (
        ("ipv6-cidr-block-association.ipv6-cidr-block", block),
        ("ipv6-cidr-block-association.association-id", told["AssociationId"]),
        ("ipv6-cidr-block-association.state", "associated"),
    ):
        found = ec2.describe_subnets(Filters=[{"Name": name, "Values": [value]}])["Subnets"]
        assert [each["SubnetId"] for each in found] == [subnet]
    ec2.disassociate_subnet_cidr_block(AssociationId=told["AssociationId"])
    assert shown(ec2, subnet)["Ipv6CidrBlockAssociationSet"] == []


@pytest.mark.parametrize(
    ("asked", "key", "value"),
    [
        ({"MapPublicIpOnLaunch": {"Value": True}}, "MapPublicIpOnLaunch", True),
        ({"AssignIpv6AddressOnCreation": {"Value": True}}, "AssignIpv6AddressOnCreation", True),
        ({"EnableDns64": {"Value": True}}, "EnableDns64", True),
        (
            {"EnableResourceNameDnsAAAARecordOnLaunch": {"Value": True}},
            "PrivateDnsNameOptionsOnLaunch",
            {
                "HostnameType": "ip-name",
                "EnableResourceNameDnsARecord": False,
                "EnableResourceNameDnsAAAARecord": True,
            },
        ),
        (
            {"PrivateDnsHostnameTypeOnLaunch": "resource-name"},
            "PrivateDnsNameOptionsOnLaunch",
            {
                "HostnameType": "resource-name",
                "EnableResourceNameDnsARecord": False,
                "EnableResourceNameDnsAAAARecord": False,
            },
        ),
    ],
)
def test_attributes(ec2: Any, subnet: str, asked: dict[str, Any], key: str, value: Any) -> None:
    ec2.modify_subnet_attribute(SubnetId=subnet, **asked)
    assert shown(ec2, subnet)[key] == value


def test_a_made_subnet_is_not_a_default_one(ec2: Any, vpc: str) -> None:
    for each in ec2.describe_subnets(Filters=[{"Name": "default-for-az", "Values": ["true"]}])["Subnets"]:
        ec2.delete_subnet(SubnetId=each["SubnetId"])
    made = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.9.0/24", AvailabilityZoneId="use1-az6")["Subnet"]
    assert (made["DefaultForAz"], made["MapPublicIpOnLaunch"]) == (False, False)
    assert made["AvailabilityZone"] == "us-east-1a"


def test_a_zone_of_another_region_is_refused(ec2: Any, vpc: str) -> None:
    with pytest.raises(ClientError, match=r"InvalidParameterValue.*eu-west-1a"):
        ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.9.0/24", AvailabilityZone="eu-west-1a")


def test_subnet_and_vpc_stay_while_something_is_in_them(ec2: Any, vpc: str, subnet: str) -> None:
    eni = ec2.create_network_interface(SubnetId=subnet)["NetworkInterface"]["NetworkInterfaceId"]
    with pytest.raises(ClientError, match=rf"DependencyViolation.*'{subnet}' has dependencies"):
        ec2.delete_subnet(SubnetId=subnet)
    with pytest.raises(ClientError, match="DependencyViolation"):
        ec2.delete_vpc(VpcId=vpc)
    ec2.delete_network_interface(NetworkInterfaceId=eni)
    ec2.delete_subnet(SubnetId=subnet)
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    with pytest.raises(ClientError, match="DependencyViolation"):
        ec2.delete_vpc(VpcId=vpc)
    ec2.detach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    ec2.delete_vpc(VpcId=vpc)
    with pytest.raises(ClientError, match=r"InvalidSubnetID\.NotFound"):
        shown(ec2, subnet)


def test_a_launch_asks_for_an_address_in_the_subnet(ec2: Any, subnet: str) -> None:
    image = ec2.describe_images()["Images"][0]["ImageId"]
    asked = {"ImageId": image, "MinCount": 1, "MaxCount": 1, "InstanceType": "t3.micro", "SubnetId": subnet}
    ec2.run_instances(PrivateIpAddress="10.0.1.77", **asked)
    with pytest.raises(ClientError, match=r"InvalidIPAddress\.InUse.*10\.0\.1\.77"):
        ec2.run_instances(PrivateIpAddress="10.0.1.77", **asked)
    with pytest.raises(ClientError, match="does not fall within the subnet's address range"):
        ec2.run_instances(PrivateIpAddress="10.0.2.77", **asked)
