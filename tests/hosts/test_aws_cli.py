"""A session with the stock `aws` command line, from key to termination, with a kill in the middle."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from aws_hosts import Lab, until

AWS = shutil.which("aws", path=f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin") or "aws"
NOBLE = "/aws/service/canonical/ubuntu/server/24.04/stable/current/amd64/hvm/ebs-gp3/ami-id"


def test_a_session_with_the_aws_command(lab: Lab, tmp_path: Path) -> None:
    def aws(*words: str, refused: str = "") -> Any:
        environment = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), **lab.cloud.env}
        done = subprocess.run([AWS, *words, "--output", "json"], capture_output=True, text=True, env=environment)
        if refused:
            assert done.returncode
            assert refused in done.stderr
            return None
        assert done.returncode == 0, f"{words}: {done.stderr}"
        return json.loads(done.stdout) if done.stdout.strip() else None

    account = aws("sts", "get-caller-identity")["Account"]
    public = lab.private_key.with_suffix(".pub")
    key = aws("ec2", "import-key-pair", "--key-name", "cli", "--public-key-material", f"fileb://{public}")
    told = subprocess.run(["ssh-keygen", "-lf", str(public)], capture_output=True, text=True, check=True).stdout
    assert key["KeyFingerprint"].rstrip("=") == told.split()[1].removeprefix("SHA256:")
    image = aws("ssm", "get-parameter", "--name", NOBLE)["Parameter"]["Value"]
    group = aws("ec2", "create-security-group", "--group-name", "cli", "--description", "cli")["GroupId"]
    aws("ec2", "authorize-security-group-ingress", "--group-id", group, "--protocol", "tcp", "--port", "22",
        "--cidr", lab.caller)  # fmt: skip
    data = tmp_path / "data"
    data.write_text("#!/bin/sh\necho from user data > /etc/motd\n")
    made = aws("ec2", "run-instances", "--image-id", image, "--count", "3", "--instance-type", "t3.micro",
               "--key-name", "cli", "--security-group-ids", group, "--user-data", f"file://{data}",
               "--tag-specifications", "ResourceType=instance,Tags=[{Key=Lab,Value=cli}]")  # fmt: skip
    ids = [each["InstanceId"] for each in made["Instances"]]
    aws("ec2", "wait", "instance-running", "--instance-ids", *ids)
    aws("ec2", "wait", "instance-status-ok", "--instance-ids", *ids)
    for instance in ids:
        lab.ssh(instance, "cloud-init status --wait")
        assert lab.ssh(instance, "cat /etc/motd") == "from user data"

    lab.cloud.kill()
    lab.cloud.start()

    aws("ec2", "stop-instances", "--instance-ids", ids[0])
    aws("ec2", "wait", "instance-stopped", "--instance-ids", ids[0])
    aws("ec2", "start-instances", "--instance-ids", ids[0])
    aws("ec2", "wait", "instance-running", "--instance-ids", ids[0])
    baked = aws("ec2", "create-image", "--instance-id", ids[1], "--name", "cli")["ImageId"]
    aws("ec2", "wait", "image-available", "--image-ids", baked)
    [copy] = [
        each["InstanceId"]
        for each in aws("ec2", "run-instances", "--image-id", baked, "--instance-type", "t3.micro", "--key-name", "cli",
                        "--security-group-ids", group)["Instances"]
    ]  # fmt: skip
    aws("ec2", "wait", "instance-status-ok", "--instance-ids", copy)
    assert lab.ssh(copy, "cat /etc/motd") == "from user data"
    aws("ec2", "delete-security-group", "--group-id", group, refused="DependencyViolation")
    aws("ec2", "terminate-instances", "--instance-ids", *ids, copy)
    aws("ec2", "wait", "instance-terminated", "--instance-ids", *ids, copy)
    aws("ec2", "delete-security-group", "--group-id", group)
    listed = aws("ec2", "describe-instances", "--filters", "Name=tag:Lab,Values=cli")["Reservations"]
    assert {each["State"]["Name"] for reservation in listed for each in reservation["Instances"]} == {"terminated"}
    assert account == "123456789012"
    until(lambda: not lab.cloud.client("ec2").describe_volumes()["Volumes"])
