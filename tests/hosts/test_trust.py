"""It can be trusted: killed and started again it knows all it knew, and what it made it also removes."""

import subprocess
import sys
from collections.abc import Iterator

import pytest
from aws_hosts import Lab, until

from localcloud import LocalCloud
from localcloud.hosts import engine


@pytest.fixture(scope="module")
def hosts(lab: Lab) -> Iterator[list[str]]:
    """Two hosts, whose server was killed in the middle of their launch. The tests go through their life in order."""
    tags = [{"Key": "Name", "Value": "survivor"}, {"Key": "Lab", "Value": "demo"}]
    made = lab.launch(
        2,
        InstanceInitiatedShutdownBehavior="terminate",
        TagSpecifications=[{"ResourceType": "instance", "Tags": tags}],
    )
    killed(lab.cloud)
    yield made
    lab.terminate(*made)


def killed(cloud: LocalCloud) -> None:
    cloud.kill()
    cloud.start()


def answer(lab: Lab, hosts: list[str]) -> bool:
    lab.wait_ok(*hosts)
    return all(lab.ssh(host, "echo here") == "here" for host in hosts)


def test_killed_in_the_middle_of_a_launch_the_next_start_finishes_it(lab: Lab, hosts: list[str]) -> None:
    assert answer(lab, hosts)


def test_killed_and_started_again_it_knows_all_and_the_hosts_answer(lab: Lab, hosts: list[str]) -> None:
    lab.wait_ok(*hosts)
    s3 = lab.cloud.client("s3")
    s3.create_bucket(Bucket="kept")
    s3.put_object(Bucket="kept", Key="object", Body=b"bytes")

    def known() -> tuple[object, ...]:
        instances = lab.ec2.describe_instances(InstanceIds=hosts)["Reservations"][0]["Instances"]
        return (
            [(each["InstanceId"], each["State"], each["PublicIpAddress"], each["Tags"]) for each in instances],
            lab.ec2.describe_key_pairs()["KeyPairs"],
            lab.ec2.describe_security_groups()["SecurityGroups"],
            lab.ec2.describe_volumes()["Volumes"],
            lab.ec2.describe_vpcs()["Vpcs"],
            s3.get_object(Bucket="kept", Key="object")["Body"].read(),
        )

    before = known()
    killed(lab.cloud)
    assert known() == before
    assert answer(lab, hosts)
    # The packet filter is still in force and can still be changed.
    lab.ec2.revoke_security_group_ingress(
        GroupId=lab.open_group(), IpProtocol="tcp", FromPort=22, ToPort=22, CidrIp=lab.caller
    )
    refused = subprocess.run([*lab.ssh_words(hosts[0]), "true"], capture_output=True, timeout=60)
    lab.ec2.authorize_security_group_ingress(
        GroupId=lab.open_group(), IpProtocol="tcp", FromPort=22, ToPort=22, CidrIp=lab.caller
    )
    assert refused.returncode == 255
    assert answer(lab, hosts)


def test_hosts_that_went_down_with_the_machine_come_back(lab: Lab, hosts: list[str]) -> None:
    lab.wait_ok(*hosts)
    lab.ssh(hosts[0], "echo kept > note; sync")
    lab.cloud.kill()
    subprocess.run(["podman", "kill", container(lab, hosts[0])], check=True, capture_output=True)
    (lab.cloud.home.folder / "boot").write_text("an earlier boot of this machine")
    lab.cloud.start()
    lab.wait_ok(hosts[0])
    assert lab.ssh(hosts[0], "cat note") == "kept"
    assert lab.state(hosts[0]) == "running"


def test_a_host_removed_behind_its_back_is_told_as_terminated(lab: Lab, hosts: list[str]) -> None:
    lab.wait_ok(hosts[0])
    subprocess.run(["podman", "rm", "-f", "-t", "0", container(lab, hosts[0])], check=True)
    lab.wait(hosts[0], "terminated")


def test_killed_when_hosts_are_to_end_the_next_start_ends_them(lab: Lab, hosts: list[str]) -> None:
    lab.ec2.terminate_instances(InstanceIds=hosts)
    killed(lab.cloud)
    for host in hosts:
        lab.wait(host, "terminated")
    assert not any(host in _containers(lab.cloud.home.name) for host in hosts)


def test_two_run_side_by_side_and_everything_goes_when_the_test_that_made_one_dies(lab: Lab) -> None:
    program = (
        "from localcloud import LocalCloud\n"
        "import os, signal\n"
        "with LocalCloud() as cloud:\n"
        "    ec2 = cloud.client('ec2')\n"
        "    assert ec2.describe_instances()['Reservations'] == []\n"
        "    image = ec2.describe_images(Owners=['099720109477'])['Images'][0]['ImageId']\n"
        "    made = ec2.run_instances(ImageId=image, InstanceType='t3.micro', MinCount=1, MaxCount=1)\n"
        "    ec2.get_waiter('instance_running').wait(InstanceIds=[made['Instances'][0]['InstanceId']],\n"
        "                                            WaiterConfig={'Delay': 1})\n"
        "    print(cloud.home.name, cloud.home.folder, cloud.running.checkip, flush=True)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    died = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120)
    name, folder, caller = died.stdout.split()
    assert caller != lab.cloud.running.checkip
    until(lambda: not _containers(name))
    until(lambda: f"localcloud-{name}" not in engine.find().run("network", "ls", "--format", "{{.Name}}"))
    until(lambda: subprocess.run(["test", "-e", folder], check=False).returncode == 1)


def container(lab: Lab, host: str) -> str:
    return f"localcloud-{lab.cloud.home.name}-{host}"


def _containers(cloud: str) -> str:
    return engine.find().run("ps", "--all", "--filter", f"label=localcloud={cloud}", "--format", "{{.Names}}")
