"""Volumes: what a type allows and defaults to, where a volume may be attached, how it is modified."""

from dataclasses import dataclass
from typing import Any

from moto.ec2.exceptions import (
    EC2ClientError,
    InvalidInstanceIdError,
    InvalidParameterValue,
    InvalidVolumeAttachmentError,
    InvalidVolumeIdError,
    MissingParameterError,
)
from moto.ec2.models.elastic_block_store import EBSBackend, Volume, VolumeAttachment, VolumeModification
from moto.ec2.responses.elastic_block_store import ElasticBlockStore

from localcloud.mends.ec2.filters import teach
from localcloud.mends.mend import mend


@dataclass(frozen=True)
class Kind:
    """What EBS allows of a volume type. Sizes in GiB, throughput in MiB/s."""

    least: int
    most: int
    iops: tuple[int, int] | None = None
    iops_per_gib: int = 0
    needs_iops: bool = False
    shareable: bool = False


KINDS = {
    "standard": Kind(1, 1024),
    "gp2": Kind(1, 16384),
    "gp3": Kind(1, 65536, iops=(3000, 80000), iops_per_gib=500),
    "io1": Kind(4, 16384, iops=(100, 64000), iops_per_gib=50, needs_iops=True, shareable=True),
    "io2": Kind(4, 65536, iops=(100, 256000), iops_per_gib=1000, needs_iops=True, shareable=True),
    "st1": Kind(125, 16384),
    "sc1": Kind(125, 16384),
}
GP3_IOPS, GP3_THROUGHPUT, GP3_MOST_THROUGHPUT = 3000, 125, 2000

teach(
    Volume,
    {
        "attachment.delete-on-termination": lambda volume: [a.delete_on_termination for a in volume.attachments],
        "availability-zone-id": lambda volume: volume.zone.zone_id if volume.zone else None,
        "fast-restored": lambda volume: False,
        "multi-attach-enabled": lambda volume: bool(volume.multi_attach_enabled),
    },
)
teach(
    VolumeModification,
    {
        "modification-state": lambda change: change.modification_state,
        "original-iops": lambda change: change.original_iops,
        "start-time": lambda change: change.start_time,
        "target-iops": lambda change: change.target_iops,
    },
)


def _delete_on_termination(attachment: Any) -> bool:
    device = attachment.instance.block_device_mapping.get(attachment.device)
    return bool(device and device.delete_on_termination)


# moto's class has no such attribute; DescribeVolumes tells it per attachment.
VolumeAttachment.delete_on_termination = property(_delete_on_termination)  # type: ignore[attr-defined]


@mend(EBSBackend)
def create_volume(
    moto: Any,
    self: Any,
    size: int | None,
    zone_name: str,
    snapshot_id: str | None = None,
    encrypted: bool = False,
    kms_key_id: str | None = None,
    volume_type: str | None = None,
    iops: int | None = None,
    throughput: int | None = None,
    multi_attach_enabled: bool | None = None,
) -> Any:
    volume_type = volume_type or "gp2"
    if snapshot_id:
        snapshot = self.get_snapshot(snapshot_id)
        size = snapshot.volume_size if size is None else size
        if size < snapshot.volume_size:
            raise InvalidParameterValue(
                f"Volume of size {size}GB is smaller than snapshot '{snapshot_id}', "
                f"expect size >= {snapshot.volume_size}GB"
            )
        encrypted = encrypted or snapshot.encrypted
        kms_key_id = kms_key_id or (snapshot.kms_key_id if snapshot.encrypted else None)
    if size is None:
        raise MissingParameterError("size/snapshot")
    check_limits(volume_type, size, iops, throughput, multi_attach_enabled)
    volume = moto(
        self,
        size,
        zone_name,
        snapshot_id,
        encrypted or self.ebs_encryption_by_default,
        kms_key_id,
        volume_type,
        iops,
        throughput or (GP3_THROUGHPUT if volume_type == "gp3" else None),
        bool(multi_attach_enabled),
    )
    if volume_type == "gp2":
        volume.iops = gp2_iops(size)
    # EC2 tells "" for a volume of no snapshot, and clients read it.
    volume.snapshot_id = snapshot_id or ""
    return volume


def gp2_iops(size: int) -> int:
    return max(100, min(16000, 3 * size))


def check_limits(
    volume_type: str, size: int, iops: int | None, throughput: int | None, shared: bool | None = None
) -> None:
    """Refuse what EBS refuses of a type, size, IOPS and throughput together."""
    kind = KINDS.get(volume_type)
    if kind is None:
        raise InvalidParameterValue(f"Value ({volume_type}) for parameter volumeType is invalid.")
    if not kind.least <= size <= kind.most:
        bound = f"too small; minimum is {kind.least}" if size < kind.least else f"too large; maximum is {kind.most}"
        raise InvalidParameterValue(f"Volume of {size}GiB is {bound}GiB for volume type {volume_type}.")
    if kind.needs_iops and not iops:
        raise combination(f"The parameter iops must be specified for {volume_type} volumes.")
    if iops is not None:
        _check_iops(volume_type, kind, size, iops)
    if throughput is not None:
        _check_throughput(volume_type, throughput, iops or GP3_IOPS)
    if shared and not kind.shareable:
        raise combination(f"The parameter multiAttachEnabled is not supported for {volume_type} volumes.")


def _check_iops(volume_type: str, kind: Kind, size: int, iops: int) -> None:
    if kind.iops is None:
        raise combination(f"The parameter iops is not supported for {volume_type} volumes.")
    least, most = kind.iops
    if not least <= iops <= most:
        bound = f"low; minimum is {least}" if iops < least else f"high; maximum is {most}"
        raise InvalidParameterValue(f"Volume iops of {iops} is too {bound}.")
    # gp3's first 3000 come with any size.
    if iops > kind.iops_per_gib * size and not (volume_type == "gp3" and iops == GP3_IOPS):
        raise InvalidParameterValue(
            f"Iops to volume size ratio of {iops / size:.6f} is too high; maximum is {kind.iops_per_gib}"
        )


def _check_throughput(volume_type: str, throughput: int, iops: int) -> None:
    if volume_type != "gp3":
        raise combination("throughput can only be specified for volumeType gp3.")
    if not GP3_THROUGHPUT <= throughput <= GP3_MOST_THROUGHPUT:
        low = throughput < GP3_THROUGHPUT
        bound = f"low; minimum is {GP3_THROUGHPUT}" if low else f"high; maximum is {GP3_MOST_THROUGHPUT}"
        raise InvalidParameterValue(f"Throughput (MiBps) of {throughput} is too {bound}.")
    if throughput > iops / 4:
        raise InvalidParameterValue(
            f"Throughput (MiBps) to iops ratio of {throughput / iops:.6f} is too high; "
            "maximum is 0.250000 MiBps per iops"
        )


def combination(words: str) -> EC2ClientError:
    return EC2ClientError("InvalidParameterCombination", words)


@mend(EBSBackend)
def describe_volumes(moto: Any, self: Any, volume_ids: list[str] | None = None, filters: Any = None) -> Any:
    for volume_id in volume_ids or []:
        if volume_id not in self.volumes:
            raise InvalidVolumeIdError(volume_id)
    return moto(self, volume_ids, filters)


@mend(EBSBackend)
def delete_volume(moto: Any, self: Any, volume_id: str) -> Any:
    volume = moto(self, volume_id)
    self.tags.pop(volume_id, None)
    return volume


@mend(EBSBackend)
def attach_volume(
    moto: Any, self: Any, volume_id: str, instance_id: str, device_path: str, delete_on_termination: bool = False
) -> Any:
    volume, instance = self.get_volume(volume_id), self.get_instance(instance_id)
    if instance.state in ("shutting-down", "terminated"):
        raise EC2ClientError("IncorrectState", f"Instance '{instance_id}' is not 'running'.")
    if volume.attachment:
        raise EC2ClientError("VolumeInUse", f"{volume_id} is already attached to an instance")
    if volume.availability_zone != instance.availability_zone:
        raise EC2ClientError(
            "InvalidVolume.ZoneMismatch",
            f"The volume '{volume_id}' is not in the same availability zone as instance '{instance_id}'",
        )
    if device_path in instance.block_device_mapping:
        raise InvalidParameterValue(
            f"Invalid value '{device_path}' for unixDevice. Attachment point {device_path} is already in use"
        )
    return moto(self, volume_id, instance_id, device_path, delete_on_termination)


@mend(EBSBackend)
def detach_volume(moto: Any, self: Any, volume_id: str, instance_id: str | None, device_path: str | None) -> Any:
    attachment = self.get_volume(volume_id).attachment
    if attachment is None:
        raise EC2ClientError("IncorrectState", f"Volume '{volume_id}' is in the 'available' state.")
    if instance_id and instance_id != attachment.instance.id:
        if self.get_instance_by_id(instance_id) is None:
            raise InvalidInstanceIdError(instance_id)
        raise InvalidVolumeAttachmentError(volume_id, instance_id)
    return moto(self, volume_id, attachment.instance.id, device_path)


@mend(ElasticBlockStore, "create_volume")
def answer_create_volume(moto: Any, self: Any) -> Any:
    zone, zone_id = self._get_param("AvailabilityZone"), self._get_param("AvailabilityZoneId")
    if not zone and zone_id:
        zones = self.ec2_backend.describe_availability_zones(zone_ids=[zone_id])
        zone = zones[0].name if zones else zone_id
        self.params["AvailabilityZone"] = zone
    if not zone:
        raise MissingParameterError("AvailabilityZone")
    if self.ec2_backend.get_zone_by_name(zone) is None:
        raise EC2ClientError("InvalidZone.NotFound", f"The zone '{zone}' does not exist.")
    return moto(self)


@mend(ElasticBlockStore, "detach_volume")
def answer_detach_volume(moto: Any, self: Any) -> Any:
    volume = self.ec2_backend.get_volume(self._get_param("VolumeId"))
    attachment = volume.attachment
    if attachment and attachment.device == attachment.instance.root_device_name:
        instance = attachment.instance
        if instance.state != "stopped":
            raise EC2ClientError(
                "OperationNotPermitted", f"Unable to detach root volume '{volume.id}' from instance '{instance.id}'"
            )
    return moto(self)
