"""ModifyVolume, and what can be asked of a volume's state: modifications, status, attributes."""

from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.ec2.exceptions import EC2ClientError, InvalidParameterValue, InvalidParameterValueErrorUnknownAttribute
from moto.ec2.models.elastic_block_store import EBSBackend, Volume, VolumeModification
from moto.ec2.responses.elastic_block_store import ElasticBlockStore
from moto.ec2.utils import generic_filter

from localcloud.mends.ec2.filters import unknown_filter
from localcloud.mends.ec2.volumes import GP3_IOPS, GP3_THROUGHPUT, KINDS, check_limits, combination, gp2_iops
from localcloud.mends.mend import mend


@mend(Volume)
def modify(
    moto: Any,
    self: Any,
    target_size: int | None = None,
    target_volume_type: str | None = None,
    target_iops: int | None = None,
    target_throughput: int | None = None,
    target_multi_attach_enabled: bool | None = None,
) -> None:
    """Unlike moto's, tells every original and target value, as EC2 does, and refuses to shrink."""
    wishes = (target_size, target_volume_type, target_iops, target_throughput, target_multi_attach_enabled)
    if all(wish is None for wish in wishes):
        raise InvalidParameterValue(
            "Invalid input: Must specify at least one of size, type, iops, throughput, multi_attach_enabled"
        )
    size, kind = target_size or self.size, target_volume_type or self.volume_type
    if size < self.size:
        raise InvalidParameterValue("New size cannot be smaller than existing size")
    shared = bool(self.multi_attach_enabled) if target_multi_attach_enabled is None else target_multi_attach_enabled
    if shared and self.attachment and not self.multi_attach_enabled:
        raise combination("Multi-Attach can be enabled only while the volume is not attached.")
    stays = kind == self.volume_type
    # A size alone leaves IOPS and throughput; a new type starts from that type's own.
    kept_iops = self.iops if stays and KINDS[kind].iops else None
    kept_throughput = self.throughput if stays else None
    iops, throughput = target_iops or kept_iops, target_throughput or kept_throughput
    check_limits(kind, size, iops, throughput, shared)
    if kind == "gp3":
        iops, throughput = iops or GP3_IOPS, throughput or GP3_THROUGHPUT
    elif kind == "gp2":
        iops = gp2_iops(size)

    # moto's own constructor tells only what changes, and nothing of a False.
    change = VolumeModification(self, size, kind)
    for name, value in (("iops", iops), ("throughput", throughput), ("multi_attach_enabled", shared)):
        setattr(change, f"original_{name}", getattr(self, name))
        setattr(change, f"target_{name}", value)
        setattr(self, name, value)
    self.size, self.volume_type = size, kind
    self.modifications.append(change)
    for attachment in self.attachments:
        attachment.instance.block_device_mapping[attachment.device].size = size


@mend(EBSBackend)
def describe_volumes_modifications(
    moto: Any, self: Any, volume_ids: list[str] | None = None, filters: Any = None
) -> list[Any]:
    """The latest modification of each volume, not all there ever were."""
    volumes = self.describe_volumes(volume_ids)
    for volume in volumes:
        if volume_ids and not volume.modifications:
            raise EC2ClientError(
                "InvalidVolumeModification.NotFound", f"Modification for volume '{volume.id}' does not exist."
            )
    latest = [volume.modifications[-1] for volume in volumes if volume.modifications]
    return generic_filter(filters, latest)


class VolumeStatus:
    """A volume as DescribeVolumeStatus sees it: always well."""

    def __init__(self, volume: Any):
        self.volume = volume
        self.answer = {
            "VolumeId": volume.id,
            "AvailabilityZone": volume.availability_zone,
            "AvailabilityZoneId": volume.zone.zone_id if volume.zone else None,
            "Actions": [],
            "Events": [],
            "AttachmentStatuses": [
                {"InstanceId": a.instance_id, "IoPerformance": "not-applicable"} for a in volume.attachments
            ],
            "VolumeStatus": {
                "Status": "ok",
                "Details": [
                    {"Name": "io-enabled", "Status": "passed"},
                    {"Name": "io-performance", "Status": "not-applicable"},
                ],
            },
        }

    def get_filter_value(self, name: str) -> Any:
        details = {"io-enabled": "passed", "io-performance": "not-applicable"}
        values: dict[str, Any] = {
            "action.code": None,
            "action.description": None,
            "action.event-id": None,
            "availability-zone": self.answer["AvailabilityZone"],
            "availability-zone-id": self.answer["AvailabilityZoneId"],
            "event.description": None,
            "event.event-id": None,
            "event.event-type": None,
            "volume-status.details-name": list(details),
            "volume-status.details-status": list(details.values()),
            "volume-status.status": "ok",
        }
        if name not in values:
            raise unknown_filter(name)
        return values[name]


@mend(ElasticBlockStore)
def describe_volume_status(moto: Any, self: Any) -> ActionResult:
    self.error_on_dryrun()
    volumes = self.ec2_backend.describe_volumes(self._get_param("VolumeIds", []))
    statuses = generic_filter(self._filters_from_querystring(), [VolumeStatus(volume) for volume in volumes])
    return ActionResult({"VolumeStatuses": [status.answer for status in statuses]})


@mend(ElasticBlockStore)
def describe_volume_attribute(moto: Any, self: Any) -> ActionResult:
    self.error_on_dryrun()
    volume = self.ec2_backend.get_volume(self._get_param("VolumeId"))
    attribute = self._get_param("Attribute")
    if attribute == "autoEnableIO":
        enabled = getattr(volume, "auto_enable_io", False)
        return ActionResult({"VolumeId": volume.id, "AutoEnableIO": {"Value": enabled}})
    if attribute == "productCodes":
        return ActionResult({"VolumeId": volume.id, "ProductCodes": []})
    raise InvalidParameterValueErrorUnknownAttribute(attribute)


@mend(ElasticBlockStore)
def modify_volume_attribute(moto: Any, self: Any) -> EmptyResult:
    self.error_on_dryrun()
    volume = self.ec2_backend.get_volume(self._get_param("VolumeId"))
    enabled = self._get_param("AutoEnableIO.Value")
    if enabled is not None:
        volume.auto_enable_io = enabled
    return EmptyResult()


@mend(ElasticBlockStore)
def enable_volume_io(moto: Any, self: Any) -> EmptyResult:
    self.error_on_dryrun()
    self.ec2_backend.get_volume(self._get_param("VolumeId"))
    return EmptyResult()
