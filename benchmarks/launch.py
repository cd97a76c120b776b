"""
Machines for the ways that do not launch any: by the fewest calls there are, so that nobody is slower for ours.

    python -m benchmarks.launch up FOLDER STUDENT ...    machines that answer SSH, their keys and an ssh_config
    python -m benchmarks.launch down FOLDER              terminated; group and key pair removed

They have what a script brings along, and no more: no tags but the name, no deadline, one host key for all of them.
"""

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import boto3

NAME = "bench"
CANONICAL = "099720109477"
PORT_TAG = "localcloud:ssh-port"
PATIENCE = 120
SSH_CONFIG = """\
Host *
    User ubuntu
    IdentityFile {folder}/key
    IdentitiesOnly yes
    UserKnownHostsFile {folder}/known_hosts
    StrictHostKeyChecking yes
    HostKeyAlgorithms ssh-ed25519
"""


def main() -> None:
    verb, folder, *students = sys.argv[1:]
    ec2 = boto3.client("ec2")
    if verb == "up":
        up(ec2, Path(folder), students)
    else:
        down(ec2, Path(folder))


def up(ec2: Any, folder: Path, students: list[str]) -> None:
    for name in ("key", "host", *(f"{student}.pem" for student in students)):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name], check=True)
    ec2.import_key_pair(KeyName=NAME, PublicKeyMaterial=(folder / "key.pub").read_bytes())
    group = ec2.create_security_group(GroupName=NAME, Description=NAME)["GroupId"]
    ec2.authorize_security_group_ingress(
        GroupId=group, IpProtocol="tcp", FromPort=22, ToPort=22, CidrIp=f"{os.environ['BENCH_ADDRESS']}/32"
    )
    images = ec2.describe_images(Owners=[CANONICAL], Filters=[{"Name": "name", "Values": ["*noble*"]}])["Images"]
    launched = ec2.run_instances(
        ImageId=max(images, key=lambda each: each["CreationDate"])["ImageId"],
        InstanceType="t3.micro",
        KeyName=NAME,
        SecurityGroupIds=[group],
        UserData=host_key(folder),
        MinCount=len(students),
        MaxCount=len(students),
    )["Instances"]
    ids = [each["InstanceId"] for each in launched]
    (folder / "launched.json").write_text(json.dumps({"instances": ids, "group": group}))
    ec2.get_waiter("instance_running").wait(InstanceIds=ids, WaiterConfig={"Delay": 1, "MaxAttempts": PATIENCE})
    [found] = ec2.describe_instances(InstanceIds=ids)["Reservations"]
    entries, known = [], []
    for student, instance in zip(students, found["Instances"], strict=True):
        ports = [each["Value"] for each in instance.get("Tags", []) if each["Key"] == PORT_TAG]
        address, port = instance["PublicIpAddress"], int(next(iter(ports), 22))
        wait_for(address, port)
        entries.append(f"Host {student}\n    HostName {address}\n    Port {port}\n")
        known.append(f"{address if port == 22 else f'[{address}]:{port}'} {(folder / 'host.pub').read_text()}")
    (folder / "known_hosts").write_text("".join(known))
    (folder / "ssh_config").write_text("".join(entries) + SSH_CONFIG.format(folder=folder))


def host_key(folder: Path) -> str:
    """User data with it, so that each machine is known before it is met."""
    private, public = (folder / "host").read_text(), (folder / "host.pub").read_text()
    return "#cloud-config\n" + json.dumps({"ssh_keys": {"ed25519_private": private, "ed25519_public": public}})


def wait_for(address: str, port: int) -> None:
    until = time.monotonic() + PATIENCE
    while True:
        try:
            with socket.create_connection((address, port), timeout=2) as line:
                if line.recv(4) == b"SSH-":
                    return
        except OSError:
            if time.monotonic() > until:
                raise
        time.sleep(0.2)


def down(ec2: Any, folder: Path) -> None:
    made = json.loads((folder / "launched.json").read_text())
    ec2.terminate_instances(InstanceIds=made["instances"])
    patience = {"Delay": 1, "MaxAttempts": PATIENCE}
    ec2.get_waiter("instance_terminated").wait(InstanceIds=made["instances"], WaiterConfig=patience)
    ec2.delete_security_group(GroupId=made["group"])
    ec2.delete_key_pair(KeyName=NAME)


if __name__ == "__main__":
    main()
