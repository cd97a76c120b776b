"""What is told of an instance from the moment its reboot is asked for, before anybody has begun with it."""

import boto3
import pytest
from moto import mock_aws

from localcloud.mends.ec2 import lifecycle


def test_the_checks_speak_of_the_new_boot_from_the_call_on(monkeypatch: pytest.MonkeyPatch) -> None:
    with mock_aws():
        ec2 = boto3.client("ec2", "eu-central-1", aws_access_key_id="none", aws_secret_access_key="none")
        image = ec2.describe_images()["Images"][0]["ImageId"]
        seat = ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]

        def status() -> str:
            return str(ec2.describe_instance_status()["InstanceStatuses"][0]["InstanceStatus"]["Status"])

        [instance] = lifecycle.all_instances()
        assert status() == "ok"
        monkeypatch.setattr(lifecycle, "on_change", lambda instance: None)
        ec2.reboot_instances(InstanceIds=[seat])
        assert status() == "initializing"
        assert not lifecycle.unheard(instance)  # nobody asks its door while the boot before still answers
