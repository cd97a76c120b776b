"""DHCP options: the region's own set, and sets in use."""

from typing import Any

import pytest
from botocore.exceptions import ClientError


@pytest.fixture
def ec2(aws: Any) -> Any:
    return aws("ec2")


def of(ec2: Any, vpc: str) -> str:
    told: str = ec2.describe_vpcs(VpcIds=[vpc])["Vpcs"][0]["DhcpOptionsId"]
    return told


def test_a_vpc_is_born_with_the_regions_set(aws: Any, ec2: Any) -> None:
    made = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]
    default = ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"][0]
    assert made["DhcpOptionsId"] == default["DhcpOptionsId"]
    told = ec2.describe_dhcp_options(DhcpOptionsIds=[made["DhcpOptionsId"]])["DhcpOptions"][0]
    values = {each["Key"]: each["Values"][0]["Value"] for each in told["DhcpConfigurations"]}
    assert values == {"domain-name": "ec2.internal", "domain-name-servers": "AmazonProvidedDNS"}
    assert told["OwnerId"] == made["OwnerId"]
    west = aws("ec2", "us-west-2").describe_dhcp_options()["DhcpOptions"]
    names = [each["Key"] for each in west[0]["DhcpConfigurations"]]
    assert names == ["domain-name", "domain-name-servers"], "in EC2's order"
    assert west[0]["DhcpConfigurations"][0]["Values"] == [{"Value": "us-west-2.compute.internal"}]


def test_a_set_is_tagged_at_birth_found_and_kept_while_in_use(ec2: Any) -> None:
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    other = ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    options = ec2.create_dhcp_options(
        DhcpConfigurations=[{"Key": "domain-name", "Values": ["class.example"]}],
        TagSpecifications=[{"ResourceType": "dhcp-options", "Tags": [{"Key": "Lab", "Value": "x"}]}],
    )["DhcpOptions"]
    assert options["Tags"] == [{"Key": "Lab", "Value": "x"}]
    for name, value in (("value", "class.*"), ("tag:Lab", "x"), ("owner-id", options["OwnerId"])):
        found = ec2.describe_dhcp_options(Filters=[{"Name": name, "Values": [value]}])["DhcpOptions"]
        assert options["DhcpOptionsId"] in [each["DhcpOptionsId"] for each in found]
    for each in (vpc, other):
        ec2.associate_dhcp_options(DhcpOptionsId=options["DhcpOptionsId"], VpcId=each)
    ec2.associate_dhcp_options(DhcpOptionsId="default", VpcId=other)
    assert (of(ec2, vpc), of(ec2, other)) == (options["DhcpOptionsId"], "default")
    with pytest.raises(ClientError, match="DependencyViolation"):
        ec2.delete_dhcp_options(DhcpOptionsId=options["DhcpOptionsId"])
    ec2.delete_vpc(VpcId=vpc)
    ec2.delete_dhcp_options(DhcpOptionsId=options["DhcpOptionsId"])
    with pytest.raises(ClientError, match=r"InvalidDhcpOptionID\.NotFound"):
        ec2.describe_dhcp_options(DhcpOptionsIds=[options["DhcpOptionsId"]])
