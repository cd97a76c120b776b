"""
Things in the cloud, for a role to find, to remove or to leave alone.

    things.py make LIST.yml    makes them, in this order
    things.py there            as JSON, the ids of those that are there, by the names that the list gives them
    things.py remove           removes them all, whoever they seem to belong to

A thing is {name, kind}, and where they matter: region; tags, besides the lab's or in their place; of (a snapshot's
volume, an image's snapshot); holder; group. Kinds are called as EC2 calls them.
"""

import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import boto3
import yaml

from classlab.cloud import seats
from classlab.gone import leftovers

LAB, HOME = os.environ["LAB_NAME"], os.environ["LAB_REGION"]
NOTES = Path(os.environ["LAB_FOLDER"]) / "things.json"
UBUNTU = "/aws/service/canonical/ubuntu/server/24.04/stable/current/amd64/hvm/ebs-gp3/ami-id"
LABS = {"Lab": LAB, "ManagedBy": "classlab"}
# No role looks at this one. It tells whose a thing really is.
TEST = ("Task", f"test-{LAB}")


@dataclass
class Thing:
    name: str
    kind: str
    region: str = HOME
    tags: dict[str, str] = field(default_factory=dict)
    of: str = ""
    holder: str = ""
    group: str = ""

    @property
    def ec2(self) -> Any:
        return client("ec2", self.region)

    @property
    def marks(self) -> dict[str, Any]:
        return {"TagSpecifications": [{"ResourceType": self.kind, "Tags": tags(LABS | self.tags | dict([TEST]))}]}

    @property
    def groups(self) -> list[str]:
        return [self.group] if self.group else []

    def wait(self, until: str, **ids: list[str]) -> None:
        self.ec2.get_waiter(until).wait(**ids, WaiterConfig={"Delay": 1, "MaxAttempts": 600})


@cache
def client(service: str, region: str) -> Any:
    return boto3.client(service, region_name=region)  # type: ignore[call-overload]  # the name is no literal


@cache
def subnet(region: str) -> Any:
    """All things of a region are in one zone, so that they can be put onto each other."""
    found = client("ec2", region).describe_subnets(Filters=[{"Name": "default-for-az", "Values": ["true"]}])
    return min(found["Subnets"], key=lambda each: each["AvailabilityZone"])


def tags(wanted: dict[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in wanted.items() if value]


def instance(it: Thing) -> str:
    image = client("ssm", it.region).get_parameter(Name=UBUNTU)["Parameter"]["Value"]
    size = {"ImageId": image, "InstanceType": "t3.micro", "MinCount": 1, "MaxCount": 1}
    where = {"SubnetId": subnet(it.region)["SubnetId"], "SecurityGroupIds": it.groups}
    # Should all else be forgotten, it ends itself.
    end = {"InstanceInitiatedShutdownBehavior": "terminate", "UserData": "#!/bin/sh\nshutdown +120\n"}
    id_: str = it.ec2.run_instances(**size, **where, **end, **it.marks)["Instances"][0]["InstanceId"]
    it.wait("instance_running", InstanceIds=[id_])
    return id_


def network_interface(it: Thing) -> str:
    made = it.ec2.create_network_interface(SubnetId=subnet(it.region)["SubnetId"], Groups=it.groups, **it.marks)
    id_: str = made["NetworkInterface"]["NetworkInterfaceId"]
    if it.holder:
        it.ec2.attach_network_interface(InstanceId=it.holder, NetworkInterfaceId=id_, DeviceIndex=1)
    return id_


def elastic_ip(it: Thing) -> str:
    id_: str = it.ec2.allocate_address(**it.marks)["AllocationId"]
    if it.holder:
        holder = "InstanceId" if it.holder.startswith("i-") else "NetworkInterfaceId"
        it.ec2.associate_address(AllocationId=id_, **{holder: it.holder})
    return id_


def volume(it: Thing) -> str:
    zone = subnet(it.region)["AvailabilityZone"]
    id_: str = it.ec2.create_volume(AvailabilityZone=zone, Size=1, **it.marks)["VolumeId"]
    it.wait("volume_available", VolumeIds=[id_])
    if it.holder:
        it.ec2.attach_volume(InstanceId=it.holder, VolumeId=id_, Device="/dev/sdf")
    return id_


def snapshot(it: Thing) -> str:
    id_: str = it.ec2.create_snapshot(VolumeId=it.of, **it.marks)["SnapshotId"]
    it.wait("snapshot_completed", SnapshotIds=[id_])
    return id_


def image(it: Thing) -> str:
    disks = [{"DeviceName": "/dev/sda1", "Ebs": {"SnapshotId": it.of}}]
    made = it.ec2.register_image(Name=LAB, RootDeviceName="/dev/sda1", BlockDeviceMappings=disks, **it.marks)
    return str(made["ImageId"])


def security_group(it: Thing) -> str:
    return str(it.ec2.create_security_group(GroupName=LAB, Description="Of a test", **it.marks)["GroupId"])


def key_pair(it: Thing) -> str:
    """The one called `key` is called in the cloud as the lab is."""
    name = LAB if it.name == "key" else f"{LAB}-{it.name}"
    return str(it.ec2.create_key_pair(KeyName=name, **it.marks)["KeyPairId"])


KINDS: dict[str, Callable[[Thing], str]] = {
    "instance": instance,
    "network-interface": network_interface,
    "elastic-ip": elastic_ip,
    "volume": volume,
    "snapshot": snapshot,
    "image": image,
    "security-group": security_group,
    "key-pair": key_pair,
}


def make(things: list[dict[str, Any]]) -> None:
    made: dict[str, dict[str, str]] = {}
    for each in things:
        ids: dict[str, str] = {word: made[each[word]]["id"] for word in ("of", "holder", "group") if word in each}
        it = Thing(**{**each, **ids})
        made[it.name] = {"region": it.region, "id": KINDS[it.kind](it)}
        NOTES.parent.mkdir(parents=True, exist_ok=True)
        NOTES.write_text(json.dumps(made))


def noted() -> dict[str, dict[str, str]]:
    told: dict[str, dict[str, str]] = json.loads(NOTES.read_text()) if NOTES.exists() else {}
    return told


def alive(region: str) -> set[str]:
    """The ids of all that a test has made in this region, and that is there."""
    ec2 = client("ec2", region)
    key, value = TEST
    asked = [{"Name": "key", "Values": [key]}, {"Name": "value", "Values": [value]}]
    ids = {each["ResourceId"] for each in ec2.describe_tags(Filters=asked)["Tags"]}
    # The tags of an instance are told of for longer than the instance.
    now = [{"Name": f"tag:{key}", "Values": [value]}, {"Name": "instance-state-name", "Values": list(seats.LIVING)}]
    found = ec2.describe_instances(Filters=now)["Reservations"]
    living = {each["Instances"][0]["InstanceId"] for each in found}
    return {each for each in ids if not each.startswith("i-")} | living


def there() -> dict[str, str]:
    ids = set().union(*(alive(region) for region in {each["region"] for each in noted().values()}))
    return {name: each["id"] for name, each in noted().items() if each["id"] in ids}


def remove() -> None:
    """They are made the lab's first, so that what ends labs can end them."""
    for region in {HOME, *(each["region"] for each in noted().values())}:
        ec2 = client("ec2", region)
        ids = alive(region)
        if ids:
            ec2.create_tags(Resources=sorted(ids), Tags=tags(LABS))
        seats.end_all(ec2, LAB, region, 300)
        leftovers.remove(LAB, region, ec2, 120)
        for each in ids:
            if each.startswith("sg-"):
                ec2.delete_security_group(GroupId=each)
            elif each.startswith("key-"):
                ec2.delete_key_pair(KeyPairId=each)
    if left := there():
        sys.exit(f"Still there, and perhaps billing: {left}")


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["make", file]:
            make(yaml.safe_load(Path(file).read_text()))
        case ["there"]:
            print(json.dumps(there()))
        case ["remove"]:
            remove()
        case _:
            sys.exit(__doc__)
