"""What moto's own server shows of states when no hosts are kept: the end of each way, at once."""

from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localcloud.mends.ec2 import lifecycle


def launch(ec2: Any) -> str:
    image = ec2.describe_images()["Images"][0]["ImageId"]
    made = ec2.run_instances(ImageId=image, InstanceType="t3.micro", MinCount=1, MaxCount=1)
    return str(made["Instances"][0]["InstanceId"])


def test_terminated_instances_are_forgotten_after_a_while_and_others_are_not(
    aws: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    ec2 = aws("ec2")
    kept, gone = launch(ec2), launch(ec2)
    ec2.terminate_instances(InstanceIds=[gone])
    assert lifecycle.forget_terminated() == []
    monkeypatch.setattr(lifecycle, "REMEMBERED", timedelta())
    assert lifecycle.forget_terminated() == [gone]
    assert ec2.describe_instances(InstanceIds=[kept])["Reservations"]
    with pytest.raises(ClientError, match=r"InvalidInstanceID\.NotFound"):
        ec2.describe_instances(InstanceIds=[gone])


def test_a_host_that_nobody_could_log_in_to_for_long_is_impaired(aws: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    ec2 = aws("ec2")
    instance = launch(ec2)

    def status() -> str:
        told = ec2.describe_instance_status(InstanceIds=[instance])["InstanceStatuses"][0]
        return str(told["InstanceStatus"]["Status"])

    assert status() == "ok"
    [each] = [each for each in lifecycle.all_instances() if each.id == instance]
    lifecycle.life(each).ready = False
    assert status() == "initializing"
    monkeypatch.setattr(lifecycle, "PATIENCE", timedelta())
    assert status() == "impaired"


def test_status_filters(aws: Any) -> None:
    ec2 = aws("ec2")
    instance = launch(ec2)
    ec2.create_tags(Resources=[instance], Tags=[{"Key": "Lab", "Value": "demo"}])

    def found(name: str, value: str) -> list[str]:
        told = ec2.describe_instance_status(Filters=[{"Name": name, "Values": [value]}])["InstanceStatuses"]
        return [each["InstanceId"] for each in told]

    for name, yes, no in [
        ("instance-status.status", "ok", "impaired"),
        ("instance-state-name", "running", "stopped"),
        ("tag:Lab", "demo", "other"),
        ("availability-zone", "us-east-1*", "eu-*"),
    ]:
        assert found(name, yes) == [instance], name
        assert found(name, no) == [], name
    with pytest.raises(ClientError, match="InvalidParameterValue"):
        found("no-such-filter", "x")
