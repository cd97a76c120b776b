"""
Until N hosts answer SSH, against the bare floor: a loop of `podman run` of the same image plus one ssh each.

Both are measured in turn, so that their ratio holds on a noisy machine; absolute times do not travel.
Also: memory of a host, and DescribeInstances of 300 instances that are only kept in the books.
"""

import json
import secrets
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from localcloud import LocalCloud, image
from localcloud.home import cache_folder
from localcloud.hosts import engine as engines
from localcloud.hosts.engine import Engine

CANONICAL = "099720109477"


def measure(hosts: int, rounds: int = 3) -> dict[str, float]:
    """Medians: seconds of the bare loop and of localcloud, megabytes that one of its hosts holds."""
    engine = engines.find()
    reference = image.ensure(engine, "24.04", cache_folder(), print)
    found = []
    for _ in range(rounds):
        floor = bare(engine, reference, hosts)
        ours, memory = localcloud(engine, hosts)
        found.append({"bare": floor, "localcloud": ours, "ratio": ours / floor, "memory": memory / 1e6})
    return {name: round(statistics.median(each[name] for each in found), 2) for name in found[0]}


def bare(engine: Engine, reference: str, count: int) -> float:
    """One after the other: run each container, then log in to each."""
    mark = f"bare-{secrets.token_hex(4)}"
    with tempfile.TemporaryDirectory() as folder:
        key, first_boot = make_key(Path(folder, "key")), known_host(Path(folder))
        engine.run("network", "create", mark)
        began = time.monotonic()
        try:
            for number in range(count):
                seed = Path(folder, str(number))
                seed.mkdir()
                public = key.with_suffix(".pub").read_text().strip()
                (seed / "meta-data").write_text(json.dumps({"instance-id": f"i-{number}", "public-keys": [public]}))
                (seed / "user-data").write_text(first_boot)
                engine.run(
                    "run", "--detach", "--tty", "--systemd", "always", *engine.limits, "--memory", "1g",
                    "--network", mark, "--hostname", f"bare-{number}", "--name", f"{mark}-{number}",
                    "--label", mark, "--volume", f"{seed}:/var/lib/cloud/seed/nocloud:ro", reference, "/sbin/init",
                )  # fmt: skip
            form = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}"
            names = [f"{mark}-{number}" for number in range(count)]
            for address in engine.run("inspect", "--format", form, *names).split():
                log_in(key, address)
            return time.monotonic() - began
        finally:
            containers = engine.run("ps", "--all", "--quiet", "--filter", f"label={mark}").split()
            engine.run("rm", "--force", "--time", "0", *containers)
            engine.run("network", "rm", mark)


def localcloud(engine: Engine, count: int) -> tuple[float, float]:
    """One RunInstances, then log in to each."""
    with LocalCloud() as cloud, tempfile.TemporaryDirectory() as folder:
        key, first_boot = make_key(Path(folder, "key")), known_host(Path(folder))
        ec2 = cloud.client("ec2")
        ec2.import_key_pair(KeyName="key", PublicKeyMaterial=key.with_suffix(".pub").read_bytes())
        group = ec2.create_security_group(GroupName="ssh", Description="ssh")["GroupId"]
        ec2.authorize_security_group_ingress(
            GroupId=group, IpProtocol="tcp", FromPort=22, ToPort=22, CidrIp=f"{cloud.running.checkip}/32"
        )
        images = ec2.describe_images(Owners=[CANONICAL], Filters=[{"Name": "name", "Values": ["*noble*"]}])
        newest = max(images["Images"], key=lambda each: each["CreationDate"])["ImageId"]
        began = time.monotonic()
        ec2.run_instances(
            ImageId=newest, InstanceType="t3.micro", KeyName="key", SecurityGroupIds=[group],
            UserData=first_boot, MinCount=count, MaxCount=count,
        )  # fmt: skip
        for instance in ec2.describe_instances()["Reservations"][0]["Instances"]:
            log_in(key, instance["PublicIpAddress"])
        took = time.monotonic() - began
        return took, memory_of(engine, cloud.home.name)


def describe(count: int) -> dict[str, float]:
    with LocalCloud(hosts=False) as cloud:
        ec2 = cloud.client("ec2")
        newest = ec2.describe_images(Owners=[CANONICAL])["Images"][0]["ImageId"]
        tags = [
            {"Key": key, "Value": "value"} for key in ("Name", "Lab", "Owner", "Email", "Project", "Task", "EndsAt")
        ]
        ec2.run_instances(
            ImageId=newest, InstanceType="t3.micro", MinCount=count, MaxCount=count,
            TagSpecifications=[{"ResourceType": "instance", "Tags": tags}],
        )  # fmt: skip
        time.sleep(5)  # until all of them run
        return {"seconds": round(statistics.median(timed(lambda: ec2.describe_instances()) for _ in range(7)), 3)}


def timed(work: Callable[[], object]) -> float:
    began = time.monotonic()
    work()
    return time.monotonic() - began


def make_key(key: Path) -> Path:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    return key


def known_host(folder: Path) -> str:
    """User data with a host key, the same for all hosts of a round: so each is known before it is met."""
    key = make_key(folder / "host")
    private, public = key.read_text(), key.with_suffix(".pub").read_text()
    (folder / "known_hosts").write_text(f"* {public}")
    return "#cloud-config\n" + json.dumps({"ssh_keys": {"ed25519_private": private, "ed25519_public": public}})


def log_in(key: Path, address: str) -> None:
    known = key.with_name("known_hosts")
    options = ["StrictHostKeyChecking=yes", f"UserKnownHostsFile={known}", "BatchMode=yes", "ConnectTimeout=2"]
    words = ["ssh", "-F", "none", "-i", str(key), *(f"-o{each}" for each in options), f"ubuntu@{address}", "true"]
    until = time.monotonic() + 120
    while subprocess.run(words, capture_output=True).returncode:
        if time.monotonic() > until:
            raise SystemExit(f"{address} does not answer within 120 s")
        time.sleep(0.1)


def memory_of(engine: Engine, cloud: str) -> float:
    """Bytes a host: what its processes hold for themselves, and the engine's process that watches it."""
    form = "{{.State.Pid}} {{.State.ConmonPid}}" if engine.name == "podman" else "{{.State.Pid}} 0"
    hosts = engine.run("ps", "--quiet", "--filter", f"label=localcloud={cloud}").split()
    sizes = []
    for line in engine.run("inspect", "--format", form, *hosts).splitlines():
        init, monitor = line.split()
        sizes.append(sum(own_memory(int(pid)) for pid in (*members(int(init)), int(monitor)) if pid))
    return statistics.mean(sizes)


def members(init: int) -> list[int]:
    """All processes of the host, told by its namespace of process ids."""
    namespace = Path(f"/proc/{init}/ns/pid").readlink()
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and (entry / "ns" / "pid").readlink() == namespace:
                found.append(int(entry.name))
        except OSError:  # it ended meanwhile
            continue
    return found


def own_memory(pid: int) -> int:
    """What the process shares with no other."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    private = [line.split() for line in lines if line.startswith(("Private_Dirty", "Private_Clean"))]
    return sum(int(words[1]) * 1024 for words in private)
