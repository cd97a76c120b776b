"""vCPU quotas: refused past them, told and raised through service-quotas."""

from collections.abc import Callable
from typing import Any

import pytest
from test_launch import refusal, run

Aws = Callable[..., Any]
STANDARD = "L-1216C47A"


@pytest.fixture
def eight(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCALCLOUD_VCPUS", "8")


@pytest.mark.usefixtures("eight")
def test_past_the_quota_nothing_is_launched(aws: Aws) -> None:
    ec2 = aws("ec2")
    run(ec2, MinCount=3, MaxCount=3)
    said = refusal(lambda **asked: run(ec2, **asked), MinCount=2, MaxCount=2)
    assert said == (
        "VcpuLimitExceeded",
        (
            "You have requested more vCPU capacity than your current vCPU limit of 8 allows for the instance bucket "
            "that the specified instance type belongs to. Please visit http://aws.amazon.com/contact-us/ec2-request "
            "to request an adjustment to this limit."
        ),
    )
    assert len(ec2.describe_instances()["Reservations"]) == 1
    run(ec2)


@pytest.mark.usefixtures("eight")
def test_what_is_stopped_or_terminated_does_not_count_until_it_starts(aws: Aws) -> None:
    ec2 = aws("ec2")
    ids = [each["InstanceId"] for each in run(ec2, MinCount=4, MaxCount=4)]
    ec2.stop_instances(InstanceIds=ids[:2])
    ec2.terminate_instances(InstanceIds=ids[3:])
    run(ec2, MinCount=2, MaxCount=2)
    assert refusal(ec2.start_instances, InstanceIds=ids[:2])[0] == "VcpuLimitExceeded"
    states = ec2.describe_instances(InstanceIds=ids[:2])["Reservations"][0]["Instances"]
    assert {each["State"]["Name"] for each in states} == {"stopped"}
    ec2.start_instances(InstanceIds=ids[:1])


@pytest.mark.usefixtures("eight")
def test_spot_has_its_own_quota(aws: Aws) -> None:
    ec2 = aws("ec2")
    run(ec2, MinCount=4, MaxCount=4)
    spot = {"InstanceMarketOptions": {"MarketType": "spot"}, "MinCount": 4, "MaxCount": 4}
    run(ec2, **spot)
    said = refusal(lambda **asked: run(ec2, **asked), **(spot | {"MinCount": 1}))
    assert said == ("MaxSpotInstanceCountExceeded", "Max spot instance count exceeded")


@pytest.mark.usefixtures("eight")
def test_a_granted_increase_holds_at_once_and_in_its_region_only(aws: Aws) -> None:
    quotas = aws("service-quotas")
    change = quotas.request_service_quota_increase(ServiceCode="ec2", QuotaCode=STANDARD, DesiredValue=10)
    asked = change["RequestedQuota"]
    assert (asked["Status"], asked["DesiredValue"]) == ("APPROVED", 10)
    assert quotas.get_service_quota(ServiceCode="ec2", QuotaCode=STANDARD)["Quota"]["Value"] == 10
    default = quotas.get_aws_default_service_quota(ServiceCode="ec2", QuotaCode=STANDARD)["Quota"]
    assert default["Value"] == 8
    history = quotas.list_requested_service_quota_change_history(ServiceCode="ec2")["RequestedQuotas"]
    assert [each["Id"] for each in history] == [asked["Id"]]
    told = quotas.get_requested_service_quota_change(RequestId=asked["Id"])["RequestedQuota"]
    assert told["QuotaCode"] == STANDARD
    assert len(run(aws("ec2"), MinCount=5, MaxCount=5)) == 5
    far = aws("ec2", "eu-west-1")
    assert refusal(lambda **asked: run(far, **asked), MinCount=5, MaxCount=5)[0] == "VcpuLimitExceeded"


def test_quotas_are_listed_by_name_and_in_pages(aws: Aws) -> None:
    quotas = aws("service-quotas")
    pages = list(
        quotas.get_paginator("list_service_quotas").paginate(ServiceCode="ec2", PaginationConfig={"PageSize": 4})
    )
    assert len(pages) > 2
    named = {each["QuotaCode"]: each for page in pages for each in page["Quotas"]}
    assert named[STANDARD]["QuotaName"] == "Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances"
    assert named[STANDARD]["Value"] == 1152
    assert named["L-34B43A08"]["QuotaName"] == "All Standard (A, C, D, H, I, M, R, T, Z) Spot Instance Requests"
    assert named["L-DB2E81BA"]["QuotaName"] == "Running On-Demand G and VT instances"
    assert named["L-0263D0A3"]["QuotaName"] == "EC2-VPC Elastic IPs"
    defaults = quotas.list_aws_default_service_quotas(ServiceCode="ec2")["Quotas"]
    assert {each["QuotaCode"] for each in defaults} == set(named)
    assert quotas.list_service_quotas(ServiceCode="vpc")["Quotas"]


def test_an_unknown_quota(aws: Aws) -> None:
    asked = {"ServiceCode": "ec2", "QuotaCode": "L-00000000"}
    said = refusal(aws("service-quotas").get_service_quota, **asked)
    assert said == (
        "NoSuchResourceException",
        "The request failed because the specified quota L-00000000 does not exist for service ec2.",
    )


def test_each_family_has_its_bucket(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    """G types are not counted as standard ones, and have fewer vCPUs."""
    ec2 = aws("ec2")
    wanted = {"InstanceType": "g4dn.16xlarge", "MinCount": 2, "MaxCount": 2}
    code, message = refusal(lambda **asked: run(ec2, **asked), **wanted)
    assert (code, "vCPU limit of 64" in message) == ("VcpuLimitExceeded", True)
    monkeypatch.setenv("LOCALCLOUD_VCPUS", "1")
    assert run(ec2, InstanceType="g4dn.16xlarge")
