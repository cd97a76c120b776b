"""The second engine: docker boots the same hosts, and they are plugged in and filtered in the same way."""

import subprocess
from collections.abc import Iterator

import pytest
from aws_hosts import Lab, until

from localcloud import LocalCloud, image
from localcloud.errors import EngineError
from localcloud.home import cache_folder
from localcloud.hosts import engine as engines
from localcloud.hosts.engine import Engine


@pytest.fixture(scope="module")
def engine() -> Engine:
    try:
        found = engines.find("docker")
    except EngineError as error:
        pytest.skip(str(error))
    if not found.routable:
        pytest.skip("needs root's docker on this machine")
    image.ensure(found, "24.04", cache_folder(), print)
    return found


@pytest.fixture(scope="module")
def docker(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with LocalCloud(engine="docker") as cloud:
        name = cloud.home.name
        yield Lab(cloud, tmp_path_factory.mktemp("docker"))
    mine = ["--filter", f"label=localcloud={name}"]
    assert not engine.run("ps", "--all", "--quiet", *mine)
    assert not engine.run("network", "ls", "--quiet", *mine)
    assert name not in engine.run("images", "--format", "{{.Repository}}")


@pytest.fixture
def up(docker: Lab) -> Iterator[str]:
    [instance] = docker.launch(UserData="#!/bin/sh\necho by user data >/var/tmp/told\n")
    docker.wait_ok(instance)
    yield instance
    docker.terminate(instance)


def inspect(docker: Lab, instance: str, form: str) -> str:
    name = f"localcloud-{docker.cloud.home.name}-{instance}"
    return subprocess.run(
        ["docker", "inspect", "--format", form, name], capture_output=True, text=True, check=True
    ).stdout.strip()


def test_a_host_is_in_docker_and_answers_at_its_address(docker: Lab, up: str) -> None:
    assert docker.cloud.status()["engine"] == "docker"
    assert inspect(docker, up, "{{.State.Status}}") == "running"
    told = docker.ssh(up, "cloud-init status --wait; id --user --name; cat /var/tmp/told")
    assert told.split("\n") == ["status: done", "ubuntu", "by user data"]
    # Programs are built and run there, as pip does.
    assert docker.ssh(up, "cp /bin/true /tmp/t && /tmp/t && echo runs") == "runs"


def test_limits_hold_against_root_in_the_host(docker: Lab, engine: Engine, up: str) -> None:
    assert inspect(docker, up, "{{.HostConfig.Memory}}") == str(1024**3)
    if engine.cgroups != 1:
        pytest.skip("on cgroup v2 a host's own limits are out of its sight")
    docker.ssh(up, "echo -1 | sudo tee /sys/fs/cgroup/memory/memory.limit_in_bytes", check=False)
    assert docker.ssh(up, "cat /sys/fs/cgroup/memory/memory.limit_in_bytes") == str(1024**3)
    docker.ssh(up, "echo /bin/sh | sudo tee /sys/fs/cgroup/systemd/release_agent", check=False)
    assert not docker.ssh(up, "cat /sys/fs/cgroup/systemd/release_agent")


def test_stop_resize_start(docker: Lab, up: str) -> None:
    before = docker.describe(up)["PublicIpAddress"]
    docker.ssh(up, "touch kept && sync")
    docker.ec2.stop_instances(InstanceIds=[up])
    docker.wait(up, "stopped")
    docker.ec2.modify_instance_attribute(InstanceId=up, InstanceType={"Value": "t3.medium"})
    docker.ec2.start_instances(InstanceIds=[up])
    docker.wait(up, "running")
    docker.wait_ok(up)
    assert docker.ssh(up, "ls") == "kept"
    assert docker.describe(up)["PublicIpAddress"] != before
    assert inspect(docker, up, "{{.HostConfig.Memory}}") == str(4 * 1024**3)


def test_reboot_and_shutdown_typed_inside(docker: Lab, up: str) -> None:
    before = inspect(docker, up, "{{.State.Pid}}")
    subprocess.run([*docker.ssh_words(up), "sudo reboot"], check=False)
    until(lambda: inspect(docker, up, "{{.State.Pid}}") not in ("0", before))
    docker.wait_ok(up)
    assert docker.ssh(up, "uptime")
    subprocess.run([*docker.ssh_words(up), "sudo shutdown -h now"], check=False)
    docker.wait(up, "stopped")


def test_groups_and_metadata(docker: Lab, up: str) -> None:
    ask = "curl --silent --max-time 5 -H X-aws-ec2-metadata-token:$(curl --silent -X PUT --max-time 5 -H "
    ask += "X-aws-ec2-metadata-token-ttl-seconds:60 http://169.254.169.254/latest/api/token) "
    assert docker.ssh(up, f"{ask} http://169.254.169.254/latest/meta-data/instance-id") == up
    words = docker.ssh_words(up)
    docker.ec2.modify_instance_attribute(InstanceId=up, Groups=[docker.group("closed")])
    assert subprocess.run([*words, "true"], capture_output=True, check=False).returncode == 255
    docker.ec2.modify_instance_attribute(InstanceId=up, Groups=[docker.open_group()])
    assert docker.ssh(up, "echo again") == "again"


def test_a_disk_is_kept_as_an_image(docker: Lab, up: str) -> None:
    docker.ssh(up, "echo mine | sudo tee /etc/mine; sync")
    ami = docker.ec2.create_image(InstanceId=up, Name="mine")["ImageId"]
    until(lambda: docker.ec2.describe_images(ImageIds=[ami])["Images"][0]["State"] == "available")
    [other] = docker.launch(ImageId=ami)
    docker.wait_ok(other)
    assert docker.ssh(other, "cat /etc/mine") == "mine"
    docker.terminate(other)


def test_hosts_are_found_again_after_a_kill(docker: Lab, up: str) -> None:
    docker.cloud.kill()
    docker.cloud.start()
    assert docker.state(up) == "running"
    assert docker.ssh(up, "echo here") == "here"
