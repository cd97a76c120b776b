"""Gateways, peerings, and what nobody does."""

from typing import Any

import pytest
from botocore.exceptions import ClientError


@pytest.fixture
def ec2(aws: Any) -> Any:
    return aws("ec2")


@pytest.fixture
def vpc(ec2: Any) -> str:
    made: str = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    return made


@pytest.fixture
def subnet(ec2: Any, vpc: str) -> str:
    made: str = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
    return made


def test_a_deleted_nat_gateway_gives_its_address_and_subnet_back(ec2: Any, subnet: str) -> None:
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    gateway = ec2.create_nat_gateway(SubnetId=subnet, AllocationId=address)["NatGateway"]["NatGatewayId"]
    ec2.get_waiter("nat_gateway_available").wait(NatGatewayIds=[gateway])
    with pytest.raises(ClientError, match="InvalidIPAddress"):
        ec2.release_address(AllocationId=address)
    eni = ec2.describe_nat_gateways()["NatGateways"][0]["NatGatewayAddresses"][0]["NetworkInterfaceId"]
    with pytest.raises(ClientError, match="currently in use"):
        ec2.delete_network_interface(NetworkInterfaceId=eni)
    with pytest.raises(ClientError, match="DependencyViolation"):
        ec2.delete_subnet(SubnetId=subnet)
    ec2.delete_nat_gateway(NatGatewayId=gateway)
    ec2.get_waiter("nat_gateway_deleted").wait(NatGatewayIds=[gateway])
    ec2.release_address(AllocationId=address)
    ec2.delete_subnet(SubnetId=subnet)


def test_a_deleted_transit_gateway_is_told_as_deleted(ec2: Any) -> None:
    gateway = ec2.create_transit_gateway()["TransitGateway"]["TransitGatewayId"]
    ec2.delete_transit_gateway(TransitGatewayId=gateway)
    told = ec2.describe_transit_gateways(TransitGatewayIds=[gateway])["TransitGateways"]
    assert [each["State"] for each in told] == ["deleted"]


def test_filters_hold(ec2: Any, vpc: str, subnet: str) -> None:
    ec2.create_nat_gateway(SubnetId=subnet, ConnectivityType="private")
    ec2.create_egress_only_internet_gateway(VpcId=vpc)
    ec2.create_internet_gateway()
    ec2.create_transit_gateway()
    ec2.create_vpc_peering_connection(VpcId=vpc, PeerVpcId=ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"])
    nobody = [{"Name": "tag:Lab", "Values": ["none"]}]
    assert ec2.describe_nat_gateways(Filters=nobody)["NatGateways"] == []
    assert ec2.describe_egress_only_internet_gateways(Filters=nobody)["EgressOnlyInternetGateways"] == []
    assert ec2.describe_internet_gateways(Filters=nobody)["InternetGateways"] == []
    assert ec2.describe_transit_gateways(Filters=nobody)["TransitGateways"] == []
    for name, value, count in (
        ("requester-vpc-info.vpc-id", vpc, 1),
        ("accepter-vpc-info.vpc-id", vpc, 0),
        ("status-code", "active", 0),
    ):
        found = ec2.describe_vpc_peering_connections(Filters=[{"Name": name, "Values": [value]}])
        assert len(found["VpcPeeringConnections"]) == count, name


def test_what_is_not_done_is_said_once(ec2: Any, vpc: str) -> None:
    with pytest.raises(ClientError) as refused:
        ec2.create_instance_connect_endpoint(SubnetId="subnet-0123456789abcdef0")
    answer = refused.value.response
    assert (answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]) == ("UnsupportedOperation", 400)
    assert "CreateInstanceConnectEndpoint" in answer["Error"]["Message"]
    assert answer["ResponseMetadata"]["RetryAttempts"] == 0
    assert ec2.describe_instance_connect_endpoints()["InstanceConnectEndpoints"] == []
