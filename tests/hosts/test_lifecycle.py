"""EC2's manners on real hosts: states, addresses, disks, consoles, shutdowns, images."""

import gzip
import time
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText

import pytest
from aws_hosts import Lab, until
from botocore.exceptions import ClientError


def test_a_launch_passes_through_pending_and_initializing_to_a_login(lab: Lab) -> None:
    made = lab.ec2.run_instances(
        ImageId=lab.image(),
        InstanceType="t3.micro",
        KeyName=lab.key,
        MinCount=1,
        MaxCount=1,
        SecurityGroupIds=[lab.open_group()],
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
    assert lab.ssh(instance, "id -un; sudo id -un; cloud-init status --wait").split() == [
        "ubuntu", "root", "status:", "done",
    ]  # fmt: skip
    assert lab.ssh(instance, "systemctl --failed --no-legend") == ""
    lab.ec2.terminate_instances(InstanceIds=[instance])
    assert lab.state(instance) in ("shutting-down", "terminated")
    lab.wait(instance, "terminated")
    # Still described, its console too, but its address is gone.
    assert "PublicIpAddress" not in lab.describe(instance)
    assert "cloud-init" in lab.console(instance)


@pytest.mark.parametrize("release", ["24.04", "22.04"])
def test_what_is_in_the_image(lab: Lab, release: str) -> None:
    [instance] = lab.launch(release=release)
    lab.wait_ok(instance)
    told = lab.ssh(instance, ". /etc/os-release; echo $VERSION_ID; command -v git tmux curl rsync python3 sudo")
    assert told.split()[0] == release
    assert len(told.split()) == 7
    lab.terminate(instance)


def test_user_data_of_every_kind_runs_once(lab: Lab) -> None:
    script = "#!/bin/sh\necho script >> /opt/ran\n"
    config = "#cloud-config\nruncmd: [echo config >> /opt/ran]\nwrite_files: [{path: /opt/file, content: written}]\n"
    parts = MIMEMultipart()
    parts.attach(MIMEText(script, "x-shellscript"))
    parts.attach(MIMEText(config, "cloud-config"))
    kinds = {"script": script, "config": config, "parts": str(parts), "packed": gzip.compress(script.encode())}
    hosts = {name: lab.launch(UserData=data)[0] for name, data in kinds.items()}
    lab.wait_ok(*hosts.values())
    expected = {"script": {"script"}, "config": {"config"}, "parts": {"script", "config"}, "packed": {"script"}}
    for instance in hosts.values():
        lab.ssh(instance, "cloud-init status --wait")
        lab.ec2.reboot_instances(InstanceIds=[instance])
    for name, instance in hosts.items():
        until(lambda instance=instance: lab.ssh(instance, "uptime -s; cut -d. -f1 /proc/1/stat", check=False))
        time.sleep(1)
        lab.ssh(instance, "cloud-init status --wait", check=False)
        ran = lab.ssh(instance, "sudo cat /opt/ran").split()
        assert sorted(ran) == sorted(expected[name]), name
    lab.terminate(*hosts.values())


def test_failing_user_data_is_seen_and_the_instance_runs(lab: Lab) -> None:
    [instance] = lab.launch(UserData="#!/bin/sh\necho before the end\nexit 7\n")
    lab.wait_ok(instance)
    assert "error" in lab.ssh(instance, "cloud-init status --wait", check=False)
    assert lab.state(instance) == "running"
    until(lambda: "before the end" in lab.console(instance))
    assert "Failed" in lab.console(instance)
    lab.terminate(instance)


def test_stop_and_start_keep_the_disk_and_change_the_public_address(lab: Lab, host: str) -> None:
    lab.ssh(host, "echo kept > note; sync")
    before = lab.describe(host)
    lab.ec2.stop_instances(InstanceIds=[host])
    assert lab.state(host) in ("stopping", "stopped")
    lab.wait(host, "stopped")
    assert "PublicIpAddress" not in lab.describe(host)
    lab.ec2.start_instances(InstanceIds=[host])
    lab.wait_ok(host)
    after = lab.describe(host)
    assert after["PublicIpAddress"] != before["PublicIpAddress"]
    assert after["PrivateIpAddress"] == before["PrivateIpAddress"]
    assert lab.ssh(host, "cat note") == "kept"


def test_reboot_keeps_disk_and_address(lab: Lab, host: str) -> None:
    address = lab.describe(host)["PublicIpAddress"]
    boot = lab.ssh(host, "echo kept > note; stat -c %Y /proc/1")
    lab.ec2.reboot_instances(InstanceIds=[host])
    until(lambda: lab.ssh(host, "stat -c %Y /proc/1", check=False) not in ("", boot))
    assert lab.ssh(host, "cat note") == "kept"
    assert lab.describe(host)["PublicIpAddress"] == address
    assert lab.state(host) == "running"


def test_reboot_typed_inside_comes_back(lab: Lab, host: str) -> None:
    boot = lab.ssh(host, "stat -c %Y /proc/1")
    lab.ssh(host, "sudo systemd-run --on-active=1 systemctl reboot")
    until(lambda: lab.ssh(host, "stat -c %Y /proc/1", check=False) not in ("", boot))
    assert lab.state(host) == "running"


@pytest.mark.parametrize(("behaviour", "end"), [("stop", "stopped"), ("terminate", "terminated")])
def test_shutdown_typed_inside_does_what_the_instance_was_told(lab: Lab, behaviour: str, end: str) -> None:
    [instance] = lab.launch(InstanceInitiatedShutdownBehavior=behaviour)
    lab.wait_ok(instance)
    lab.ssh(instance, "sudo systemd-run --on-active=1 shutdown -h now")
    lab.wait(instance, end)
    assert lab.describe(instance)["StateReason"]["Code"] == "Client.InstanceInitiatedShutdown"
    if end == "stopped":
        lab.ec2.start_instances(InstanceIds=[instance])
        lab.wait_ok(instance)
        lab.terminate(instance)


def test_a_larger_type_means_more_memory(lab: Lab, host: str) -> None:
    limit = "cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null"
    assert int(lab.ssh(host, limit, check=False)) == 1024**3
    with pytest.raises(ClientError, match="IncorrectInstanceState"):
        lab.ec2.modify_instance_attribute(InstanceId=host, InstanceType={"Value": "t3.small"})
    lab.ec2.stop_instances(InstanceIds=[host])
    lab.wait(host, "stopped")
    lab.ec2.modify_instance_attribute(InstanceId=host, InstanceType={"Value": "t3.small"})
    lab.ec2.start_instances(InstanceIds=[host])
    lab.wait_ok(host)
    assert int(lab.ssh(host, limit, check=False)) == 2 * 1024**3


def test_an_image_keeps_the_disk_and_a_launch_from_it_is_another_machine(lab: Lab, host: str) -> None:
    identity = "cat /etc/machine-id /etc/ssh/ssh_host_ed25519_key.pub | cut -d' ' -f2"
    lab.ssh(host, "echo baked | sudo tee /opt/baked; sudo chmod 600 /opt/baked")
    image = lab.ec2.create_image(InstanceId=host, Name="baked")["ImageId"]
    lab.ec2.get_waiter("image_available").wait(ImageIds=[image], WaiterConfig={"Delay": 1})
    [copy] = lab.launch(ImageId=image)
    lab.wait_ok(copy)
    assert lab.ssh(copy, "sudo cat /opt/baked") == "baked"
    assert not set(lab.ssh(copy, identity).split()) & set(lab.ssh(host, identity).split())
    lab.terminate(copy)
    snapshot = lab.ec2.describe_images(ImageIds=[image])["Images"][0]["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"]
    lab.ec2.deregister_image(ImageId=image)
    assert lab.ec2.describe_snapshots(SnapshotIds=[snapshot])["Snapshots"]
    with pytest.raises(ClientError, match="InvalidAMIID"):
        lab.launch(ImageId=image)


def test_a_volume_that_is_to_be_kept_survives(lab: Lab) -> None:
    kept = {"DeviceName": "/dev/sdf", "Ebs": {"VolumeSize": 1, "DeleteOnTermination": False}}
    gone = {"DeviceName": "/dev/sdg", "Ebs": {"VolumeSize": 1, "DeleteOnTermination": True}}
    [instance] = lab.launch(BlockDeviceMappings=[kept, gone])
    lab.wait(instance, "running")
    volumes = {each["DeviceName"]: each["Ebs"]["VolumeId"] for each in lab.describe(instance)["BlockDeviceMappings"]}
    lab.terminate(instance)
    left = [each["VolumeId"] for each in lab.ec2.describe_volumes()["Volumes"]]
    assert volumes["/dev/sdf"] in left
    assert not {volumes["/dev/sdg"], volumes["/dev/sda1"]} & set(left)
    lab.ec2.delete_volume(VolumeId=volumes["/dev/sdf"])


def test_an_elastic_address_answers_and_stays_through_stop_and_start(lab: Lab, host: str) -> None:
    given = lab.ec2.allocate_address(Domain="vpc")
    lab.ec2.associate_address(InstanceId=host, AllocationId=given["AllocationId"])
    assert lab.describe(host)["PublicIpAddress"] == given["PublicIp"]
    assert lab.ssh(host, "echo here") == "here"
    lab.ec2.stop_instances(InstanceIds=[host])
    lab.wait(host, "stopped")
    lab.ec2.start_instances(InstanceIds=[host])
    lab.wait_ok(host)
    assert lab.describe(host)["PublicIpAddress"] == given["PublicIp"]
    assert lab.ssh(host, "echo here") == "here"
    address = lab.ec2.describe_addresses(AllocationIds=[given["AllocationId"]])["Addresses"][0]
    lab.ec2.disassociate_address(AssociationId=address["AssociationId"])
    lab.ec2.release_address(AllocationId=given["AllocationId"])
    assert lab.describe(host)["PublicIpAddress"] != given["PublicIp"]
    assert lab.ssh(host, "echo here") == "here"
