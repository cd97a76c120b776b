"""Network interfaces: addresses of their own, and manners about what is attached."""

from typing import Any

import pytest
from botocore.exceptions import ClientError


@pytest.fixture
def ec2(aws: Any) -> Any:
    return aws("ec2")


@pytest.fixture
def subnet(ec2: Any) -> dict[str, Any]:
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    made: dict[str, Any] = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/28", AvailabilityZone="us-east-1a")[
        "Subnet"
    ]
    return made


def interface(ec2: Any, subnet: dict[str, Any], **asked: Any) -> dict[str, Any]:
    made: dict[str, Any] = ec2.create_network_interface(SubnetId=subnet["SubnetId"], **asked)["NetworkInterface"]
    return made


def described(ec2: Any, eni: dict[str, Any]) -> dict[str, Any]:
    told = ec2.describe_network_interfaces(NetworkInterfaceIds=[eni["NetworkInterfaceId"]])
    first: dict[str, Any] = told["NetworkInterfaces"][0]
    return first


def addresses(eni: dict[str, Any]) -> list[str]:
    return [item["PrivateIpAddress"] for item in eni["PrivateIpAddresses"]]


@pytest.fixture
def instance(ec2: Any, subnet: dict[str, Any]) -> str:
    launched = ec2.run_instances(
        ImageId=ec2.describe_images()["Images"][0]["ImageId"],
        MinCount=1,
        MaxCount=1,
        InstanceType="t3.micro",
        SubnetId=subnet["SubnetId"],
    )
    instance_id: str = launched["Instances"][0]["InstanceId"]
    return instance_id


def test_a_full_subnet_hands_out_every_address_once_and_then_refuses(ec2: Any, subnet: dict[str, Any]) -> None:
    drawn = [interface(ec2, subnet)["PrivateIpAddress"] for _ in range(11)]
    assert sorted(drawn, key=lambda each: int(each.split(".")[3])) == [f"10.0.1.{last}" for last in range(4, 15)]
    with pytest.raises(ClientError, match="InsufficientFreeAddressesInSubnet"):
        interface(ec2, subnet)


def test_an_address_is_given_once_and_lies_in_the_subnet(ec2: Any, subnet: dict[str, Any]) -> None:
    first = interface(ec2, subnet, PrivateIpAddress="10.0.1.9")
    with pytest.raises(ClientError, match=r"InvalidIPAddress\.InUse"):
        interface(ec2, subnet, PrivateIpAddress="10.0.1.9")
    with pytest.raises(ClientError, match="does not fall within the subnet's address range"):
        interface(ec2, subnet, PrivateIpAddress="10.0.2.9")
    ec2.delete_network_interface(NetworkInterfaceId=first["NetworkInterfaceId"])
    assert interface(ec2, subnet, PrivateIpAddress="10.0.1.9")["PrivateIpAddress"] == "10.0.1.9"


def test_secondary_addresses_come_and_go(ec2: Any, subnet: dict[str, Any]) -> None:
    listed = [{"PrivateIpAddress": "10.0.1.7", "Primary": True}, {"PrivateIpAddress": "10.0.1.8", "Primary": False}]
    eni = interface(ec2, subnet, PrivateIpAddresses=listed)
    assert (eni["PrivateIpAddress"], addresses(eni)) == ("10.0.1.7", ["10.0.1.7", "10.0.1.8"])
    assert addresses(interface(ec2, subnet, PrivateIpAddress="10.0.1.12", SecondaryPrivateIpAddressCount=2))[0] == (
        "10.0.1.12"
    )
    eni_id = eni["NetworkInterfaceId"]
    assigned = ec2.assign_private_ip_addresses(NetworkInterfaceId=eni_id, PrivateIpAddresses=["10.0.1.10"])
    assert assigned["AssignedPrivateIpAddresses"] == [{"PrivateIpAddress": "10.0.1.10"}]
    other = interface(ec2, subnet)["NetworkInterfaceId"]
    with pytest.raises(ClientError, match=r"InvalidIPAddress\.InUse"):
        ec2.assign_private_ip_addresses(NetworkInterfaceId=other, PrivateIpAddresses=["10.0.1.10"])
    ec2.assign_private_ip_addresses(NetworkInterfaceId=other, PrivateIpAddresses=["10.0.1.10"], AllowReassignment=True)
    assert addresses(described(ec2, eni)) == ["10.0.1.7", "10.0.1.8"]
    ec2.unassign_private_ip_addresses(NetworkInterfaceId=eni_id, PrivateIpAddresses=["10.0.1.8"])
    assert addresses(described(ec2, eni)) == ["10.0.1.7"]
    with pytest.raises(ClientError, match="cannot be unassigned"):
        ec2.unassign_private_ip_addresses(NetworkInterfaceId=eni_id, PrivateIpAddresses=["10.0.1.7"])


def test_an_attached_interface_is_not_deleted_nor_attached_again(
    ec2: Any, subnet: dict[str, Any], instance: str
) -> None:
    eni = interface(ec2, subnet, Description="second")
    eni_id = eni["NetworkInterfaceId"]
    with pytest.raises(ClientError, match="already has an interface attached at device index '0'"):
        ec2.attach_network_interface(NetworkInterfaceId=eni_id, InstanceId=instance, DeviceIndex=0)
    attachment = ec2.attach_network_interface(NetworkInterfaceId=eni_id, InstanceId=instance, DeviceIndex=1)
    with pytest.raises(ClientError, match=rf"InvalidParameterValue.*'{eni_id}' is currently in use"):
        ec2.delete_network_interface(NetworkInterfaceId=eni_id)
    with pytest.raises(ClientError, match=r"InvalidNetworkInterface\.InUse"):
        ec2.attach_network_interface(NetworkInterfaceId=eni_id, InstanceId=instance, DeviceIndex=2)
    ec2.modify_network_interface_attribute(
        NetworkInterfaceId=eni_id,
        Attachment={"AttachmentId": attachment["AttachmentId"], "DeleteOnTermination": True},
    )
    assert described(ec2, eni)["Attachment"]["DeleteOnTermination"] is True
    ec2.detach_network_interface(AttachmentId=attachment["AttachmentId"], Force=True)
    ec2.get_waiter("network_interface_available").wait(NetworkInterfaceIds=[eni_id])
    ec2.delete_network_interface(NetworkInterfaceId=eni_id)


def test_the_first_interface_cannot_be_detached(ec2: Any, subnet: dict[str, Any], instance: str) -> None:
    second = interface(ec2, subnet)["NetworkInterfaceId"]
    ec2.attach_network_interface(NetworkInterfaceId=second, InstanceId=instance, DeviceIndex=1)
    found = ec2.describe_network_interfaces(
        Filters=[
            {"Name": "attachment.instance-id", "Values": [instance]},
            {"Name": "attachment.device-index", "Values": ["0"]},
        ]
    )["NetworkInterfaces"]
    with pytest.raises(ClientError, match="OperationNotPermitted"):
        ec2.detach_network_interface(AttachmentId=found[0]["Attachment"]["AttachmentId"])


def test_an_interface_that_is_not_deleted_with_its_instance_is_available_again(
    ec2: Any, subnet: dict[str, Any], instance: str
) -> None:
    eni = interface(ec2, subnet)
    ec2.attach_network_interface(NetworkInterfaceId=eni["NetworkInterfaceId"], InstanceId=instance, DeviceIndex=1)
    ec2.terminate_instances(InstanceIds=[instance])
    told = described(ec2, eni)
    assert told["Status"] == "available"
    assert "Attachment" not in told
    assert [each["NetworkInterfaceId"] for each in ec2.describe_network_interfaces()["NetworkInterfaces"]] == [
        eni["NetworkInterfaceId"]
    ]


def test_groups_are_replaced_and_the_instance_shows_it(ec2: Any, subnet: dict[str, Any], instance: str) -> None:
    group = ec2.create_security_group(GroupName="new", Description="new", VpcId=subnet["VpcId"])["GroupId"]
    first = ec2.describe_network_interfaces(Filters=[{"Name": "attachment.instance-id", "Values": [instance]}])
    eni = first["NetworkInterfaces"][0]
    ec2.modify_network_interface_attribute(NetworkInterfaceId=eni["NetworkInterfaceId"], Groups=[group])
    assert [each["GroupId"] for each in described(ec2, eni)["Groups"]] == [group]
    shown = ec2.describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"][0]
    assert [each["GroupId"] for each in shown["SecurityGroups"]] == [group]
    with pytest.raises(ClientError, match=r"InvalidGroup\.NotFound"):
        interface(ec2, subnet, Groups=["sg-0123456789abcdef0"])


def test_attributes(ec2: Any, subnet: dict[str, Any]) -> None:
    eni = interface(ec2, subnet, Description="words")
    eni_id = eni["NetworkInterfaceId"]
    ec2.modify_network_interface_attribute(NetworkInterfaceId=eni_id, SourceDestCheck={"Value": False})
    ec2.modify_network_interface_attribute(NetworkInterfaceId=eni_id, Description={"Value": ""})
    told = described(ec2, eni)
    assert (told["Description"], told["SourceDestCheck"]) == ("", False)
    ec2.reset_network_interface_attribute(NetworkInterfaceId=eni_id, SourceDestCheck="true")
    assert described(ec2, eni)["SourceDestCheck"] is True


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("addresses.private-ip-address", "10.0.1.11"),
        ("private-ip-address", "10.0.1.11"),
        ("mac-address", "02:*"),
        ("status", "available"),
        ("attachment.status", "detached"),
        ("tag:Lab", "x"),
        ("interface-type", "interface"),
        ("requester-managed", "false"),
        ("source-dest-check", "true"),
        ("availability-zone", "us-east-1a"),
    ],
)
def test_filters(ec2: Any, subnet: dict[str, Any], name: str, value: str) -> None:
    tags = [{"ResourceType": "network-interface", "Tags": [{"Key": "Lab", "Value": "x"}]}]
    listed = [{"PrivateIpAddress": "10.0.1.6", "Primary": True}, {"PrivateIpAddress": "10.0.1.11", "Primary": False}]
    eni = interface(ec2, subnet, PrivateIpAddresses=listed, TagSpecifications=tags)
    found = ec2.describe_network_interfaces(Filters=[{"Name": name, "Values": [value]}])["NetworkInterfaces"]
    assert [each["NetworkInterfaceId"] for each in found] == [eni["NetworkInterfaceId"]]
    assert ec2.describe_network_interfaces(Filters=[{"Name": name, "Values": ["other"]}])["NetworkInterfaces"] == []


def test_a_public_address_is_told_with_its_name_and_owner(ec2: Any) -> None:
    launched = ec2.run_instances(
        ImageId=ec2.describe_images()["Images"][0]["ImageId"], MinCount=1, MaxCount=1, InstanceType="t3.micro"
    )["Instances"][0]["InstanceId"]
    found = ec2.describe_network_interfaces(Filters=[{"Name": "attachment.instance-id", "Values": [launched]}])
    told = found["NetworkInterfaces"][0]["Association"]
    dashed = told["PublicIp"].replace(".", "-")
    assert (told["PublicDnsName"], told["IpOwnerId"]) == (f"ec2-{dashed}.compute-1.amazonaws.com", "amazon")
