"""Images as EC2 makes them of an instance, with real snapshots of its own volumes; and their end."""

import re
from collections.abc import Callable
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.exceptions import EC2ClientError, InvalidTaggableResourceType
from moto.ec2.models.amis import Ami, AmiBackend
from moto.ec2.models.instances import Instance
from moto.ec2.responses.amis import AmisResponse
from moto.ec2.utils import convert_tag_spec, random_ami_id

from localcloud.mends.mend import mend

# Set these to keep real disks. `on_create_image` finds the image in state `pending` and sets `ami.state` when the disk
# is kept ("available") or not ("failed"); `ami.no_reboot` says whether the instance must go on running meanwhile.
on_create_image: Callable[[Ami, Instance], None] | None = None
on_deregister_image: Callable[[Ami], None] | None = None

# moto's class lacks these; they are what EC2 tells of a Linux image.
Ami.platform_details = "Linux/UNIX"  # type: ignore[attr-defined]
Ami.usage_operation = "RunInstances"  # type: ignore[attr-defined]
Ami.ena_support = True  # type: ignore[attr-defined]
Ami.deregistration_protection = "disabled"  # type: ignore[attr-defined]
Ami.sriov_net_support = property(lambda ami: ami.sriov)  # type: ignore[attr-defined]

_moto_mappings = Ami.block_device_mappings


def _mappings(ami: Any) -> list[dict[str, Any]]:
    """`devices` is set on every image made here; moto's own are images without."""
    devices: list[dict[str, Any]] | None = ami.__dict__.get("devices")
    return devices if devices is not None else _moto_mappings.fget(ami)  # type: ignore[attr-defined]  # a property, seen from its class


Ami.block_device_mappings = property(_mappings)  # type: ignore[assignment,method-assign]  # in place of moto's


def ebs_devices(ami: Any) -> list[dict[str, Any]]:
    return [device["Ebs"] for device in ami.block_device_mappings if "Ebs" in device]


def check_name(backend: Any, name: str | None) -> None:
    if not re.fullmatch(r"[A-Za-z0-9()\[\] ./\-'@_]{3,128}", name or ""):
        raise EC2ClientError(
            "InvalidAMIName.Malformed",
            "AMI names must be between 3 and 128 characters long, and may contain letters, numbers, "
            "'(', ')', '.', '-', '/' and '_'",
        )
    for ami in backend.amis.values():
        if ami.name == name and ami.owner_id == backend.account_id:
            raise EC2ClientError("InvalidAMIName.Duplicate", f"AMI name {name} is already in use by AMI {ami.id}")


def image_tags(tag_specifications: list[dict[str, Any]]) -> tuple[dict[str, str], dict[str, str]]:
    """The tags of the image and those of its snapshots."""
    tags = convert_tag_spec(tag_specifications)
    for kind in tags:
        if kind not in ("image", "snapshot"):
            raise InvalidTaggableResourceType(kind)
    return tags.get("image", {}), tags.get("snapshot", {})


def new_image(backend: Any, **facts: Any) -> Any:
    """An image without devices: moto's constructor makes a snapshot of 15 GiB that nobody asked for."""
    ami: Any = Ami(backend, random_ami_id(), **facts)
    backend.snapshots.pop(ami.ebs_snapshot.id)
    backend.amis[ami.id] = ami
    # Read by _mappings.
    ami.devices = []
    ami.image_location = f"{backend.account_id}/{ami.name}"
    return ami


@mend(AmiBackend)
def create_image(
    moto: Any,
    self: Any,
    instance_id: str,
    name: str,
    description: str,
    tag_specifications: list[dict[str, Any]],
    block_device_mappings: list[dict[str, Any]] | None = None,
    no_reboot: bool = False,
) -> Any:
    instance = self.get_instance(instance_id)
    if instance.state in ("shutting-down", "terminated"):
        raise EC2ClientError(
            "IncorrectState", f"Instance {instance_id} is {instance.state}: no image can be made of it."
        )
    check_name(self, name)
    own_tags, snapshot_tags = image_tags(tag_specifications)
    source = self.amis.get(instance.image_id)
    ami = new_image(
        self,
        instance=instance,
        name=name,
        description=description,
        hypervisor="xen",
        root_device_type="ebs",
        root_device_name=instance.root_device_name,
        boot_mode=source.boot_mode if source else None,
    )
    # For the hook.
    ami.no_reboot = no_reboot
    ami.source_image_id = instance.image_id
    ami.source_image_region = self.region_name
    ami.devices = devices_of(self, instance, ami, block_device_mappings or [], snapshot_tags)
    ami.add_tags(own_tags)
    if on_create_image:
        ami.state = "pending"
        on_create_image(ami, instance)
    return ami


def devices_of(
    backend: Any, instance: Any, ami: Any, asked: list[dict[str, Any]], tags: dict[str, str]
) -> list[dict[str, Any]]:
    """One snapshot per volume of the instance; what was asked for a device wins over what the instance has."""
    wishes = {wish["DeviceName"]: wish for wish in asked}
    devices = []
    for name, block in instance.get_block_device_mapping:
        wish = wishes.pop(name, {})
        if "NoDevice" in wish:
            continue
        volume = backend.get_volume(block.volume_id)
        snapshot = backend.create_snapshot(
            volume.id, f"Created by CreateImage({instance.id}) for {ami.id}", from_ami=ami.id
        )
        snapshot.add_tags(tags)
        has = {
            "DeleteOnTermination": bool(block.delete_on_termination),
            "Encrypted": snapshot.encrypted,
            "Iops": volume.iops if volume.volume_type in ("io1", "io2", "gp3") else None,
            "SnapshotId": snapshot.id,
            "Throughput": volume.throughput,
            "VolumeSize": volume.size,
            "VolumeType": volume.volume_type,
        }
        devices.append(_device(backend, name, has | wish.get("Ebs", {}) | {"SnapshotId": snapshot.id}))
        if name == ami.root_device_name:
            ami.ebs_snapshot = snapshot
    return devices + [asked_device(backend, wish) for wish in wishes.values() if "NoDevice" not in wish]


def asked_device(backend: Any, wish: dict[str, Any]) -> dict[str, Any]:
    if "Ebs" not in wish:
        return dict(wish)
    ebs = {"DeleteOnTermination": True, "Encrypted": False, "VolumeType": "gp2"} | wish["Ebs"]
    if snapshot_id := ebs.get("SnapshotId"):
        snapshot = backend.get_snapshot(snapshot_id)
        ebs = {"VolumeSize": snapshot.volume_size} | ebs | {"Encrypted": snapshot.encrypted}
    return _device(backend, wish["DeviceName"], ebs)


def _device(backend: Any, name: str, ebs: dict[str, Any]) -> dict[str, Any]:
    return {"DeviceName": name, "Ebs": {key: value for key, value in ebs.items() if value is not None}}


@mend(AmiBackend)
def deregister_image(moto: Any, self: Any, ami_id: str, delete_snapshots: bool = False) -> list[dict[str, str]]:
    """The image goes, its snapshots stay unless asked; answers what became of each snapshot that was to go."""
    ami = self.amis.get(ami_id)
    if ami and ami.deregistration_protection.startswith("enabled"):
        raise EC2ClientError(
            "OperationNotPermitted", f"Deregistration protection is enabled for {ami_id}: disable it and try again."
        )
    moto(self, ami_id)
    self.tags.pop(ami_id, None)
    if on_deregister_image:
        on_deregister_image(ami)
    results: list[dict[str, str]] = []
    for ebs in ebs_devices(ami) if delete_snapshots else []:
        snapshot_id = ebs.get("SnapshotId", "")
        if snapshot_id in self.snapshots:
            held = any(
                snapshot_id == other.get("SnapshotId") for one in self.amis.values() for other in ebs_devices(one)
            )
            if not held:
                self.delete_snapshot(snapshot_id)
            results.append({"SnapshotId": snapshot_id, "ReturnCode": "skipped" if held else "success"})
    return results


@mend(AmisResponse, "create_image")
def answer_create_image(moto: Any, self: Any) -> ActionResult:
    self.error_on_dryrun()
    ami = self.ec2_backend.create_image(
        self._get_param("InstanceId"),
        self._get_param("Name"),
        self._get_param("Description", ""),
        tag_specifications=self._get_param("TagSpecifications", []),
        block_device_mappings=self._get_param("BlockDeviceMappings", []),
        no_reboot=self._get_param("NoReboot", False),
    )
    return ActionResult({"ImageId": ami.id})


@mend(AmisResponse, "deregister_image")
def answer_deregister_image(moto: Any, self: Any) -> ActionResult:
    self.error_on_dryrun()
    delete = self._get_param("DeleteAssociatedSnapshots", False)
    results = self.ec2_backend.deregister_image(self._get_param("ImageId"), delete)
    return ActionResult({"Return": True, "DeleteSnapshotResults": results})
