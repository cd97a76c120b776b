"""The volumes of a launch: the image's own devices, and over them what the request says of each."""

from typing import Any

from moto.ec2.exceptions import EC2ClientError, InvalidRequest
from moto.ec2.models.instances import Instance

from localcloud.mends.ec2.volumes import check_limits

Mapping = dict[str, Any]


def bad(message: str) -> EC2ClientError:
    return EC2ClientError("InvalidBlockDeviceMapping", message)


def resolved(backend: Any, image: Any, wanted: list[Mapping]) -> dict[str, Mapping]:
    """Every device that the instance gets, with all that is said of its volume; refused before anything is made."""
    devices: dict[str, Mapping] = {}
    for mapping in image.block_device_mappings:
        if mapping.get("Ebs"):
            devices[mapping["DeviceName"]] = dict(mapping["Ebs"])
    for mapping in wanted:
        name = mapping.get("DeviceName")
        if not name:
            raise EC2ClientError("MissingParameter", "The request must contain the parameter deviceName")
        if mapping.get("NoDevice") is not None:
            if mapping["NoDevice"] != "":
                raise InvalidRequest
            devices.pop(name, None)
        elif mapping.get("Ebs") is not None:
            given = {key: value for key, value in mapping["Ebs"].items() if value is not None}
            devices[name] = {**_beneath(devices.get(name), given), **given}
        elif not mapping.get("VirtualName"):
            raise EC2ClientError("MissingParameter", "The request must contain the parameter ebs")
    return {name: _checked(backend, name, ebs) for name, ebs in devices.items()}


def _beneath(old: Mapping | None, given: Mapping) -> Mapping:
    """What the image says still holds under a mapping of the same device, but not its performance for another type."""
    if old is None:
        return {"DeleteOnTermination": True}
    kept = {key: value for key, value in old.items() if key not in ("Iops", "Throughput")}
    return kept if given.get("VolumeType", old.get("VolumeType")) != old.get("VolumeType") else old


def _checked(backend: Any, name: str, ebs: Mapping) -> Mapping:
    kind, size = ebs.get("VolumeType") or "gp2", ebs.get("VolumeSize")
    if snapshot_id := ebs.get("SnapshotId"):
        least = int(backend.get_snapshot(snapshot_id).volume_size)
        size = int(size or least)
        if size < least:
            raise bad(f"Volume of size {size}GB is smaller than snapshot '{snapshot_id}', expect size >= {least}GB")
    if not size:
        raise EC2ClientError("MissingParameter", "The request must contain the parameter size or snapshotId")
    if ebs.get("KmsKeyId") and not ebs.get("Encrypted"):
        raise bad(f"the encrypted flag must be set if the kmsKeyId is specified for device {name}")
    check_limits(kind, int(size), ebs.get("Iops"), ebs.get("Throughput"))
    return {**ebs, "VolumeType": kind, "VolumeSize": int(size)}


def attach(backend: Any, instance: Instance, devices: dict[str, Mapping], tags: dict[str, str]) -> None:
    """Make the volumes, tagged from birth, and attach them under their device names."""
    for name, ebs in devices.items():
        volume = backend.create_volume(
            size=ebs["VolumeSize"],
            zone_name=instance.availability_zone,
            snapshot_id=ebs.get("SnapshotId"),
            encrypted=bool(ebs.get("Encrypted")),
            kms_key_id=ebs.get("KmsKeyId"),
            volume_type=ebs["VolumeType"],
            iops=ebs.get("Iops"),
            throughput=ebs.get("Throughput"),
        )
        volume.add_tags(tags)
        backend.attach_volume(volume.id, instance.id, name, bool(ebs.get("DeleteOnTermination")))
