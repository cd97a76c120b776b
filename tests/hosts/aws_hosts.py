"""What every test on real hosts does: launch, wait, and log in with the host key that the console has told."""

import base64
import re
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from localcloud import LocalCloud
from localcloud.hosts import engine

CANONICAL = "099720109477"
KEYS = re.compile(r"-----BEGIN SSH HOST KEY KEYS-----(.*?)-----END SSH HOST KEY KEYS-----", re.DOTALL)


def until(true: Callable[[], Any], seconds: float = 60, told: Callable[[], str] = str) -> Any:
    """Wait for something; the value that made it true is returned. `told` is asked how things are where it never is."""
    end = time.monotonic() + seconds
    while not (value := true()):
        assert time.monotonic() < end, f"not within {seconds} s: {true} {told()}"
        time.sleep(0.2)
    return value


@dataclass
class Lab:
    """A localcloud, a key pair in it, and a group that lets this machine in."""

    cloud: LocalCloud
    folder: Path
    key: str = "lab"

    def __post_init__(self) -> None:
        self.ec2 = self.cloud.client("ec2")
        self.private_key = self.folder / "id"
        if not self.private_key.exists():
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", self.private_key], check=True)
            self.ec2.import_key_pair(
                KeyName=self.key, PublicKeyMaterial=self.private_key.with_suffix(".pub").read_bytes()
            )
        self.caller = f"{self.cloud.running.checkip}/32"

    def image(self, release: str = "24.04") -> str:
        name = f"/aws/service/canonical/ubuntu/server/{release}/stable/current/amd64/hvm/ebs-gp3/ami-id"
        if release == "22.04":
            name = name.replace("gp3", "gp2")
        return str(self.cloud.client("ssm").get_parameter(Name=name)["Parameter"]["Value"])

    def group(self, name: str, *open_ports: int, cidr: str | None = None) -> str:
        group = str(self.ec2.create_security_group(GroupName=name, Description=name)["GroupId"])
        for port in open_ports:
            self.ec2.authorize_security_group_ingress(
                GroupId=group, IpProtocol="tcp", FromPort=port, ToPort=port, CidrIp=cidr or self.caller
            )
        return group

    def open_group(self) -> str:
        found = self.ec2.describe_security_groups(Filters=[{"Name": "group-name", "Values": ["ssh"]}])
        if found["SecurityGroups"]:
            return str(found["SecurityGroups"][0]["GroupId"])
        return self.group("ssh", 22)

    def launch(self, count: int = 1, release: str = "24.04", **asked: Any) -> list[str]:
        asked.setdefault("SecurityGroupIds", [self.open_group()])
        asked.setdefault("ImageId", self.image(release))
        asked.setdefault("InstanceType", "t3.micro")
        made = self.ec2.run_instances(KeyName=self.key, MinCount=count, MaxCount=count, **asked)
        return [each["InstanceId"] for each in made["Instances"]]

    def describe(self, instance: str) -> dict[str, Any]:
        told: dict[str, Any] = self.ec2.describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"][0]
        return told

    def state(self, instance: str) -> str:
        return str(self.describe(instance)["State"]["Name"])

    def wait(self, instance: str, state: str) -> None:
        until(lambda: self.state(instance) == state)

    def wait_ok(self, *instances: str) -> None:
        def ok() -> bool:
            told = self.ec2.describe_instance_status(InstanceIds=list(instances))["InstanceStatuses"]
            return len(told) == len(instances) and all(each["InstanceStatus"]["Status"] == "ok" for each in told)

        until(ok)

    def terminate(self, *instances: str) -> None:
        self.ec2.terminate_instances(InstanceIds=list(instances))
        for instance in instances:
            self.wait(instance, "terminated")

    def containers(self, *how: str) -> set[str]:
        """The instances of which the engine has something: all, or those that `how` picks out."""
        words = ("ps", *how, "--filter", f"label=localcloud={self.cloud.home.name}", "--format", "{{.Names}}")
        return {f"i-{name.rpartition('-i-')[2]}" for name in engine.find().run(*words).split()}

    def type_inside(self, instance: str, command: str) -> None:
        """What ends the host, and so this login as well; it is done when the login has ended."""
        self.ssh(instance, f"sudo systemd-run --on-active=0.5 --timer-property=AccuracySec=10ms {command}")

    def booted(self, instance: str) -> str:
        """When its host was booted; nothing while it cannot be asked."""
        return self.ssh(instance, "systemctl show -P UserspaceTimestampMonotonic", check=False)

    def console(self, instance: str) -> str:
        output = self.ec2.get_console_output(InstanceId=instance).get("Output", "")
        # boto3 decodes it already
        return output if "\n" in output else base64.b64decode(output).decode()

    def known_hosts(self, instance: str) -> Path:
        """Pin the keys that the host itself has told on its console, at its first boot."""
        file = self.folder / f"known_hosts-{instance}"
        if not file.exists():
            told = until(lambda: KEYS.findall(self.console(instance)), told=lambda: self.console(instance))[-1]
            keys = [line.split()[:2] for line in told.splitlines() if line.strip()]
            file.write_text("".join(f"{instance} {kind} {key}\n" for kind, key in keys))
        return file

    def ssh_words(self, instance: str, address: str | None = None) -> list[str]:
        address = address or self.describe(instance)["PublicIpAddress"]
        options = [f"UserKnownHostsFile={self.known_hosts(instance)}", f"HostKeyAlias={instance}", "BatchMode=yes"]
        options += ["StrictHostKeyChecking=yes", "ConnectTimeout=5", "IdentitiesOnly=yes", "LogLevel=ERROR"]
        options += ["ServerAliveInterval=2", "ServerAliveCountMax=3"]  # a rebooting host does not say goodbye
        return [
            "ssh",
            "-F",
            "none",
            "-i",
            str(self.private_key),
            *(f"-o{each}" for each in options),
            f"ubuntu@{address}",
        ]

    def ssh(self, instance: str, command: str, *, check: bool = True) -> str:
        """Run a command on the host. A host that is still booting refuses logins for a moment."""
        words = [*self.ssh_words(instance), command]

        def run() -> subprocess.CompletedProcess[str] | None:
            done = subprocess.run(words, capture_output=True, text=True, timeout=120)
            return None if done.returncode == 255 else done

        done = until(run)
        assert not check or done.returncode == 0, f"{command}: {done.returncode} {done.stdout} {done.stderr}"
        return str(done.stdout).strip()
