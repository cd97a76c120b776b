"""Images that are not made of an instance: registered from snapshots, or copied, also from another region."""

from typing import Any

from moto.core.responses import ActionResult
from moto.core.utils import utcnow
from moto.ec2.exceptions import EC2ClientError, MissingParameterError
from moto.ec2.models import ec2_backends
from moto.ec2.models.amis import AmiBackend
from moto.ec2.responses.amis import AmisResponse

from localcloud.mends.ec2.images import asked_device, check_name, image_tags, new_image
from localcloud.mends.mend import mend


@mend(AmiBackend)
def register_image(moto: Any, self: Any, name: str | None = None, description: str | None = None, **asked: Any) -> Any:
    """`asked` is RegisterImage's own parameters; a snapshot becomes a disk of the image as it is."""
    mappings = asked.get("BlockDeviceMappings") or []
    location = asked.get("ImageLocation")
    if not (mappings or location):
        raise MissingParameterError("blockDeviceMapping")
    check_name(self, name)
    devices = [asked_device(self, wish) for wish in mappings]
    root = asked.get("RootDeviceName") or (mappings[0]["DeviceName"] if mappings else "/dev/sda1")
    if mappings and not any(d["DeviceName"] == root and "SnapshotId" in d.get("Ebs", {}) for d in devices):
        raise EC2ClientError("InvalidBlockDeviceMapping", f"The root device '{root}' is not mapped to a snapshot.")
    ami = new_image(
        self,
        name=name,
        description=description,
        architecture=asked.get("Architecture") or "i386",
        virtualization_type=asked.get("VirtualizationType") or "paravirtual",
        hypervisor="xen",
        root_device_type="ebs" if mappings else "instance-store",
        root_device_name=root,
        boot_mode=asked.get("BootMode"),
        sriov=asked.get("SriovNetSupport"),
    )
    ami.devices = devices
    ami.kernel_id, ami.ramdisk_id = asked.get("KernelId"), asked.get("RamdiskId")
    ami.ena_support = bool(asked.get("EnaSupport"))
    ami.tpm_support, ami.imds_support = asked.get("TpmSupport"), asked.get("ImdsSupport")
    ami.image_location = location or ami.image_location
    return ami


@mend(AmiBackend)
def copy_image(
    moto: Any,
    self: Any,
    source_image_id: str,
    source_region: str,
    name: str | None = None,
    description: str | None = None,
    *,
    encrypted: bool = False,
    kms_key_id: str | None = None,
    snapshot_tags: dict[str, str] | None = None,
) -> Any:
    source = ec2_backends[self.account_id][source_region].describe_images(ami_ids=[source_image_id])[0]
    check_name(self, name or source.name)
    ami: Any = moto(self, source_image_id, source_region, name, description)
    self.snapshots.pop(ami.ebs_snapshot.id)
    for fact in ("boot_mode", "hypervisor", "root_device_name", "root_device_type", "sriov", "ena_support"):
        setattr(ami, fact, getattr(source, fact))
    ami.image_location = f"{self.account_id}/{ami.name}"
    ami.source_image_id, ami.source_image_region = source.id, source_region
    # Read in place of moto's single root device.
    ami.devices = []
    for device in source.block_device_mappings:
        if "SnapshotId" not in device.get("Ebs", {}):
            ami.devices.append(dict(device))
            continue
        origin = device["Ebs"]["SnapshotId"]
        words = (
            f"Copied for DestinationAmi {ami.id} from SourceAmi {source.id} for SourceSnapshot {origin}. "
            f"Task created on {int(utcnow().timestamp() * 1000)}."
        )
        snapshot = self.copy_snapshot(origin, source_region, words, kms_key_id, encrypted=encrypted)
        snapshot.from_ami = ami.id
        snapshot.add_tags(snapshot_tags or {})
        ebs = device["Ebs"] | {"SnapshotId": snapshot.id, "Encrypted": snapshot.encrypted}
        ami.devices.append({"DeviceName": device["DeviceName"], "Ebs": ebs})
        if device["DeviceName"] == ami.root_device_name:
            ami.ebs_snapshot = snapshot
    return ami


@mend(AmisResponse, "register_image")
def answer_register_image(moto: Any, self: Any) -> ActionResult:
    self.error_on_dryrun()
    own_tags, _ = image_tags(self._get_param("TagSpecifications", []))
    asked = {key: value for key, value in self.params.items() if key not in ("Name", "Description")}
    ami = self.ec2_backend.register_image(self._get_param("Name"), self._get_param("Description", ""), **asked)
    ami.add_tags(own_tags)
    return ActionResult({"ImageId": ami.id})


@mend(AmisResponse, "copy_image")
def answer_copy_image(moto: Any, self: Any) -> ActionResult:
    self.error_on_dryrun()
    own_tags, snapshot_tags = image_tags(self._get_param("TagSpecifications", []))
    source_id, region = self._get_param("SourceImageId"), self._get_param("SourceRegion")
    ami = self.ec2_backend.copy_image(
        source_id,
        region,
        self._get_param("Name"),
        self._get_param("Description"),
        encrypted=self._get_param("Encrypted", False),
        kms_key_id=self._get_param("KmsKeyId"),
        snapshot_tags=snapshot_tags,
    )
    if self._get_param("CopyImageTags"):
        tags = ec2_backends[self.current_account][region].tags.get(source_id, {})
        ami.add_tags({key: value for key, value in tags.items() if not key.startswith("aws:")})
    ami.add_tags(own_tags)
    return ActionResult({"ImageId": ami.id})
