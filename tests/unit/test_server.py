"""The server without hosts: it starts once, says what is wrong, keeps what it knew, and ends with its test."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from localcloud import LocalCloud, LocalCloudError
from localcloud.home import Home


@pytest.fixture(scope="module")
def cloud() -> Iterator[LocalCloud]:
    with LocalCloud(hosts=False) as cloud:
        yield cloud


@pytest.fixture
def command(tmp_path: Path) -> Iterator[Any]:
    """The command `localcloud` with a state folder of its own."""

    def run(*words: str, status: int = 0) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "localcloud", "--home", str(tmp_path / "home"), *words],
            capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        assert "Traceback" not in done.stdout + done.stderr
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout + done.stderr

    yield run
    run("reset", "--yes")


def free_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


def launch(cloud: LocalCloud, **asked: Any) -> list[str]:
    ec2 = cloud.client("ec2")
    image = ec2.describe_images(Owners=["099720109477"])["Images"][0]["ImageId"]
    counts = {"MinCount": 1, "MaxCount": 1, "InstanceType": "t3.micro", "ImageId": image, **asked}
    return [each["InstanceId"] for each in ec2.run_instances(**counts)["Instances"]]


def state(cloud: LocalCloud, instance: str) -> str:
    told = cloud.client("ec2").describe_instances(InstanceIds=[instance])
    return str(told["Reservations"][0]["Instances"][0]["State"]["Name"])


def wait(cloud: LocalCloud, instance: str, wanted: str) -> None:
    for _ in range(100):
        if state(cloud, instance) == wanted:
            return
        time.sleep(0.1)
    raise AssertionError(f"{instance} is {state(cloud, instance)}, not {wanted}")


def test_start_status_env_stop_and_start_again(command: Any) -> None:
    port = free_port()
    assert f"127.0.0.1:{port}" in command("start", "--no-hosts", "--port", port)
    assert "already runs" in command("start")
    status = json.loads(command("status", "--json"))
    assert status["running"] is True
    assert status["endpoint"].endswith(f":{port}")
    exports = command("env")
    assert re.search(rf"^export AWS_ENDPOINT_URL=http://127\.0\.0\.1:{port}$", exports, re.MULTILINE)
    assert json.loads(command("env", "--json"))["AWS_DEFAULT_REGION"] == "us-east-1"
    in_a_shell = subprocess.run(
        ["sh", "-c", f'eval "$({sys.executable} -m localcloud --home {status["home"]} env)"; echo $AWS_ENDPOINT_URL'],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert in_a_shell.stdout.strip().endswith(port)
    assert "has stopped" in command("stop")
    assert "does not run" in command("stop")
    assert "does not run" in command("status", status=3)
    assert "does not run" in command("env", status=1)
    assert f":{port}" in command("start"), "what was said before is kept"
    command("stop")


def test_a_taken_port_is_said_with_the_mend(command: Any) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        told = command("start", "--no-hosts", "--port", str(other.getsockname()[1]), status=1)
    assert "taken by another program" in told
    assert "--port" in told


def test_it_listens_on_the_loopback_only(cloud: LocalCloud) -> None:
    listening = subprocess.run(["ss", "-Hltn", f"sport = :{cloud.running.port}"], capture_output=True, text=True)
    assert [line.split()[3] for line in listening.stdout.splitlines()] == [f"127.0.0.1:{cloud.running.port}"]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "small"
    place.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(place)], capture_output=True).returncode:
        pytest.skip("only root may mount a small disk")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


def fill(disk: Path) -> None:
    with (disk / "fill").open("wb", buffering=0) as file, pytest.raises(OSError, match="space"):
        while True:
            file.write(bytes(4096))


def test_a_full_disk_is_said(small_disk: Path) -> None:
    fill(small_disk)
    words = [sys.executable, "-m", "localcloud", "--home", str(small_disk / "home"), "start", "--no-hosts"]
    done = subprocess.run([*words, "--port", free_port()], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert "No space left on device" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_disk_that_fills_up_is_told_to_the_client_and_nothing_is_lost(small_disk: Path, command: Any) -> None:
    home = small_disk / "home"
    command("--home", str(home), "start", "--no-hosts", "--port", free_port())
    running = Home(home).running()
    assert running
    told = {"endpoint_url": running.endpoint, "region_name": "us-east-1"}
    keys = {"aws_access_key_id": "key", "aws_secret_access_key": "secret"}
    ec2 = boto3.client("ec2", **told, **keys, config=Config(retries={"total_max_attempts": 1}))
    ec2.create_key_pair(KeyName="before")
    fill(small_disk)
    with pytest.raises(ClientError, match="No space left on device"):
        ec2.create_key_pair(KeyName="full")
    (small_disk / "fill").unlink()
    os.kill(running.pid, signal.SIGKILL)
    command("--home", str(home), "start")
    assert "before" in [each["KeyName"] for each in ec2.describe_key_pairs()["KeyPairs"]]
    command("--home", str(home), "stop")


def test_a_state_of_another_version_is_said_with_the_mend(command: Any, tmp_path: Path) -> None:
    command("start", "--no-hosts", "--port", free_port())
    command("stop")
    (tmp_path / "home" / "state" / "ec2.pickle").write_bytes(b"nonsense")
    assert "localcloud reset" in command("start", status=1)


def test_states_are_passed_through(cloud: LocalCloud) -> None:
    [instance] = launch(cloud)
    wait(cloud, instance, "running")
    ec2 = cloud.client("ec2")
    stopping = ec2.stop_instances(InstanceIds=[instance])["StoppingInstances"][0]
    assert (stopping["PreviousState"]["Name"], stopping["CurrentState"]["Name"]) == ("running", "stopping")
    wait(cloud, instance, "stopped")
    again = ec2.stop_instances(InstanceIds=[instance])["StoppingInstances"][0]
    assert (again["PreviousState"]["Name"], again["CurrentState"]["Name"]) == ("stopped", "stopped")
    ec2.start_instances(InstanceIds=[instance])
    wait(cloud, instance, "running")
    ending = ec2.terminate_instances(InstanceIds=[instance])["TerminatingInstances"][0]
    assert ending["CurrentState"]["Name"] == "shutting-down"
    wait(cloud, instance, "terminated")


def test_killed_and_started_again_it_knows_all(cloud: LocalCloud) -> None:
    [instance] = launch(cloud)
    wait(cloud, instance, "running")
    ec2, iam, s3 = cloud.client("ec2"), cloud.client("iam"), cloud.client("s3")
    ec2.create_tags(Resources=[instance], Tags=[{"Key": "Lab", "Value": "demo"}])
    vpc = cloud.client("ec2", "eu-west-1").describe_vpcs()["Vpcs"][0]["VpcId"]  # born by this very question
    iam.create_role(RoleName="role", AssumeRolePolicyDocument="{}")
    s3.create_bucket(Bucket="bucket")
    s3.put_object(Bucket="bucket", Key="key", Body=b"bytes" * 1000)
    cloud.fault("ec2.StopInstances", "error=UnauthorizedOperation", "next=1")
    cloud.kill()
    cloud.start()
    ec2, iam, s3 = cloud.client("ec2"), cloud.client("iam"), cloud.client("s3")
    told = ec2.describe_instances(Filters=[{"Name": "tag:Lab", "Values": ["demo"]}])["Reservations"]
    assert [each["InstanceId"] for each in told[0]["Instances"]] == [instance]
    assert cloud.client("ec2", "eu-west-1").describe_vpcs()["Vpcs"][0]["VpcId"] == vpc
    assert iam.get_role(RoleName="role")["Role"]["RoleName"] == "role"
    assert s3.get_object(Bucket="bucket", Key="key")["Body"].read() == b"bytes" * 1000
    with pytest.raises(ClientError, match="UnauthorizedOperation"):
        ec2.stop_instances(InstanceIds=[instance])


def test_what_is_not_done_is_said_and_no_server_error(cloud: LocalCloud) -> None:
    with pytest.raises(ClientError) as told:
        cloud.client("ec2").describe_aws_network_performance_metric_subscriptions()
    assert told.value.response["Error"]["Code"] == "UnsupportedOperation"
    assert told.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    with pytest.raises(ClientError) as told:
        cloud.client("ssm").list_resource_data_sync()
    assert told.value.response["Error"]["Code"] == "InvalidAction"


def test_new_instances_hide_for_a_while(cloud: LocalCloud) -> None:
    cloud.fault("ec2.RunInstances", "hide=1.5", "next=1")
    [instance] = launch(cloud)
    with pytest.raises(ClientError, match=r"InvalidInstanceID\.NotFound"):
        state(cloud, instance)
    time.sleep(1.6)
    assert state(cloud, instance) in ("pending", "running")


def test_a_dropped_answer_is_carried_out_and_a_token_finds_it_again(cloud: LocalCloud) -> None:
    cloud.fault("ec2.RunInstances", "drop=answer", "next=1")
    before = {each["id"] for each in cloud.status()["instances"]}
    [instance] = launch(cloud, ClientToken="once")  # boto3 asks again when the line goes dead
    new = [each["id"] for each in cloud.status()["instances"] if each["id"] not in before]
    assert new == [instance]


def test_a_zone_may_have_little_room(cloud: LocalCloud) -> None:
    cloud.fault("capacity", "zone=us-east-1a", "type=t3.micro", "left=2")
    zone = {"AvailabilityZone": "us-east-1a"}
    assert len(launch(cloud, MinCount=1, MaxCount=5, Placement=zone)) == 2
    with pytest.raises(ClientError, match="InsufficientInstanceCapacity"):
        launch(cloud, Placement=zone)
    cloud.clear_faults()
    assert launch(cloud, Placement=zone)


def test_a_malformed_fault_names_the_forms(command: Any) -> None:
    command("start", "--no-hosts", "--port", free_port())
    told = command("fault", "add", "ec2.RunInstances", "eror=X", status=2)
    assert "eror" in told
    assert "error=CODE" in told
    assert "1  ec2.RunInstances" in command("fault", "add", "ec2.RunInstances", "error=InternalError")
    assert "error=InternalError" in command("fault", "list")
    command("fault", "clear")
    assert "no faults" in command("fault", "list")
    command("stop")


def test_requests_are_logged(cloud: LocalCloud) -> None:
    cloud.client("ec2").describe_regions(RegionNames=["eu-west-1"])
    last = cloud.requests()[-1]
    assert (last["iam_action"], last["parameters"]) == ("ec2:DescribeRegions", {"RegionNames": ["eu-west-1"]})


def test_control_needs_the_token(cloud: LocalCloud) -> None:
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(f"{cloud.endpoint}/_localcloud/status")  # noqa: S310 - our own server
    with urllib.request.urlopen(f"{cloud.endpoint}/_localcloud/checkip") as answer:  # noqa: S310 - our own server
        assert answer.read() == b"127.0.0.1\n"


def test_a_start_without_an_engine_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(LocalCloudError, match="No container engine answers"), LocalCloud():
        raise AssertionError("started without an engine")
    assert list(tmp_path.iterdir()) == []


def test_motos_own_pages_are_closed(cloud: LocalCloud) -> None:
    [instance] = launch(cloud)
    for page in ("moto-api/reset", "moto-api/", "latest/meta-data/iam/security-credentials/"):
        asked = urllib.request.Request(f"{cloud.endpoint}/{page}", method="POST", data=b"")  # noqa: S310 - our own server
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(asked)  # noqa: S310 - our own server
    assert state(cloud, instance) in ("pending", "running")


def test_it_ends_when_the_test_that_made_it_dies() -> None:
    program = (
        "import os, signal\nfrom localcloud import LocalCloud\n"
        "with LocalCloud(hosts=False) as cloud:\n"
        "    print(cloud.running.pid, cloud.home.folder, flush=True)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    died = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert died.returncode == -signal.SIGKILL
    folder = Path(died.stdout.split()[1])
    for _ in range(100):
        if not folder.exists():
            break
        time.sleep(0.1)
    assert not folder.exists()
    assert not Home(folder).locked


def test_interrupted_by_the_keyboard_it_says_so(tmp_path: Path) -> None:
    program = (
        "import sys, time\nfrom localcloud import cli\n"
        "cli.status = lambda *_: time.sleep(60)\nsys.exit(cli.main(['status']))\n"
    )
    started = subprocess.Popen(
        [sys.executable, "-c", program], stderr=subprocess.PIPE, text=True,
        env={**os.environ, "LOCALCLOUD_HOME": str(tmp_path)},
    )  # fmt: skip
    time.sleep(2)
    started.send_signal(signal.SIGINT)
    assert "interrupted" in started.communicate(timeout=10)[1]
    assert started.returncode == 130
