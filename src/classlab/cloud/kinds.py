"""The kinds of thing that a lab can have in a region: how each is asked for, and what is kept of the answer."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC
from typing import Any

MANAGED_BY = "classlab"
# On a seat: Ubuntu's image that it stems from, whether it was launched from that one or from one baked of it.
BASE_IMAGE = "BaseImage"

Record = Mapping[str, Any]


@dataclass(frozen=True)
class Found:
    """One thing in the cloud that carries a lab's tag. Times are texts as in 2026-11-20T18:00:00Z, or empty."""

    kind: str
    id: str
    region: str
    state: str = ""
    student: str = ""
    owner: str = ""
    managed_by: str = ""
    # What a teacher knows it by: an instance's type, a group's name, an address.
    label: str = ""
    size: int = 0
    since: str = ""
    until: str = ""
    ends_at: str = ""
    # Has a public address, which bills by itself.
    public: bool = False
    spot: bool = False
    # Who holds it: an instance, or what AWS says of an interface's user; and by which bond.
    held_by: str = ""
    bond: str = ""
    # What stays in the account, and may bill, when this one goes: an instance's own disks, an image's snapshots.
    outlived_by: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Kind:
    """How one kind is asked for, and in which states a thing of it is as good as gone."""

    name: str
    several: str
    operation: str
    path: str
    id_key: str
    read: Callable[[Record], dict[str, Any]]
    arguments: dict[str, Any] = field(default_factory=dict)
    gone: frozenset[str] = frozenset()

    def found(self, record: Record, region: str) -> Found:
        tags = tags_of(record)
        return Found(
            kind=self.name,
            id=record[self.id_key],
            region=region,
            student=tags.get("Student", ""),
            owner=tags.get("Owner", ""),
            managed_by=tags.get("ManagedBy", ""),
            ends_at=tags.get("EndsAt", ""),
            **self.read(record),
        )


def tags_of(record: Record) -> dict[str, str]:
    """EC2 calls them Tags, and TagSet for interfaces alone."""
    return {each["Key"]: each["Value"] for each in record.get("Tags") or record.get("TagSet") or []}


def stamp(time: Any) -> str:
    """A time of boto3's as text; '' for none."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if time else ""


def _instance(record: Record) -> dict[str, Any]:
    state = record["State"]["Name"]
    disks = [each["Ebs"] for each in record.get("BlockDeviceMappings") or [] if "Ebs" in each]
    cards = record.get("NetworkInterfaces") or []
    stay = [disk["VolumeId"] for disk in disks if not disk.get("DeleteOnTermination")]
    stay += [each["NetworkInterfaceId"] for each in cards if not each.get("Attachment", {}).get("DeleteOnTermination")]
    for each in cards:
        held = each.get("Association", {})
        # An address that AWS lends goes with the instance; one of the account's own stays, and bills.
        if held.get("PublicIp") and held.get("IpOwnerId", "amazon") != "amazon":
            stay.append(held["PublicIp"])
    return {
        "state": state,
        "label": record.get("InstanceType", ""),
        "since": stamp(record.get("LaunchTime")),
        "until": _ended(record.get("StateTransitionReason", "")) if state in ("stopped", "terminated") else "",
        "public": bool(record.get("PublicIpAddress")),
        "spot": record.get("InstanceLifecycle") == "spot",
        "outlived_by": stay,
    }


def _ended(reason: str) -> str:
    """'User initiated (2026-11-20 13:00:00 GMT)' is where EC2 tells when an instance stopped."""
    told = re.search(r"(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)", reason)
    return f"{told[1]}T{told[2]}Z" if told else ""


def _volume(record: Record) -> dict[str, Any]:
    bonds = [each for each in record.get("Attachments") or [] if each.get("State") != "detached"]
    return {
        "state": record.get("State", ""),
        "size": record.get("Size", 0),
        "label": f"{record.get('Size', 0)} GiB",
        "since": stamp(record.get("CreateTime")),
        "held_by": bonds[0].get("InstanceId", "") if bonds else "",
    }


def _address(record: Record) -> dict[str, Any]:
    return {
        "state": "in-use" if record.get("AssociationId") else "idle",
        "label": record.get("PublicIp", ""),
        "public": True,
        "held_by": record.get("InstanceId") or record.get("NetworkInterfaceId") or "",
        "bond": record.get("AssociationId", ""),
    }


def _interface(record: Record) -> dict[str, Any]:
    bond = record.get("Attachment") or {}
    user = record.get("Description") or record.get("RequesterId") or bond.get("InstanceOwnerId", "")
    return {
        "state": record.get("Status", ""),
        "label": record.get("PrivateIpAddress", ""),
        "held_by": bond.get("InstanceId") or (user if bond else ""),
        # The first interface of an instance cannot be taken off; it goes when the instance goes.
        "bond": bond.get("AttachmentId", "") if bond.get("DeviceIndex") else "",
    }


def _image(record: Record) -> dict[str, Any]:
    disks = [each.get("Ebs", {}) for each in record.get("BlockDeviceMappings") or []]
    return {
        "state": record.get("State", ""),
        "label": record.get("Name", ""),
        "since": record.get("CreationDate", "")[:19].removesuffix("Z") + "Z" if record.get("CreationDate") else "",
        "outlived_by": [disk["SnapshotId"] for disk in disks if disk.get("SnapshotId")],
    }


def _snapshot(record: Record) -> dict[str, Any]:
    return {
        "state": record.get("State", ""),
        "size": record.get("VolumeSize", 0),
        "label": f"{record.get('VolumeSize', 0)} GiB",
        "since": stamp(record.get("StartTime")),
    }


# In the order in which a teacher thinks of them.
KINDS = (
    Kind(
        "seat",
        "seats",
        "describe_instances",
        "Reservations[].Instances[]",
        "InstanceId",
        _instance,
        gone=frozenset({"terminated"}),
    ),
    Kind(
        "spot request",
        "spot requests",
        "describe_spot_instance_requests",
        "SpotInstanceRequests[]",
        "SpotInstanceRequestId",
        lambda record: {"state": record.get("State", "")},
        gone=frozenset({"closed", "cancelled", "failed"}),
    ),
    Kind(
        "volume",
        "volumes",
        "describe_volumes",
        "Volumes[]",
        "VolumeId",
        _volume,
        gone=frozenset({"deleting", "deleted"}),
    ),
    Kind("address", "addresses", "describe_addresses", "Addresses[]", "AllocationId", _address),
    Kind(
        "interface",
        "interfaces",
        "describe_network_interfaces",
        "NetworkInterfaces[]",
        "NetworkInterfaceId",
        _interface,
    ),
    Kind(
        "image",
        "images",
        "describe_images",
        "Images[]",
        "ImageId",
        _image,
        arguments={"Owners": ["self"], "IncludeDisabled": True},
        gone=frozenset({"deregistered"}),
    ),
    Kind(
        "snapshot",
        "snapshots",
        "describe_snapshots",
        "Snapshots[]",
        "SnapshotId",
        _snapshot,
        arguments={"OwnerIds": ["self"]},
    ),
    Kind(
        "security group",
        "security groups",
        "describe_security_groups",
        "SecurityGroups[]",
        "GroupId",
        lambda record: {"label": record.get("GroupName", "")},
    ),
    Kind(
        "key pair",
        "key pairs",
        "describe_key_pairs",
        "KeyPairs[]",
        "KeyPairId",
        lambda record: {"label": record.get("KeyName", ""), "since": stamp(record.get("CreateTime"))},
    ),
)
BY_NAME = {kind.name: kind for kind in KINDS}


def counted(number: int, kind: str) -> str:
    """'1 volume', '2 volumes'."""
    return f"{number} {kind if number == 1 else BY_NAME[kind].several}"
