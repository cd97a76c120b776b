"""Where moto answers HTTP 500 or with another thing's error: AWS's own codes."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

NONE = "0123456789abcdef0"
ENTRY = {"RuleNumber": 5, "Egress": False}
RULE = {"Protocol": "-1", "RuleAction": "allow", "CidrBlock": "0.0.0.0/0"}


@pytest.mark.parametrize(
    ("operation", "asked", "code"),
    [
        ("describe_network_acls", {"NetworkAclIds": [f"acl-{NONE}"]}, "InvalidNetworkAclID.NotFound"),
        ("delete_network_acl_entry", ENTRY, "InvalidNetworkAclEntry.NotFound"),
        ("replace_network_acl_entry", {**ENTRY, **RULE}, "InvalidNetworkAclEntry.NotFound"),
        ("replace_network_acl_association", {"AssociationId": f"aclassoc-{NONE}"}, "InvalidAssociationID.NotFound"),
        ("modify_vpc_endpoint", {"VpcEndpointId": f"vpce-{NONE}"}, "InvalidVpcEndpointId.NotFound"),
        ("describe_regions", {"RegionNames": ["xx-nowhere-1"]}, "InvalidParameterValue"),
        ("describe_regions", {"Filters": [{"Name": "moon", "Values": ["x"]}]}, "InvalidParameterValue"),
        ("describe_account_attributes", {"AttributeNames": ["moon"]}, "InvalidParameterValue"),
        ("request_spot_instances", {"SpotPrice": "0.1"}, "MissingParameter"),
    ],
)
def test_what_is_not_there_is_said(
    client: Callable[..., Any], operation: str, asked: dict[str, Any], code: str
) -> None:
    ec2 = client("ec2")
    if "network_acl_" in operation:
        asked = {**asked, "NetworkAclId": ec2.describe_network_acls()["NetworkAcls"][0]["NetworkAclId"]}
    with pytest.raises(ClientError) as refused:
        getattr(ec2, operation)(**asked)
    assert refused.value.response["Error"]["Code"] == code


def test_endpoints_that_are_not_there_are_named(client: Callable[..., Any]) -> None:
    ec2 = client("ec2")
    vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    made = ec2.create_vpc_endpoint(VpcId=vpc, ServiceName="com.amazonaws.us-east-1.s3")["VpcEndpoint"]
    assert (made["VpcEndpointType"], made["PrivateDnsEnabled"]) == ("Gateway", False)
    ids = [made["VpcEndpointId"], f"vpce-{NONE}"]
    [unsuccessful] = ec2.delete_vpc_endpoints(VpcEndpointIds=ids)["Unsuccessful"]
    assert (unsuccessful["ResourceId"], unsuccessful["Error"]["Code"]) == (ids[1], "InvalidVpcEndpoint.NotFound")
    assert ec2.describe_vpc_endpoints()["VpcEndpoints"] == []


def test_regions_of_this_partition(client: Callable[..., Any]) -> None:
    ec2 = client("ec2")
    enabled = {each["RegionName"] for each in ec2.describe_regions()["Regions"]}
    every = {each["RegionName"] for each in ec2.describe_regions(AllRegions=True)["Regions"]}
    assert {"us-east-1", "eu-central-1"} < enabled < every
    assert not any(name.startswith(("cn-", "us-gov-")) for name in every)
    found = ec2.describe_regions(Filters=[{"Name": "region-name", "Values": ["eu-*-1"]}])["Regions"]
    assert {each["RegionName"] for each in found} == {
        name for name in enabled if name.startswith("eu-") and name[-2:] == "-1"
    }
    [attribute] = ec2.describe_account_attributes(AttributeNames=["default-vpc"])["AccountAttributes"]
    default = next(vpc["VpcId"] for vpc in ec2.describe_vpcs()["Vpcs"] if vpc["IsDefault"])
    assert attribute["AttributeValues"] == [{"AttributeValue": default}]
