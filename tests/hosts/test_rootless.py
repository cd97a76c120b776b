"""Hosts of an engine without root: reached through published ports. Run as an ordinary user, with a rootless podman."""

import subprocess
from collections.abc import Iterator

import pytest
from aws_hosts import Lab, until

from localcloud import LocalCloud, image
from localcloud.errors import EngineError
from localcloud.home import cache_folder
from localcloud.hosts import engine as engines
from localcloud.hosts import preflight
from localcloud.hosts.engine import Engine

PORT = "localcloud:ssh-port"


class PortLab(Lab):
    def port(self, instance: str) -> str:
        return next(str(tag["Value"]) for tag in self.describe(instance)["Tags"] if tag["Key"] == PORT)

    def ssh_words(self, instance: str, address: str | None = None) -> list[str]:
        words = super().ssh_words(instance, address)
        return [*words[:-1], "-p", self.port(instance), words[-1]]


@pytest.fixture(scope="module")
def engine() -> Engine:
    try:
        found = engines.find()
        if not found.rootless:
            pytest.skip("needs an ordinary user with a rootless engine")
        preflight.check(found)
    except EngineError as error:
        pytest.skip(str(error))
    image.ensure(found, "24.04", cache_folder(), print)
    return found


@pytest.fixture(scope="module")
def ports(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PortLab]:
    with LocalCloud() as cloud:
        name = cloud.home.name
        yield PortLab(cloud, tmp_path_factory.mktemp("rootless"))
    left = engine.run("ps", "--all", "--filter", f"label=localcloud={name}", "--format", "{{.Names}}")
    assert not left
    assert name not in engine.run("images", "--format", "{{.Repository}}")


@pytest.fixture
def up(ports: PortLab) -> Iterator[str]:
    [instance] = ports.launch(UserData="#!/bin/sh\necho by user data >/var/tmp/told\n")
    ports.wait_ok(instance)
    yield instance
    ports.terminate(instance)


def test_start_says_what_is_not_enforced(ports: PortLab) -> None:
    [said] = [note for note in ports.cloud.running.notes if PORT in note]
    assert "rootless" in said
    assert "security groups are not enforced" in said
    assert "127.0.0.1" in said


def test_a_host_is_reached_through_its_port(ports: PortLab, up: str) -> None:
    assert ports.describe(up)["PublicIpAddress"] == "127.0.0.1"
    assert ports.ssh(up, "cloud-init status --wait; id --user --name; cat /var/tmp/told").split("\n") == [
        "status: done",
        "ubuntu",
        "by user data",
    ]
    assert ports.ssh(up, "sudo id --user") == "0"


def test_two_hosts_have_two_ports(ports: PortLab, up: str) -> None:
    [other] = ports.launch()
    ports.wait_ok(other)
    assert ports.port(up) != ports.port(other)
    assert ports.ssh(up, "hostname") != ports.ssh(other, "hostname")
    ports.terminate(other)


def test_stop_and_start_keep_the_disk(ports: PortLab, up: str) -> None:
    ports.ssh(up, "touch kept && sync")
    ports.ec2.stop_instances(InstanceIds=[up])
    ports.wait(up, "stopped")
    # An engine that may not set limits must not be asked to.
    ports.ec2.modify_instance_attribute(InstanceId=up, InstanceType={"Value": "t3.small"})
    ports.ec2.start_instances(InstanceIds=[up])
    ports.wait(up, "running")
    ports.wait_ok(up)
    assert ports.ssh(up, "ls") == "kept"


def test_reboot_and_shutdown_typed_inside(ports: PortLab, up: str) -> None:
    def pid() -> str:
        name = f"localcloud-{ports.cloud.home.name}-{up}"
        return subprocess.run(
            ["podman", "inspect", "--format", "{{.State.Pid}}", name], capture_output=True, text=True, check=True
        ).stdout.strip()

    before = pid()
    subprocess.run([*ports.ssh_words(up), "sudo reboot"], check=False)
    until(lambda: pid() not in ("0", before))
    ports.wait_ok(up)
    assert ports.ssh(up, "systemctl is-system-running --wait", check=False) == "running"
    subprocess.run([*ports.ssh_words(up), "sudo shutdown -h now"], check=False)
    ports.wait(up, "stopped")


def test_hosts_are_found_again_after_a_kill(ports: PortLab, up: str) -> None:
    ports.ssh(up, "touch kept")
    ports.cloud.kill()
    ports.cloud.start()
    assert ports.state(up) == "running"
    assert ports.ssh(up, "ls") == "kept"
