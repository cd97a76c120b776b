"""It can be trusted: killed and started again it knows all it knew, and what it made it also removes."""

import subprocess
import sys

from aws_hosts import Lab, until

from localcloud import LocalCloud
from localcloud.hosts import engine


def test_killed_and_started_again_it_knows_all_and_the_hosts_answer(lab: Lab) -> None:
    tags = [{"Key": "Name", "Value": "survivor"}, {"Key": "Lab", "Value": "demo"}]
    hosts = lab.launch(2, TagSpecifications=[{"ResourceType": "instance", "Tags": tags}])
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
    lab.cloud.kill()
    for host in hosts:
        assert subprocess.run(["podman", "inspect", f"localcloud-{lab.cloud.home.name}-{host}"], capture_output=True)
    lab.cloud.start()
    assert known() == before
    for host in hosts:
        assert lab.ssh(host, "echo here") == "here"
    # The packet filter is still in force and can still be changed.
    lab.ec2.revoke_security_group_ingress(
        GroupId=lab.open_group(), IpProtocol="tcp", FromPort=22, ToPort=22, CidrIp=lab.caller
    )
    refused = subprocess.run([*lab.ssh_words(hosts[0]), "true"], capture_output=True, timeout=60)
    lab.ec2.authorize_security_group_ingress(
        GroupId=lab.open_group(), IpProtocol="tcp", FromPort=22, ToPort=22, CidrIp=lab.caller
    )
    assert refused.returncode == 255
    assert lab.ssh(hosts[0], "echo here") == "here"
    lab.terminate(*hosts)


def test_killed_in_the_middle_of_a_launch_the_next_start_finishes_it(lab: Lab) -> None:
    hosts = lab.launch(4)
    lab.cloud.kill()
    lab.cloud.start()
    lab.wait_ok(*hosts)
    for host in hosts:
        assert lab.ssh(host, "echo here") == "here"
    lab.ec2.terminate_instances(InstanceIds=hosts)
    lab.cloud.kill()
    lab.cloud.start()
    for host in hosts:
        lab.wait(host, "terminated")
    assert not any(host in _containers(lab.cloud.home.name) for host in hosts)


def test_hosts_that_went_down_with_the_machine_come_back(lab: Lab) -> None:
    [host] = lab.launch(InstanceInitiatedShutdownBehavior="terminate")
    lab.wait_ok(host)
    lab.ssh(host, "echo kept > note; sync")
    lab.cloud.kill()
    container = f"localcloud-{lab.cloud.home.name}-{host}"
    subprocess.run(["podman", "kill", container], check=True, capture_output=True)
    (lab.cloud.home.folder / "boot").write_text("an earlier boot of this machine")
    lab.cloud.start()
    lab.wait_ok(host)
    assert lab.ssh(host, "cat note") == "kept"
    assert lab.state(host) == "running"
    lab.terminate(host)


def test_a_host_removed_behind_its_back_is_told_as_terminated(lab: Lab, host: str) -> None:
    subprocess.run(["podman", "rm", "-f", "-t", "0", f"localcloud-{lab.cloud.home.name}-{host}"], check=True)
    lab.wait(host, "terminated")


def test_everything_goes_when_the_test_that_made_it_dies() -> None:
    program = (
        "from localcloud import LocalCloud\n"
        "import os, signal\n"
        "with LocalCloud() as cloud:\n"
        "    ec2 = cloud.client('ec2')\n"
        "    image = ec2.describe_images(Owners=['099720109477'])['Images'][0]['ImageId']\n"
        "    made = ec2.run_instances(ImageId=image, InstanceType='t3.micro', MinCount=1, MaxCount=1)\n"
        "    ec2.get_waiter('instance_running').wait(InstanceIds=[made['Instances'][0]['InstanceId']],\n"
        "                                            WaiterConfig={'Delay': 1})\n"
        "    print(cloud.home.name, cloud.home.folder, flush=True)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    died = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120)
    name, folder = died.stdout.split()
    until(lambda: not _containers(name))
    until(lambda: f"localcloud-{name}" not in engine.find().run("network", "ls", "--format", "{{.Name}}"))
    until(lambda: subprocess.run(["test", "-e", folder], check=False).returncode == 1)


def test_two_run_side_by_side(lab: Lab) -> None:
    with LocalCloud() as other:
        assert other.running.checkip != lab.cloud.running.checkip
        assert other.client("ec2").describe_instances()["Reservations"] == []


def _containers(cloud: str) -> str:
    return engine.find().run("ps", "--all", "--filter", f"label=localcloud={cloud}", "--format", "{{.Names}}")
