"""The parts of the plan that need no cloud: quotas, images, refusals in words, addresses of subnets."""

import threading
from typing import Any

import botocore.exceptions
import pytest

from classlab.plan import living, machine, network, quota
from classlab.plan.cloud import Answers, ask, explained
from classlab.plan.machine import Machine

ARM = Machine("t4g.micro", 2, ["arm64"], spot=True)
INTEL = Machine("t2.micro", 1, ["i386", "x86_64"], spot=True)


def refusal(code: str, said: str = "no", action: str = "DescribeSubnets") -> botocore.exceptions.ClientError:
    return botocore.exceptions.ClientError({"Error": {"Code": code, "Message": said}}, action)


@pytest.mark.parametrize(
    ("instance_type", "code", "spot_code"),
    [
        ("t3.micro", "L-1216C47A", "L-34B43A08"),
        ("m7i-flex.large", "L-1216C47A", "L-34B43A08"),
        ("im4gn.large", "L-1216C47A", "L-34B43A08"),
        ("g5.xlarge", "L-DB2E81BA", "L-3819A6DF"),
        ("vt1.3xlarge", "L-DB2E81BA", "L-3819A6DF"),
        ("p5.48xlarge", "L-417A185B", "L-7212CCBC"),
        ("x2iedn.xlarge", "L-7295265B", "L-E3A00192"),
        ("inf2.xlarge", "L-1945791B", "L-B5D1601B"),
        ("trn1.2xlarge", "L-2C3B7624", "L-6B0D517C"),
        ("dl1.24xlarge", "L-6E869C2A", "L-85EED4F7"),
        ("hpc7g.4xlarge", "L-F7808C92", ""),
        ("f2.6xlarge", "L-74FC7D96", "L-88CF9481"),
        ("u7i-6tb.112xlarge", "L-43DA4232", ""),
        ("mac2.metal", "", ""),
    ],
)
def test_each_family_counts_against_its_quota(instance_type: str, code: str, spot_code: str) -> None:
    assert quota.bucket(instance_type, spot=False)[1] == code
    assert quota.bucket(instance_type, spot=True)[1] == spot_code


def instance(instance_type: str = "t3.micro", state: str = "running", **more: Any) -> dict[str, Any]:
    cores = {"CoreCount": 1, "ThreadsPerCore": 2}
    return {"InstanceType": instance_type, "State": {"Name": state}, "CpuOptions": cores, **more}


def test_what_counts_as_used() -> None:
    everything = [
        instance(),
        instance(state="pending"),
        instance(state="stopped"),
        instance("g4dn.xlarge"),
        instance(InstanceLifecycle="spot"),
    ]
    assert quota.in_use("L-1216C47A", everything) == 4
    assert quota.in_use("L-34B43A08", everything) == 2


def test_room_is_told_in_seats() -> None:
    room = quota.Room("Running On-Demand P instances", "L-417A185B", 32, 6)
    assert room.problem(3, 8, [], "us-east-1") == ""
    told = room.problem(4, 8, [2, 2], "us-east-1")
    assert "to launch 4 seats and start 2 seats that are stopped takes 36 vCPUs" in told
    assert "26 are left, which is room for 3 seats" in told and "--desired-value 42" in told
    assert "room for 0 seats" in quota.Room("x", "L-1", 5, 9).problem(1, 2, [], "us-east-1")


def parameters(*names: str) -> dict[str, Any]:
    return {"Parameters": [{"Name": name, "Value": f"ami-{number}"} for number, name in enumerate(names)]}


def test_the_image_fits_the_type() -> None:
    for ubuntu, disk in (("24.04", "ebs-gp3"), ("22.04", "ebs-gp2")):
        amd64, arm64 = machine.parameters(ubuntu)
        assert amd64.endswith(f"/{ubuntu}/stable/current/amd64/hvm/{disk}/ami-id")
        assert machine.image_id(parameters(amd64, arm64), ubuntu, INTEL) == "ami-0"
        assert machine.image_id(parameters(amd64, arm64), ubuntu, ARM) == "ami-1"
        assert machine.image_id(parameters(amd64), ubuntu, ARM) == ""
        assert machine.image_id(parameters(), ubuntu, INTEL) == ""


def image(architecture: str = "x86_64", size: int = 8) -> dict[str, Any]:
    return {"ImageId": "ami-1", "Architecture": architecture, "BlockDeviceMappings": [{"Ebs": {"VolumeSize": size}}]}


def test_an_image_and_a_volume_that_do_not_fit() -> None:
    assert machine.image_problem(image(), INTEL, 20, locked=False) == ""
    assert "needs 30 GiB" in machine.image_problem(image(size=30), INTEL, 20, locked=False)
    assert "make down first" in machine.image_problem(image(), ARM, 20, locked=True)
    assert "ami-1 is x86_64" in machine.image_problem(image(), ARM, 20, locked=False)


@pytest.mark.parametrize(
    ("name", "ubuntu"),
    [
        ("ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-20260714", "24.04"),
        ("ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-arm64-server-20260101", "22.04"),
        ("own-image", ""),
    ],
)
def test_the_release_of_an_image(name: str, ubuntu: str) -> None:
    assert machine.ubuntu_of(name) == ubuntu


def subnet(name: str, zone: str, vpc: str = "vpc-1", public: bool = True, free: int = 100) -> dict[str, Any]:
    return {
        "SubnetId": name,
        "AvailabilityZone": zone,
        "VpcId": vpc,
        "MapPublicIpOnLaunch": public,
        "AvailableIpAddressCount": free,
    }


def test_placements_without_wishes_are_all_zones_that_offer_the_type() -> None:
    subnets = [subnet("s-b", "b"), subnet("s-a", "a"), subnet("s-c", "c")]
    found = network.chosen(subnets, [], [], {"a", "b"}, "t3.micro", 2)
    assert [each["zone"] for each in found.placements] == ["a", "b"]
    assert found.vpc_id == "vpc-1"


def test_wanted_zones_in_which_the_default_vpc_has_nothing() -> None:
    found = network.chosen([subnet("s-a", "a")], [], ["b"], {"a", "b"}, "t3.micro", 2)
    assert "no subnet in b" in found.problems[0]


def test_free_addresses_are_counted_over_all_subnets_that_will_do() -> None:
    subnets = [subnet("s-a", "a", free=3), subnet("s-b", "b", free=3), subnet("s-c", "c", free=50)]
    assert network.chosen(subnets, [], [], {"a", "b"}, "t3.micro", 6).problems == []
    assert "7 seats to be launched" in network.chosen(subnets, [], [], {"a", "b"}, "t3.micro", 7).problems[0]


def test_where_the_offerings_are_unknown_all_subnets_are_kept() -> None:
    assert len(network.chosen([subnet("s-a", "a")], [], [], None, "t3.micro", 1).placements) == 1


def test_many_that_hold_the_name_are_cut_short() -> None:
    tags = [{"Key": "Lab", "Value": "demo"}]
    many = [{"InstanceId": f"i-{n}", "State": {"Name": "running"}, "Tags": tags} for n in range(9)]
    (told,) = living.found("demo", "", many)[1]
    assert "i-2" in told and "i-3" not in told and "and 6 more" in told


def test_what_the_caller_may_not_ask_is_one_sentence_and_the_rest_its_own() -> None:
    answers = Answers(
        {
            "ec2:A": refusal("UnauthorizedOperation"),
            "ec2:B": {"fine": True},
            "ssm:C": refusal("AccessDeniedException"),
            "ec2:D": refusal("OptInRequired", "You are not subscribed."),
            "ec2:E": refusal("Throttling", "Rate exceeded", "E"),
        }
    )
    told = answers.unanswered()
    assert len(told) == 3
    assert any("may not do ec2:A, ssm:C" in each for each in told)
    assert any("Enable it" in each for each in told)
    assert any("refused E: Throttling: Rate exceeded." in each for each in told)
    assert answers.get("ec2:A") is None and answers.get("ec2:B") == {"fine": True}
    assert answers.without("ec2:A", "ssm:C", "ec2:D", "ec2:E").unanswered() == []


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (botocore.exceptions.NoCredentialsError(), "aws configure sso"),
        (botocore.exceptions.PartialCredentialsError(provider="env", cred_var="aws_secret_access_key"), "AWS_PROFILE"),
        (botocore.exceptions.ProfileNotFound(profile="uni"), "uni"),
        (botocore.exceptions.UnauthorizedSSOTokenError(), "aws sso login"),
        (botocore.exceptions.SSOTokenLoadError(error_msg="no token"), "aws sso login"),
        (botocore.exceptions.TokenRetrievalError(provider="sso", error_msg="expired"), "aws sso login"),
        (botocore.exceptions.CredentialRetrievalError(provider="custom", error_msg="broke"), "could not be read"),
        (botocore.exceptions.EndpointConnectionError(endpoint_url="https://ec2"), "Is this computer online"),
        (botocore.exceptions.ConnectTimeoutError(endpoint_url="https://ec2"), "Is this computer online"),
        (botocore.exceptions.ReadTimeoutError(endpoint_url="https://ec2"), "Is this computer online"),
        (botocore.exceptions.SSLError(endpoint_url="https://ec2", error="certificate"), "cannot be reached"),
        (botocore.exceptions.DataNotFoundError(data_path="x"), "could not be asked"),
        (refusal("ExpiredToken"), "run out"),
        (refusal("RequestExpired"), "clock"),
        (refusal("AuthFailure"), "does not know these credentials"),
        (refusal("UnrecognizedClientException"), "does not know these credentials"),
    ],
)
def test_refusals_are_sentences_with_their_mend(error: Exception, words: str) -> None:
    told = explained(error)
    assert words in told
    assert ".." not in told.replace("...", "") and "\n" not in told


def test_questions_are_asked_side_by_side() -> None:
    meet = threading.Barrier(3, timeout=5)
    answers = ask({str(number): meet.wait for number in range(3)})
    assert sorted(answers.get(str(number)) for number in range(3)) == [0, 1, 2]
    assert ask({}).by_action == {}


def test_a_mistake_of_ours_is_not_taken_for_a_refusal() -> None:
    def broken() -> None:
        raise KeyError("ours")

    with pytest.raises(KeyError):
        ask({"a": broken})
