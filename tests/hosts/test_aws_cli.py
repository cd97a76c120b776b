"""A session with the stock `aws` command, from key to termination, with a kill in the middle."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from aws_hosts import Lab

AWS = shutil.which("aws", path=f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin") or "aws"
HOST_KEY = "cat /etc/ssh/ssh_host_ed25519_key.pub"


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

    public = lab.private_key.with_suffix(".pub")
    key = aws("ec2", "import-key-pair", "--key-name", "cli", "--public-key-material", f"fileb://{public}")
    told = subprocess.run(["ssh-keygen", "-lf", str(public)], capture_output=True, text=True, check=True).stdout
    assert key["KeyFingerprint"].rstrip("=") == told.split()[1].removeprefix("SHA256:")
    data = tmp_path / "data"
    data.write_text("#!/bin/sh\necho from user data > /etc/motd\n")
    launch = ("ec2", "run-instances", "--instance-type", "t3.micro", "--key-name", "cli", "--security-group-ids",
              lab.open_group())  # fmt: skip
    made = aws(*launch, "--image-id", lab.image(), "--user-data", f"file://{data}",
               "--tag-specifications", "ResourceType=instance,Tags=[{Key=Lab,Value=cli}]")  # fmt: skip
    host = made["Instances"][0]["InstanceId"]
    lab.wait_ok(host)  # `aws ec2 wait` looks every 15 seconds
    aws("ec2", "wait", "instance-status-ok", "--instance-ids", host)
    lab.ssh(host, "cloud-init status --wait")
    assert lab.ssh(host, "cat /etc/motd") == "from user data"

    lab.ssh(host, "echo baked | sudo tee /opt/baked; sudo chmod 600 /opt/baked")
    image = aws("ec2", "create-image", "--instance-id", host, "--name", "cli")["ImageId"]

    # Whatever was under way goes on.
    lab.cloud.kill()
    lab.cloud.start()

    lab.ec2.get_waiter("image_available").wait(ImageIds=[image], WaiterConfig={"Delay": 1})
    aws("ec2", "wait", "image-available", "--image-ids", image)
    copy = aws(*launch, "--image-id", image)["Instances"][0]["InstanceId"]
    lab.wait_ok(copy)
    assert lab.ssh(copy, "cat /etc/motd; sudo cat /opt/baked").splitlines() == ["from user data", "baked"]
    # cloud-init makes new host keys; all else of a disk is as it was, as on EC2.
    assert lab.ssh(copy, HOST_KEY) != lab.ssh(host, HOST_KEY)
    assert lab.ssh(copy, "cat /etc/machine-id") == lab.ssh(host, "cat /etc/machine-id")

    snapshot = lab.ec2.describe_images(ImageIds=[image])["Images"][0]["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"]
    aws("ec2", "deregister-image", "--image-id", image)
    assert lab.ec2.describe_snapshots(SnapshotIds=[snapshot])["Snapshots"]
    aws(*launch, "--image-id", image, refused="InvalidAMIID")
    # Whoever was launched from it lives on.
    assert lab.ssh(copy, "sudo cat /opt/baked") == "baked"

    aws("ec2", "terminate-instances", "--instance-ids", host, copy)
    lab.wait(host, "terminated")
    lab.wait(copy, "terminated")
    aws("ec2", "wait", "instance-terminated", "--instance-ids", host, copy)
    listed = aws("ec2", "describe-instances", "--filters", "Name=tag:Lab,Values=cli")["Reservations"]
    assert {each["State"]["Name"] for reservation in listed for each in reservation["Instances"]} == {"terminated"}
    disks = [{"Name": "attachment.instance-id", "Values": [host, copy]}]
    assert lab.ec2.describe_volumes(Filters=disks)["Volumes"] == []
