"""EC2's manners on real hosts: states, addresses, disks, consoles, shutdowns."""

import gzip
from collections.abc import Iterator
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText

import pytest
from aws_hosts import KEYS, Lab, until
from botocore.exceptions import ClientError

from localcloud import image
from localcloud.home import cache_folder
from localcloud.hosts import engine

SCRIPT = "#!/bin/sh\necho script >> /opt/ran\n"
CONFIG = "#cloud-config\nruncmd: [echo config >> /opt/ran]\nwrite_files: [{path: /opt/file, content: written}]\n"


def packed() -> bytes:
    """Both of them as one, and that compressed."""
    parts = MIMEMultipart()
    parts.attach(MIMEText(SCRIPT, "x-shellscript"))
    parts.attach(MIMEText(CONFIG, "cloud-config"))
    return gzip.compress(str(parts).encode())


@pytest.fixture(scope="module")
def hosts(lab: Lab) -> Iterator[dict[str, str]]:
    """All hosts of these tests, launched at once. A test leaves them running, or is the last."""
    made = {
        "plain": lab.launch(InstanceType="t3.nano"),
        "script": lab.launch(UserData=f"{SCRIPT}echo before the end\nexit 7\n"),
        "config": lab.launch(UserData=CONFIG, release="22.04"),
        "packed": lab.launch(UserData=packed(), InstanceInitiatedShutdownBehavior="terminate"),
    }
    yield {name: instance for name, [instance] in made.items()}
    lab.terminate(*(instance for [instance] in made.values()))


def test_a_launch_passes_through_pending_and_initializing_to_a_login_and_leaves_what_is_to_be_kept(lab: Lab) -> None:
    kept = {"DeviceName": "/dev/sdf", "Ebs": {"VolumeSize": 1, "DeleteOnTermination": False}}
    gone = {"DeviceName": "/dev/sdg", "Ebs": {"VolumeSize": 1, "DeleteOnTermination": True}}
    made = lab.ec2.run_instances(
        ImageId=lab.image(),
        InstanceType="t3.micro",
        KeyName=lab.key,
        MinCount=1,
        MaxCount=1,
        SecurityGroupIds=[lab.open_group()],
        BlockDeviceMappings=[kept, gone],
    )["Instances"][0]
    assert made["State"]["Name"] == "pending"
    instance = made["InstanceId"]
    lab.wait(instance, "running")
    seen = set()

    def ok() -> bool:
        status = lab.ec2.describe_instance_status(InstanceIds=[instance])["InstanceStatuses"][0]
        seen.add(status["InstanceStatus"]["Status"])
        return "ok" in seen

    until(ok)
    assert seen == {"initializing", "ok"}
    told = lab.ssh(instance, "id -un; sudo id -un; cloud-init status --wait; systemctl --failed --no-legend")
    assert told.split() == ["ubuntu", "root", "status:", "done"]
    volumes = {each["DeviceName"]: each["Ebs"]["VolumeId"] for each in lab.describe(instance)["BlockDeviceMappings"]}
    lab.ec2.terminate_instances(InstanceIds=[instance])
    assert lab.state(instance) in ("shutting-down", "terminated")
    lab.wait(instance, "terminated")
    # Still described, its console too, but its address is gone.
    assert "PublicIpAddress" not in lab.describe(instance)
    assert "cloud-init" in lab.console(instance)
    left = [each["VolumeId"] for each in lab.ec2.describe_volumes()["Volumes"]]
    assert volumes["/dev/sdf"] in left
    assert not {volumes["/dev/sdg"], volumes["/dev/sda1"]} & set(left)
    lab.ec2.delete_volume(VolumeId=volumes["/dev/sdf"])


def test_hosts_that_go_together_leave_each_its_own_console(lab: Lab) -> None:
    hosts = lab.launch(5)
    lab.wait_ok(*hosts)
    keys = {each: until(lambda each=each: KEYS.findall(lab.console(each)))[-1] for each in hosts}
    lab.terminate(*hosts)
    for each in hosts:
        lab.wait(each, "terminated")
        assert KEYS.findall(lab.console(each))[-1] == keys[each]
    assert not lab.containers() & set(hosts), "what is terminated does not run"
    until(lambda: not lab.containers("--all") & set(hosts))
    assert KEYS.findall(lab.console(hosts[0]))[-1] == keys[hosts[0]]


def test_what_a_killed_server_has_left_on_the_disk_is_removed_by_the_next(lab: Lab) -> None:
    [host] = lab.launch()
    lab.wait_ok(host)
    lab.terminate(host)
    until(lambda: host not in lab.containers("--all"))
    lab.cloud.kill()
    name = lab.cloud.home.name
    words = ("create", "--name", f"localcloud-{name}-{host}", "--label", f"localcloud={name}")
    found = engine.find()
    found.run(*words, *found.limits, image.ensure(found, "24.04", cache_folder(), print), "true")
    assert host in lab.containers("--all")
    lab.cloud.start()
    until(lambda: host not in lab.containers("--all"))


@pytest.mark.parametrize(("name", "release"), [("plain", "24.04"), ("config", "22.04")])
def test_what_is_in_the_image(lab: Lab, hosts: dict[str, str], name: str, release: str) -> None:
    lab.wait_ok(hosts[name])
    told = lab.ssh(hosts[name], ". /etc/os-release; echo $VERSION_ID; command -v git tmux curl rsync python3 sudo")
    assert told.split()[0] == release
    assert len(told.split()) == 7
    # A login prompt would take from the console what others are about to say there.
    assert "masked" in lab.ssh(hosts[name], "systemctl is-enabled console-getty", check=False)


def test_failing_user_data_is_seen_and_the_instance_runs(lab: Lab, hosts: dict[str, str]) -> None:
    instance = hosts["script"]
    lab.wait_ok(instance)
    assert "error" in lab.ssh(instance, "cloud-init status --wait", check=False)
    assert lab.state(instance) == "running"
    until(lambda: "before the end" in lab.console(instance))
    assert "Failed" in lab.console(instance)


def test_user_data_of_every_kind_runs_once_and_a_reboot_keeps_disk_and_address(lab: Lab, hosts: dict[str, str]) -> None:
    expected = {"script": ["script"], "config": ["config"], "packed": ["config", "script"]}
    lab.wait_ok(*hosts.values())
    booted, addresses = {}, {}
    for name in expected:
        lab.ssh(hosts[name], "cloud-init status --wait", check=False)
        booted[name] = lab.booted(hosts[name])
        addresses[name] = lab.describe(hosts[name])["PublicIpAddress"]
    told = [hosts["config"], hosts["packed"]]
    lab.ec2.reboot_instances(InstanceIds=told)
    lab.wait_ok(*told)  # the checks speak of the new boot from the call on
    assert all(lab.booted(hosts[name]) != booted[name] for name in ("config", "packed"))
    lab.type_inside(hosts["script"], "reboot")
    for name, ran in expected.items():
        until(lambda name=name: lab.booted(hosts[name]) not in ("", booted[name]))
        lab.ssh(hosts[name], "cloud-init status --wait", check=False)
        assert sorted(lab.ssh(hosts[name], "sudo cat /opt/ran").split()) == ran, name
        assert lab.describe(hosts[name])["PublicIpAddress"] == addresses[name]
        assert lab.state(hosts[name]) == "running"
    assert lab.ssh(hosts["config"], "cat /opt/file") == "written"


def test_stop_and_start_keep_the_disk_and_change_address_and_memory(lab: Lab, hosts: dict[str, str]) -> None:
    """ "Too small for the job" is met in rehearsal: 700 MB fit into a t3.micro, and not into a t3.nano."""
    host = hosts["plain"]
    lab.wait_ok(host)
    memory = "cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null"
    job = "sudo systemd-run --quiet --wait python3 -c 'bytearray(700_000_000)'; echo $?"
    assert int(lab.ssh(host, memory, check=False)) == 512 * 1024**2
    assert lab.ssh(host, job) != "0"
    lab.ssh(host, "echo kept > note; sync")
    before = lab.describe(host)
    larger = {"InstanceId": host, "InstanceType": {"Value": "t3.micro"}}
    with pytest.raises(ClientError, match="IncorrectInstanceState"):
        lab.ec2.modify_instance_attribute(**larger)
    lab.ec2.stop_instances(InstanceIds=[host])
    assert lab.state(host) in ("stopping", "stopped")
    lab.wait(host, "stopped")
    assert "PublicIpAddress" not in lab.describe(host)
    lab.ec2.modify_instance_attribute(**larger)
    lab.ec2.start_instances(InstanceIds=[host])
    lab.wait_ok(host)
    after = lab.describe(host)
    assert after["PublicIpAddress"] != before["PublicIpAddress"]
    assert after["PrivateIpAddress"] == before["PrivateIpAddress"]
    assert lab.ssh(host, "cat note") == "kept"
    assert int(lab.ssh(host, memory, check=False)) == 1024**3
    assert lab.ssh(host, job) == "0"


def test_shut_down_from_inside_it_is_stopped_and_an_elastic_address_stays(lab: Lab, hosts: dict[str, str]) -> None:
    host = hosts["plain"]
    lab.wait_ok(host)
    given = lab.ec2.allocate_address(Domain="vpc")
    lab.ec2.associate_address(InstanceId=host, AllocationId=given["AllocationId"])
    assert lab.describe(host)["PublicIpAddress"] == given["PublicIp"]
    lab.type_inside(host, "shutdown -h now")
    lab.wait(host, "stopped")
    assert lab.describe(host)["StateReason"]["Code"] == "Client.InstanceInitiatedShutdown"
    lab.ec2.start_instances(InstanceIds=[host])
    lab.wait_ok(host)
    assert lab.describe(host)["PublicIpAddress"] == given["PublicIp"]
    assert lab.ssh(host, "echo here") == "here"
    address = lab.ec2.describe_addresses(AllocationIds=[given["AllocationId"]])["Addresses"][0]
    lab.ec2.disassociate_address(AssociationId=address["AssociationId"])
    lab.ec2.release_address(AllocationId=given["AllocationId"])
    assert lab.describe(host)["PublicIpAddress"] != given["PublicIp"]
    assert lab.ssh(host, "echo here") == "here"


def test_shut_down_from_inside_it_is_terminated_if_it_was_told_so(lab: Lab, hosts: dict[str, str]) -> None:
    """The last: it ends a host."""
    host = hosts["packed"]
    lab.wait_ok(host)
    lab.type_inside(host, "shutdown -h now")
    lab.wait(host, "terminated")
    assert lab.describe(host)["StateReason"]["Code"] == "Client.InstanceInitiatedShutdown"
