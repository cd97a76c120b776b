"""Security groups: kept while they are needed, no rule twice, and every filter known."""

from collections.abc import Callable
from typing import Any

import pytest
from test_launch import refusal, run

Aws = Callable[..., Any]


def group(ec2: Any, name: str = "seats") -> str:
    found: str = ec2.create_security_group(GroupName=name, Description="d")["GroupId"]
    return found


def ssh(**peer: Any) -> dict[str, Any]:
    return {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, **peer}


def cidr(*blocks: str) -> dict[str, Any]:
    return {"IpRanges": [{"CidrIp": block} for block in blocks]}


def dependent(group_id: str) -> tuple[str, str]:
    return "DependencyViolation", f"resource {group_id} has a dependent object"


def test_a_group_in_use_stays_until_the_instance_is_terminated(aws: Aws) -> None:
    ec2 = aws("ec2")
    used = group(ec2)
    [launched] = run(ec2, SecurityGroupIds=[used])
    assert refusal(ec2.delete_security_group, GroupId=used) == dependent(used)
    ec2.stop_instances(InstanceIds=[launched["InstanceId"]])
    assert refusal(ec2.delete_security_group, GroupId=used) == dependent(used)
    ec2.terminate_instances(InstanceIds=[launched["InstanceId"]])
    ec2.delete_security_group(GroupId=used)
    assert refusal(ec2.describe_security_groups, GroupIds=[used])[0] == "InvalidGroup.NotFound"


def test_a_group_of_a_free_interface_stays(aws: Aws) -> None:
    ec2 = aws("ec2")
    used = group(ec2)
    subnet = ec2.describe_subnets()["Subnets"][0]["SubnetId"]
    interface = ec2.create_network_interface(SubnetId=subnet, Groups=[used])["NetworkInterface"]
    assert refusal(ec2.delete_security_group, GroupId=used) == dependent(used)
    ec2.delete_network_interface(NetworkInterfaceId=interface["NetworkInterfaceId"])
    ec2.delete_security_group(GroupId=used)


def test_a_group_that_another_refers_to_stays(aws: Aws) -> None:
    ec2 = aws("ec2")
    named, other = group(ec2, "named"), group(ec2, "other")
    rule = [ssh(UserIdGroupPairs=[{"GroupId": named}])]
    ec2.authorize_security_group_ingress(GroupId=other, IpPermissions=rule)
    ec2.authorize_security_group_ingress(GroupId=named, IpPermissions=rule)
    assert refusal(ec2.delete_security_group, GroupId=named) == dependent(named)
    ec2.revoke_security_group_ingress(GroupId=other, IpPermissions=rule)
    ec2.delete_security_group(GroupId=named)


def test_the_default_group_cannot_be_deleted(aws: Aws) -> None:
    ec2 = aws("ec2")
    [default] = ec2.describe_security_groups(GroupNames=["default"])["SecurityGroups"]
    assert refusal(ec2.delete_security_group, GroupId=default["GroupId"]) == (
        "CannotDelete",
        f'the specified group: "{default["GroupId"]}" name: "default" cannot be deleted by a user',
    )


def test_names_are_unique_within_a_vpc(aws: Aws) -> None:
    ec2 = aws("ec2")
    group(ec2)
    code, message = refusal(ec2.create_security_group, GroupName="seats", Description="d")
    assert code == "InvalidGroup.Duplicate"
    assert message.startswith("The security group 'seats' already exists for VPC 'vpc-")
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    ec2.create_security_group(GroupName="seats", Description="d", VpcId=vpc)
    assert refusal(ec2.create_security_group, GroupName="g", Description="d", VpcId="vpc-1")[0] == (
        "InvalidVpcID.NotFound"
    )
    assert refusal(ec2.create_security_group, GroupName="default", Description="d")[0] == "InvalidParameterValue"


@pytest.mark.parametrize("direction", ["ingress", "egress"])
def test_all_rules_of_a_call_or_none(aws: Aws, direction: str) -> None:
    ec2 = aws("ec2")
    made = group(ec2)
    authorize = getattr(ec2, f"authorize_security_group_{direction}")
    authorize(GroupId=made, IpPermissions=[ssh(**cidr("10.1.0.0/16"))])
    described = [{"CidrIp": "10.1.0.0/16", "Description": "again"}]
    said = refusal(authorize, GroupId=made, IpPermissions=[ssh(**cidr("10.2.0.0/16")), ssh(IpRanges=described)])
    assert said == (
        "InvalidPermission.Duplicate",
        'the specified rule "peer: 10.1.0.0/16, TCP, from port: 22, to port: 22, ALLOW" already exists',
    )
    rules = ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [made]}])["SecurityGroupRules"]
    assert "10.2.0.0/16" not in {rule.get("CidrIpv4") for rule in rules}


def test_the_answer_names_every_rule_made(aws: Aws) -> None:
    ec2 = aws("ec2")
    rules = ec2.authorize_security_group_ingress(
        GroupId=group(ec2),
        IpPermissions=[
            ssh(**cidr("10.1.0.0/16", "10.2.3.4/16")),
            {"IpProtocol": "icmp", **cidr("0.0.0.0/0")},
            {"IpProtocol": "-1", "Ipv6Ranges": [{"CidrIpv6": "::/0"}]},
        ],
    )["SecurityGroupRules"]
    peers = [rule.get("CidrIpv4") or rule.get("CidrIpv6") for rule in rules]
    # A CIDR is kept as its network.
    assert peers == ["10.1.0.0/16", "10.2.0.0/16", "0.0.0.0/0", "::/0"]


@pytest.mark.parametrize(
    ("permission", "code"),
    [
        ({"IpProtocol": "tcp", **cidr("0.0.0.0/0")}, "InvalidParameterValue"),
        ({**ssh(**cidr("0.0.0.0/0")), "ToPort": 21}, "InvalidParameterValue"),
        (ssh(**cidr("10.0.0.0/40")), "InvalidParameterValue"),
        (ssh(), "MissingParameter"),
        ({"IpProtocol": "carrier-pigeon", **cidr("0.0.0.0/0")}, "InvalidParameterValue"),
        (ssh(UserIdGroupPairs=[{"GroupId": "sg-0123456789abcdef0"}]), "InvalidGroup.NotFound"),
    ],
)
def test_what_is_no_rule(aws: Aws, permission: dict[str, Any], code: str) -> None:
    ec2 = aws("ec2")
    made = group(ec2)
    assert refusal(ec2.authorize_security_group_ingress, GroupId=made, IpPermissions=[permission])[0] == code


def test_revoking(aws: Aws) -> None:
    ec2 = aws("ec2")
    made = group(ec2)
    ec2.authorize_security_group_ingress(
        GroupId=made, IpPermissions=[ssh(IpRanges=[{"CidrIp": "10.1.0.0/16", "Description": "campus"}])]
    )
    code, _ = refusal(ec2.revoke_security_group_ingress, GroupId=made, IpPermissions=[ssh(**cidr("10.9.0.0/16"))])
    assert code == "InvalidPermission.NotFound"
    ec2.revoke_security_group_ingress(GroupId=made, IpPermissions=[ssh(**cidr("10.1.0.0/16"))])
    [seen] = ec2.describe_security_groups(GroupIds=[made])["SecurityGroups"]
    assert seen["IpPermissions"] == []


def test_a_rule_is_changed_in_its_place(aws: Aws) -> None:
    ec2 = aws("ec2")
    made, other = group(ec2), group(ec2, "other")
    [rule] = ec2.authorize_security_group_ingress(GroupId=made, IpPermissions=[ssh(**cidr("10.1.0.0/16"))])[
        "SecurityGroupRules"
    ]
    for wanted, shown in (
        ({"IpProtocol": "-1", "CidrIpv4": "10.2.0.0/16", "Description": "all"}, "CidrIpv4"),
        ({"IpProtocol": "tcp", "FromPort": 80, "ToPort": 81, "ReferencedGroupId": other}, "ReferencedGroupInfo"),
    ):
        ec2.modify_security_group_rules(
            GroupId=made,
            SecurityGroupRules=[{"SecurityGroupRuleId": rule["SecurityGroupRuleId"], "SecurityGroupRule": wanted}],
        )
        [seen] = ec2.describe_security_group_rules(SecurityGroupRuleIds=[rule["SecurityGroupRuleId"]])[
            "SecurityGroupRules"
        ]
        assert shown in seen
        assert seen["IpProtocol"] == wanted["IpProtocol"]


def test_filters(aws: Aws) -> None:
    ec2 = aws("ec2")
    made = group(ec2)
    ec2.authorize_security_group_ingress(
        GroupId=made, IpPermissions=[ssh(Ipv6Ranges=[{"CidrIpv6": "2001:db8::/32"}]), ssh(**cidr("10.1.0.0/16"))]
    )
    for name, value in (
        ("ip-permission.ipv6-cidr", "2001:db8::/32"),
        ("ip-permission.cidr", "10.1.*"),
        ("ip-permission.to-port", "22"),
        ("group-name", "sea*"),
    ):
        found = ec2.describe_security_groups(Filters=[{"Name": name, "Values": [value]}])["SecurityGroups"]
        assert [each["GroupId"] for each in found] == [made], name
    for call in (ec2.describe_security_groups, ec2.describe_security_group_rules):
        said = refusal(call, Filters=[{"Name": "colour", "Values": ["red"]}])
        assert said == ("InvalidParameterValue", "The filter 'colour' is invalid")
    assert refusal(ec2.describe_security_groups, GroupIds=["seats"])[0] == "InvalidGroupId.Malformed"
