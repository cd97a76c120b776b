"""DescribeInstances: its filters, its ids, and what is kept over a pickle."""

import pickle
from collections.abc import Callable
from typing import Any

import pytest
from moto.ec2.models import ec2_backends
from test_launch import described, image, refusal, run

Aws = Callable[..., Any]


def ids(ec2: Any, name: str, *values: str) -> list[str]:
    found = ec2.describe_instances(Filters=[{"Name": name, "Values": list(values)}])["Reservations"]
    return [each["InstanceId"] for reservation in found for each in reservation["Instances"]]


def test_filters_find_the_one_and_not_the_other(aws: Aws) -> None:
    ec2, iam = aws("ec2"), aws("iam")
    iam.create_instance_profile(InstanceProfileName="seat")
    ec2.create_placement_group(GroupName="near", Strategy="spread")
    ec2.create_key_pair(KeyName="class")
    group = ec2.create_security_group(GroupName="seats", Description="d")["GroupId"]
    [one] = run(
        ec2,
        InstanceType="t3.small",
        KeyName="class",
        SecurityGroupIds=[group],
        IamInstanceProfile={"Name": "seat"},
        ClientToken="token-of-one",
        Placement={"GroupName": "near", "AvailabilityZone": "us-east-1c"},
        MetadataOptions={"HttpTokens": "required"},
        TagSpecifications=[
            {"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "demo-anna"}, {"Key": "Lab", "Value": "x"}]},
            {"ResourceType": "network-interface", "Tags": [{"Key": "Role", "Value": "front"}]},
        ],
    )
    # The other differs in everything that the filters below name.
    run(ec2, Placement={"AvailabilityZone": "us-east-1a"})
    seen = described(ec2, one["InstanceId"])
    interface = seen["NetworkInterfaces"][0]
    for name, value in {
        "availability-zone": "us-east-1c",
        "block-device-mapping.volume-id": seen["BlockDeviceMappings"][0]["Ebs"]["VolumeId"],
        "client-token": "token-of-one",
        "dns-name": seen["PublicDnsName"],
        "iam-instance-profile.arn": "*:instance-profile/seat",
        "iam-instance-profile.name": "seat",
        "instance-id": one["InstanceId"],
        "instance-type": "*.small",
        "instance.group-id": group,
        "instance.group-name": "seats",
        "ip-address": seen["PublicIpAddress"],
        "key-name": "class",
        "metadata-options.http-tokens": "required",
        "network-interface.addresses.association.public-ip": seen["PublicIpAddress"],
        "network-interface.addresses.private-ip-address": seen["PrivateIpAddress"],
        "network-interface.attachment.instance-id": one["InstanceId"],
        "network-interface.group-id": group,
        "network-interface.mac-address": interface["MacAddress"],
        "network-interface.network-interface-id": interface["NetworkInterfaceId"],
        "network-interface.private-dns-name": interface["PrivateDnsName"],
        "network-interface.subnet-id": seen["SubnetId"],
        "network-interface.tag:Role": "front",
        "placement-group-name": "near",
        "private-dns-name": seen["PrivateDnsName"],
        "private-ip-address": seen["PrivateIpAddress"],
        "subnet-id": seen["SubnetId"],
        "tag-key": "Lab",
        "tag:Name": "demo-*",
    }.items():
        assert ids(ec2, name, value) == [one["InstanceId"]], name


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("architecture", "x86_64"),
        ("ebs-optimized", "false"),
        ("hypervisor", "xen"),
        ("instance-state-code", "16"),
        ("instance-state-name", "running"),
        ("launch-index", "0"),
        ("launch-time", "20*"),
        ("monitoring-state", "disabled"),
        ("network-interface.attachment.status", "attached"),
        ("network-interface.vpc-id", "vpc-*"),
        ("owner-id", "123456789012"),
        ("reservation-id", "r-*"),
        ("root-device-type", "ebs"),
        ("source-dest-check", "true"),
        ("tenancy", "default"),
        ("virtualization-type", "hvm"),
        ("vpc-id", "vpc-*"),
    ],
)
def test_filters_that_fit_all(aws: Aws, name: str, value: str) -> None:
    ec2 = aws("ec2")
    [launched] = run(ec2)
    assert ids(ec2, name, "nothing-like-it", value) == [launched["InstanceId"]]
    assert ids(ec2, name, "nothing-like-it") == []


def test_an_unknown_filter(aws: Aws) -> None:
    said = refusal(aws("ec2").describe_instances, Filters=[{"Name": "colour", "Values": ["red"]}])
    assert said == ("InvalidParameterValue", "The filter 'colour' is invalid")


def test_unknown_ids_are_all_named(aws: Aws) -> None:
    ec2 = aws("ec2")
    [launched] = run(ec2)
    missing = ["i-0123456789abcdef0", "i-0123456789abcdef1"]
    said = refusal(ec2.describe_instances, InstanceIds=[launched["InstanceId"], *missing])
    assert said == ("InvalidInstanceID.NotFound", f"The instance IDs '{', '.join(missing)}' do not exist")
    assert refusal(ec2.describe_instances, InstanceIds=["seat"])[0] == "InvalidInstanceID.Malformed"


def test_all_come_at_once_and_pages_when_asked(aws: Aws) -> None:
    ec2 = aws("ec2")
    for _ in range(6):
        run(ec2)
    assert len(ec2.describe_instances()["Reservations"]) == 6
    page = ec2.describe_instances(MaxResults=5)
    assert len(page["Reservations"]) == 5
    assert len(ec2.describe_instances(MaxResults=5, NextToken=page["NextToken"])["Reservations"]) == 1


def test_special_characters_and_tags_survive(aws: Aws) -> None:
    ec2 = aws("ec2")
    tags = [{"Key": "Name", "Value": "<a & \"b\"> 'ü' [x]*"}, {"Key": "Empty", "Value": ""}]
    [launched] = run(ec2, TagSpecifications=[{"ResourceType": "instance", "Tags": tags}])
    assert described(ec2, launched["InstanceId"])["Tags"] == tags


def test_nothing_launched_keeps_the_state_from_being_saved(aws: Aws) -> None:
    ec2, quotas = aws("ec2"), aws("service-quotas")
    quotas.request_service_quota_increase(ServiceCode="ec2", QuotaCode="L-1216C47A", DesiredValue=2000)
    run(ec2, InstanceMarketOptions={"MarketType": "spot"}, ClientToken="kept")
    source = image(ec2)
    backend = pickle.loads(pickle.dumps(ec2_backends["123456789012"]["us-east-1"]))  # noqa: S301 - our own bytes
    assert list(backend.client_tokens) == ["kept"]
    [reservation] = backend.reservations.values()
    assert reservation.instances[0].image_id == source["ImageId"]
    assert reservation.instances[0].spot_instance_request_id in backend.spot_instance_requests
