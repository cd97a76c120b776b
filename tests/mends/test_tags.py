"""Tags at birth on every kind of resource, and none on what does not exist."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

Make = Callable[[Any, list[dict[str, Any]], str, str], str]


BIRTHS: dict[str, Make] = {
    "vpc": lambda ec2, tags, vpc, subnet: ec2.create_vpc(CidrBlock="10.9.0.0/16", TagSpecifications=tags)["Vpc"][
        "VpcId"
    ],
    "subnet": lambda ec2, tags, vpc, subnet: ec2.create_subnet(
        VpcId=vpc, CidrBlock="10.0.9.0/24", TagSpecifications=tags
    )["Subnet"]["SubnetId"],
    "internet-gateway": lambda ec2, tags, vpc, subnet: ec2.create_internet_gateway(TagSpecifications=tags)[
        "InternetGateway"
    ]["InternetGatewayId"],
    "route-table": lambda ec2, tags, vpc, subnet: ec2.create_route_table(VpcId=vpc, TagSpecifications=tags)[
        "RouteTable"
    ]["RouteTableId"],
    "network-acl": lambda ec2, tags, vpc, subnet: ec2.create_network_acl(VpcId=vpc, TagSpecifications=tags)[
        "NetworkAcl"
    ]["NetworkAclId"],
    "natgateway": lambda ec2, tags, vpc, subnet: ec2.create_nat_gateway(
        SubnetId=subnet,
        AllocationId=ec2.allocate_address(Domain="vpc")["AllocationId"],
        TagSpecifications=tags,
    )["NatGateway"]["NatGatewayId"],
    "network-interface": lambda ec2, tags, vpc, subnet: ec2.create_network_interface(
        SubnetId=subnet, TagSpecifications=tags
    )["NetworkInterface"]["NetworkInterfaceId"],
    "egress-only-internet-gateway": lambda ec2, tags, vpc, subnet: ec2.create_egress_only_internet_gateway(
        VpcId=vpc, TagSpecifications=tags
    )["EgressOnlyInternetGateway"]["EgressOnlyInternetGatewayId"],
    "elastic-ip": lambda ec2, tags, vpc, subnet: ec2.allocate_address(Domain="vpc", TagSpecifications=tags)[
        "AllocationId"
    ],
    "security-group": lambda ec2, tags, vpc, subnet: ec2.create_security_group(
        GroupName="g", Description="g", VpcId=vpc, TagSpecifications=tags
    )["GroupId"],
    "vpc-endpoint": lambda ec2, tags, vpc, subnet: ec2.create_vpc_endpoint(
        VpcId=vpc, ServiceName="com.amazonaws.us-east-1.s3", TagSpecifications=tags
    )["VpcEndpoint"]["VpcEndpointId"],
    "vpc-peering-connection": lambda ec2, tags, vpc, subnet: ec2.create_vpc_peering_connection(
        VpcId=vpc, PeerVpcId=ec2.create_vpc(CidrBlock="10.7.0.0/16")["Vpc"]["VpcId"], TagSpecifications=tags
    )["VpcPeeringConnection"]["VpcPeeringConnectionId"],
    "transit-gateway": lambda ec2, tags, vpc, subnet: ec2.create_transit_gateway(TagSpecifications=tags)[
        "TransitGateway"
    ]["TransitGatewayId"],
    "security-group-rule": lambda ec2, tags, vpc, subnet: ec2.authorize_security_group_ingress(
        GroupId=ec2.create_security_group(GroupName="r", Description="r", VpcId=vpc)["GroupId"],
        IpPermissions=[{"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}],
        TagSpecifications=tags,
    )["SecurityGroupRules"][0]["SecurityGroupRuleId"],
    "key-pair": lambda ec2, tags, vpc, subnet: ec2.create_key_pair(KeyName="k", TagSpecifications=tags)["KeyPairId"],
}


@pytest.fixture
def ec2(aws: Any) -> Any:
    return aws("ec2")


@pytest.mark.parametrize("kind", BIRTHS)
def test_tagged_at_birth_and_later(ec2: Any, kind: str) -> None:
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
    made = BIRTHS[kind](ec2, [{"ResourceType": kind, "Tags": [{"Key": "Lab", "Value": "x"}]}], vpc, subnet)
    ec2.create_tags(Resources=[made], Tags=[{"Key": "Later", "Value": "y"}])
    told = ec2.describe_tags(Filters=[{"Name": "resource-id", "Values": [made]}])["Tags"]
    assert {each["Key"]: each["Value"] for each in told} == {"Lab": "x", "Later": "y"}
    assert {each["ResourceType"] for each in told} == {kind}


@pytest.mark.parametrize(
    "prefix",
    [
        "acl",
        "ami",
        "eigw",
        "eipalloc",
        "eni",
        "i",
        "key",
        "nat",
        "pg",
        "rtb",
        "sg",
        "sgr",
        "snap",
        "subnet",
        "vol",
        "vpc",
    ],
)
def test_no_tag_on_what_does_not_exist(ec2: Any, prefix: str) -> None:
    nobody = f"{prefix}-0123456789abcdef0"
    with pytest.raises(ClientError, match=r"\.NotFound|NotFound|\.Unknown"):
        ec2.create_tags(Resources=[nobody], Tags=[{"Key": "a", "Value": "b"}])
    assert ec2.describe_tags(Filters=[{"Name": "resource-id", "Values": [nobody]}])["Tags"] == []
