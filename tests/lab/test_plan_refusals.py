"""What the cloud makes impossible is told before anything is made: each in one sentence with its mend."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from plan_side import Classroom, answering, classroom

from localcloud import LocalCloud


@pytest.fixture
def room(cloud: LocalCloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Classroom]:
    yield from classroom(cloud, tmp_path, monkeypatch)


# Who asks


def test_no_credentials(room: Classroom, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    told = room.problem()
    assert "No AWS credentials" in told
    assert "aws configure sso" in told and "AWS_PROFILE" in told and "CLOUD=localcloud" in told


def test_a_profile_that_is_not_there(room: Classroom, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    told = room.problem()
    assert "nobody" in told and "aws configure list-profiles" in told


@pytest.mark.parametrize("error", ["ExpiredToken", "InvalidClientTokenId", "SignatureDoesNotMatch"])
def test_credentials_that_aws_does_not_take(room: Classroom, error: str) -> None:
    room.cloud.fault("sts.GetCallerIdentity", f"error={error}")
    told = room.problem()
    assert error in told and "aws sso login" in told
    assert ("run out" in told) == (error == "ExpiredToken")


def test_an_sso_login_that_has_run_out(room: Classroom, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    config = room.folder / "config"
    config.write_text(
        "[profile uni]\nsso_session = uni\nsso_account_id = 123456789012\nsso_role_name = teacher\nregion = us-east-1\n"
        "[sso-session uni]\nsso_start_url = https://example.awsapps.com/start\nsso_region = us-east-1\n"
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_PROFILE", "uni")
    assert "aws sso login" in room.problem()


def test_a_cloud_that_is_out_of_reach(room: Classroom, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    told = room.problem(lab_ssh_cidrs=["203.0.113.7/32"])
    assert "cannot be reached" in told and "http://127.0.0.1:9" in told and "online" in told


def test_an_endpoint_that_is_none(room: Classroom, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "localhost:4566")
    assert "localhost:4566" in room.problem(lab_ssh_cidrs=["203.0.113.7/32"])


def test_all_that_the_caller_may_not_ask_is_one_sentence(room: Classroom) -> None:
    room.cloud.fault("ec2.DescribeSubnets", "error=UnauthorizedOperation")
    room.cloud.fault("ssm.GetParameters", "error=AccessDeniedException")
    told = room.problem()
    assert "ec2:DescribeSubnets" in told and "ssm:GetParameters" in told
    assert "docs/aws-permissions.json" in told


def test_who_may_not_list_the_regions_may_still_use_one(room: Classroom) -> None:
    room.cloud.fault("ec2.DescribeRegions", "error=UnauthorizedOperation")
    assert room.plan()["region"] == "us-east-1"


def test_a_refusal_that_nobody_foresaw_is_told_as_it_is(room: Classroom) -> None:
    room.cloud.fault("ec2.DescribeKeyPairs", "error=InvalidParameterValue")
    assert "refused DescribeKeyPairs: InvalidParameterValue" in room.problem()


# Where


def test_a_region_that_does_not_exist(room: Classroom) -> None:
    assert "'eu-west-9' does not exist. Did you mean eu-west-" in room.problem(lab_region="eu-west-9")


def test_a_zone_in_place_of_a_region(room: Classroom) -> None:
    assert "Did you mean us-east-1?" in room.problem(lab_region="us-east-1a")


def test_a_region_that_is_not_enabled(room: Classroom) -> None:
    told = room.problem(lab_region="ap-east-1")
    assert "not enabled" in told and "aws account enable-region --region-name ap-east-1" in told


def test_a_lab_that_runs_in_another_region(room: Classroom) -> None:
    room.seat("ada", region="eu-west-1")
    room.lab_folder.mkdir()
    (room.lab_folder / "region").write_text("eu-west-1\n")
    try:
        told = room.problem()
        assert "runs in eu-west-1 (1 seat)" in told and "lab_region: eu-west-1" in told and "make down" in told
    finally:
        room.clear("eu-west-1")
    assert room.plan()["region"] == "us-east-1"


def test_zones_that_the_region_does_not_have(room: Classroom) -> None:
    told = room.problem(lab_zones=["us-east-1a", "us-east-1z"])
    assert "'us-east-1z'" in told and "us-east-1f" in told


# What


@pytest.mark.parametrize(("name", "meant"), [("t3.mikro", "t3.micro"), ("T3.micro".lower() + "o", "t3.micro")])
def test_a_type_that_does_not_exist(room: Classroom, name: str, meant: str) -> None:
    told = room.problem(lab_instance_type=name)
    assert f"'{name}' is not offered in us-east-1. Did you mean {meant}" in told


def test_a_type_that_the_region_does_not_offer(room: Classroom) -> None:
    assert "'t2.micro' is not offered in eu-north-1. Did you mean t3.micro" in room.problem(
        lab_region="eu-north-1", lab_instance_type="t2.micro"
    )


def test_a_type_that_the_wanted_zones_do_not_offer(room: Classroom) -> None:
    told = room.problem(lab_zones=["us-east-1e"])
    assert "t3.micro is offered in none of the zones of lab_zones (us-east-1e)" in told and "us-east-1a" in told


def test_no_ubuntu_for_the_type_in_the_region(room: Classroom) -> None:
    told = room.problem(lab_instance_type="t4g.micro")
    assert "no Ubuntu 24.04 for t4g.micro (arm64) in us-east-1" in told


def test_a_type_of_another_kind_than_the_seats_that_are_there(room: Classroom) -> None:
    room.seat("ada")
    told = room.problem(lab_instance_type="t4g.micro")
    assert "t4g.micro is arm64" in told and "make down first" in told


def test_an_image_that_is_gone_matters_only_where_seats_are_missing(room: Classroom) -> None:
    ec2 = room.cloud.client("ec2")
    image = ec2.create_image(InstanceId=room.seat("carol"), Name="test-own", NoReboot=True)["ImageId"]
    ec2.get_waiter("image_available").wait(ImageIds=[image], WaiterConfig={"Delay": 1})
    room.clear()
    room.seat("ada", ImageId=image)
    ec2.deregister_image(ImageId=image)
    told = room.problem()
    assert f"The image {image} of the seats that are there is gone" in told and "make down, then make up" in told
    assert room.plan(lab_students=["ada"])["image_id"] == image


# The network


def test_subnets_that_do_not_exist(room: Classroom) -> None:
    told = room.problem(lab_subnet_ids=["subnet-0123456789abcdef0"])
    assert "subnet-0123456789abcdef0" in told and "aws ec2 describe-subnets" in told


def test_subnets_in_different_vpcs_and_without_public_addresses(room: Classroom) -> None:
    ec2 = room.cloud.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.9.0.0/24", AvailabilityZone="us-east-1a")["Subnet"]["SubnetId"]
    default = room.plan()["placements"][0]["subnet_id"]
    told = room.problem(lab_subnet_ids=[subnet])
    assert "no public addresses" in told and f"--subnet-id {subnet} --map-public-ip-on-launch" in told
    ec2.modify_subnet_attribute(SubnetId=subnet, MapPublicIpOnLaunch={"Value": True})
    assert "different VPCs" in room.problem(lab_subnet_ids=[subnet, default])
    assert room.plan(lab_subnet_ids=[subnet])["vpc_id"] == vpc
    room.seat("ada")
    told = room.problem(lab_subnet_ids=[subnet])
    assert f"would go to {vpc}" in told and "make down first" in told


def test_subnets_that_are_too_small(room: Classroom) -> None:
    ec2 = room.cloud.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.8.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.8.0.0/28", AvailabilityZone="us-east-1a")["Subnet"]["SubnetId"]
    ec2.modify_subnet_attribute(SubnetId=subnet, MapPublicIpOnLaunch={"Value": True})
    students = [f"s{number}" for number in range(30)]
    assert "only 1" in room.problem(lab_subnet_ids=[subnet], lab_students=students)


def test_no_default_vpc(room: Classroom) -> None:
    ec2 = room.cloud.client("ec2", "us-east-2")
    (vpc,) = ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"]
    for subnet in ec2.describe_subnets()["Subnets"]:
        ec2.delete_subnet(SubnetId=subnet["SubnetId"])
    told = room.problem(lab_region="us-east-2")
    assert "default VPC has no subnet in us-east-2" in told and "create-default-subnet" in told
    for gateway in ec2.describe_internet_gateways()["InternetGateways"]:
        ec2.detach_internet_gateway(InternetGatewayId=gateway["InternetGatewayId"], VpcId=vpc["VpcId"])
    ec2.delete_vpc(VpcId=vpc["VpcId"])
    told = room.problem(lab_region="us-east-2")
    assert "no default VPC in us-east-2" in told
    assert "aws ec2 create-default-vpc --region us-east-2" in told and "lab_subnet_ids" in told


# How much


def test_a_quota_that_is_too_small_counts_only_what_is_still_to_be_launched(room: Classroom) -> None:
    students = [f"s{number}" for number in range(17)]  # 4 vCPUs each, and 64 are allowed
    told = room.problem(lab_instance_type="g4dn.xlarge", lab_students=students)
    assert "'Running On-Demand G and VT instances' (L-DB2E81BA)" in told
    assert "to launch 17 seats takes 68 vCPUs, the quota is 64, and 0 are in use" in told
    assert "room for 16 seats" in told and "--desired-value 68" in told
    room.seat("s0", InstanceType="g4dn.xlarge")
    told = room.problem(lab_instance_type="g4dn.xlarge", lab_students=students)
    assert "to launch 16 seats takes 64 vCPUs, the quota is 64, and 4 are in use" in told
    room.seat("s1", InstanceType="g4dn.xlarge")
    for number in range(2, 16):
        room.seat(f"s{number}", InstanceType="g4dn.xlarge")
    assert len(room.plan(lab_instance_type="g4dn.xlarge", lab_students=students[:16])["seats"]) == 16


def test_a_stopped_seat_needs_room_again(room: Classroom) -> None:
    stopped = room.seat("s0", InstanceType="g4dn.16xlarge")  # 64 vCPUs, all that are allowed
    ec2 = room.cloud.client("ec2")
    ec2.stop_instances(InstanceIds=[stopped])
    ec2.get_waiter("instance_stopped").wait(InstanceIds=[stopped], WaiterConfig={"Delay": 1})
    assert room.plan(lab_instance_type="g4dn.xlarge", lab_students=["s0"])
    told = room.problem(lab_instance_type="g4dn.xlarge", lab_students=["s0", "s1"])
    assert "to launch 1 seat and start 1 seat that is stopped takes 68 vCPUs" in told


def test_spot_has_a_quota_of_its_own(room: Classroom) -> None:
    told = room.problem(lab_instance_type="g4dn.xlarge", lab_students=[f"s{n}" for n in range(17)], lab_spot=True)
    assert "'All G and VT Spot Instance Requests' (L-3819A6DF)" in told


def test_a_quota_that_may_not_be_read_is_no_reason_to_stop(room: Classroom) -> None:
    room.cloud.fault("service-quotas.GetServiceQuota", "error=AccessDeniedException")
    assert "L-1216C47A) could not be read" in room.told()


def test_a_budget_below_the_estimate(room: Classroom) -> None:
    told = room.problem(lab_budget=0.2, lab_hours=8)
    assert "The plan costs $0.28, more than lab_budget allows ($0.20)" in told
    assert room.plan(lab_budget=0.3, lab_hours=8)


def test_a_budget_that_cannot_be_kept_to(room: Classroom) -> None:
    told = room.problem(lab_budget=100, lab_instance_type="g4dn.4xlarge", lab_students=["ada"])
    assert "g4dn.4xlarge in us-east-1 is not known" in told


# Whose name


@pytest.mark.parametrize(
    ("tags", "whose"),
    [
        ({"Owner": "Bob"}, "Owner 'Bob'"),
        ({"ManagedBy": "terraform"}, "managed by terraform"),
        ({"ManagedBy": ""}, "not made by classlab"),
    ],
)
def test_a_name_that_is_somebody_else_s(room: Classroom, tags: dict[str, str], whose: str) -> None:
    seat = room.seat("carol", tags=tags)
    told = room.problem()
    assert f"{seat}, {whose}" in told and "choose another lab_name" in told


def test_one_s_own_lab_is_known_by_its_owner(room: Classroom) -> None:
    room.seat("ada", tags={"Owner": "Ada"})
    tags = {"Owner": "Ada", "Email": "", "Project": "", "Task": ""}
    assert room.plan(lab_tags=tags)["leaving"] == []
    assert "Owner is 'Bob'" in room.problem(lab_tags={**tags, "Owner": "Bob"})


def test_a_key_pair_of_the_lab_s_name_that_is_somebody_else_s(room: Classroom) -> None:
    ec2 = room.cloud.client("ec2")
    ec2.create_key_pair(KeyName="test")
    try:
        assert "the key pair test, not made by classlab" in room.problem()
    finally:
        ec2.delete_key_pair(KeyName="test")
    tags = [{"Key": "Lab", "Value": "test"}, {"Key": "ManagedBy", "Value": "classlab"}]
    ec2.create_key_pair(KeyName="test", TagSpecifications=[{"ResourceType": "key-pair", "Tags": tags}])
    try:
        assert room.plan()
    finally:
        ec2.delete_key_pair(KeyName="test")


# One's own address


def test_an_address_that_cannot_be_asked(room: Classroom) -> None:
    told = room.problem(lab_checkip_url="http://127.0.0.1:9/")
    assert "could not be asked at http://127.0.0.1:9/" in told and 'lab_ssh_cidrs: ["203.0.113.7/32"]' in told
    assert room.plan(lab_checkip_url="http://127.0.0.1:9/", lab_ssh_cidrs=["203.0.113.7/32"])


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("2001:db8::7\n", "IPv4 addresses only"),
        ("<html>Please log in to the hotel's network", "which is none"),
        ("", "which is none"),
        ("0.0.0.0/0", "which is none"),
    ],
)
def test_an_answer_that_is_no_address_of_use(room: Classroom, answer: str, words: str) -> None:
    with answering(answer) as url:
        told = room.problem(lab_checkip_url=url)
    assert words in told and "lab_ssh_cidrs" in told


def test_an_address_service_that_is_broken(room: Classroom) -> None:
    with answering("1.2.3.4", status=503) as url:
        assert "could not be asked" in room.problem(lab_checkip_url=url)


# All together


def test_the_problems_of_the_file_and_of_the_cloud_are_told_together(room: Classroom, tmp_path: Path) -> None:
    room.class_file.write_text(json.dumps({"lab_name": "test", "lab_hour": 8}))
    problems = room.check(
        lab_hours=0, lab_instance_type="t3.mikro", lab_zones=["us-east-1z"], lab_project="gone", lab_python="2"
    ).problems
    for words in ("lab_hours?", "more than 0", "t3.micro", "us-east-1z", "'gone'", '"3.11"'):
        assert any(words in each for each in problems), words
    assert len(problems) == 6
