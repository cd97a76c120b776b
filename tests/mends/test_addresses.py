"""Elastic IPs: at one place at a time."""

from typing import Any

import pytest
from botocore.exceptions import ClientError


@pytest.fixture
def ec2(aws: Any) -> Any:
    return aws("ec2")


@pytest.fixture
def instances(ec2: Any) -> list[str]:
    image = ec2.describe_images()["Images"][0]["ImageId"]
    launched = ec2.run_instances(ImageId=image, MinCount=2, MaxCount=2, InstanceType="t3.micro")["Instances"]
    return [each["InstanceId"] for each in launched]


def allocate(ec2: Any, **asked: Any) -> dict[str, Any]:
    made: dict[str, Any] = ec2.allocate_address(Domain="vpc", **asked)
    return made


def told(ec2: Any, address: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = ec2.describe_addresses(AllocationIds=[address["AllocationId"]])["Addresses"][0]
    return found


def public_ip(ec2: Any, instance: str) -> str | None:
    shown = ec2.describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"][0]
    found: str | None = shown.get("PublicIpAddress")
    return found


def test_an_address_moves_unless_that_is_refused(ec2: Any, instances: list[str]) -> None:
    address = allocate(ec2)
    first = ec2.associate_address(AllocationId=address["AllocationId"], InstanceId=instances[0])["AssociationId"]
    again = ec2.associate_address(
        AllocationId=address["AllocationId"], InstanceId=instances[0], AllowReassociation=False
    )
    assert again["AssociationId"] == first
    words = rf"resource {address['AllocationId']} is already associated with associate-id {first}"
    with pytest.raises(ClientError, match=rf"Resource\.AlreadyAssociated.*{words}"):
        ec2.associate_address(AllocationId=address["AllocationId"], InstanceId=instances[1], AllowReassociation=False)
    ec2.associate_address(AllocationId=address["AllocationId"], InstanceId=instances[1])
    assert told(ec2, address)["InstanceId"] == instances[1]
    assert public_ip(ec2, instances[1]) == address["PublicIp"]
    assert public_ip(ec2, instances[0]) not in (None, address["PublicIp"]), "it was launched with a public address"


def test_an_instances_second_address_takes_the_firsts_place(ec2: Any, instances: list[str]) -> None:
    one, two = allocate(ec2), allocate(ec2)
    for address in (one, two):
        ec2.associate_address(AllocationId=address["AllocationId"], InstanceId=instances[0])
    assert "AssociationId" not in told(ec2, one)
    assert public_ip(ec2, instances[0]) == two["PublicIp"]


def test_an_address_of_an_interface_is_not_taken_by_an_instance(ec2: Any, instances: list[str]) -> None:
    subnet = ec2.describe_subnets()["Subnets"][0]["SubnetId"]
    eni = ec2.create_network_interface(SubnetId=subnet)["NetworkInterface"]["NetworkInterfaceId"]
    address = allocate(ec2)
    ec2.associate_address(AllocationId=address["AllocationId"], NetworkInterfaceId=eni)
    with pytest.raises(ClientError, match=r"Resource\.AlreadyAssociated"):
        ec2.associate_address(AllocationId=address["AllocationId"], InstanceId=instances[0], AllowReassociation=False)


def test_an_associated_address_is_not_released_and_a_free_one_is(ec2: Any, instances: list[str]) -> None:
    address = allocate(ec2)
    association = ec2.associate_address(AllocationId=address["AllocationId"], InstanceId=instances[0])["AssociationId"]
    with pytest.raises(ClientError, match=rf"InvalidIPAddress\.InUse.*{address['PublicIp']}"):
        ec2.release_address(AllocationId=address["AllocationId"])
    ec2.disassociate_address(AssociationId=association)
    ec2.release_address(AllocationId=address["AllocationId"])
    with pytest.raises(ClientError, match=rf"InvalidAllocationID\.NotFound.*'{address['AllocationId']}'"):
        told(ec2, address)


def test_after_termination_the_address_is_free(ec2: Any, instances: list[str]) -> None:
    address = allocate(ec2)
    ec2.associate_address(AllocationId=address["AllocationId"], InstanceId=instances[0])
    ec2.terminate_instances(InstanceIds=[instances[0]])
    left = told(ec2, address)
    assert not {"AssociationId", "InstanceId", "NetworkInterfaceId", "PrivateIpAddress"} & set(left)
    ec2.release_address(AllocationId=address["AllocationId"])


def test_each_private_address_can_have_its_own(ec2: Any, instances: list[str]) -> None:
    found = ec2.describe_network_interfaces(Filters=[{"Name": "attachment.instance-id", "Values": [instances[0]]}])
    eni = found["NetworkInterfaces"][0]["NetworkInterfaceId"]
    second = ec2.assign_private_ip_addresses(NetworkInterfaceId=eni, SecondaryPrivateIpAddressCount=1)
    private = second["AssignedPrivateIpAddresses"][0]["PrivateIpAddress"]
    one, two = allocate(ec2), allocate(ec2)
    ec2.associate_address(AllocationId=one["AllocationId"], NetworkInterfaceId=eni)
    ec2.associate_address(AllocationId=two["AllocationId"], NetworkInterfaceId=eni, PrivateIpAddress=private)
    assert (told(ec2, two)["PrivateIpAddress"], public_ip(ec2, instances[0])) == (private, one["PublicIp"])
    shown = ec2.describe_network_interfaces(NetworkInterfaceIds=[eni])["NetworkInterfaces"][0]["PrivateIpAddresses"]
    assert [item["Association"]["PublicIp"] for item in shown] == [one["PublicIp"], two["PublicIp"]]
    with pytest.raises(ClientError, match="InvalidParameterValue"):
        ec2.associate_address(AllocationId=two["AllocationId"], NetworkInterfaceId=eni, PrivateIpAddress="10.9.9.9")


def test_one_address_is_allocated_once(ec2: Any) -> None:
    address = allocate(ec2)
    with pytest.raises(ClientError, match=r"InvalidIPAddress\.InUse"):
        allocate(ec2, Address=address["PublicIp"])


def test_tags_filters_and_names(ec2: Any, instances: list[str]) -> None:
    tags = [{"ResourceType": "elastic-ip", "Tags": [{"Key": "Lab", "Value": "x"}]}]
    address = allocate(ec2, TagSpecifications=tags)
    allocate(ec2)
    ec2.associate_address(AllocationId=address["AllocationId"], InstanceId=instances[0])
    for name, value in (
        ("tag:Lab", "x"),
        ("instance-id", instances[0]),
        ("network-interface-owner-id", "*"),
        ("private-ip-address", told(ec2, address)["PrivateIpAddress"]),
    ):
        found = ec2.describe_addresses(Filters=[{"Name": name, "Values": [value]}])["Addresses"]
        assert [each["PublicIp"] for each in found] == [address["PublicIp"]], name
    assert (address["NetworkBorderGroup"], told(ec2, address)["PublicIpv4Pool"]) == ("us-east-1", "amazon")
    ec2.modify_address_attribute(AllocationId=address["AllocationId"], DomainName="host.example.com")
    named = ec2.describe_addresses_attribute(AllocationIds=[address["AllocationId"]], Attribute="domain-name")
    assert named["Addresses"][0]["PtrRecord"] == "host.example.com."
