"""Snapshots: a copy of a volume as it was then, whose it is, who may use it, and which image holds it."""

import copy
from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.ec2.exceptions import (
    EC2ClientError,
    InvalidParameterValueErrorUnknownAttribute,
    InvalidSnapshotInUse,
)
from moto.ec2.models.elastic_block_store import EBSBackend, Snapshot
from moto.ec2.responses.elastic_block_store import ElasticBlockStore

from localcloud.mends.ec2.filters import teach
from localcloud.mends.mend import mend

# What EC2 tells as the volume of a snapshot that was copied from another one.
NO_VOLUME = "vol-ffffffff"

teach(
    Snapshot,
    {
        "owner-alias": lambda snapshot: getattr(snapshot, "owner_alias", None),
        "progress": lambda snapshot: snapshot.progress,
    },
)
# CreateSnapshots calls `State` what the others call `Status`.
Snapshot.state = property(lambda snapshot: snapshot.status)  # type: ignore[attr-defined]


@mend(Snapshot, "__init__")
def born(moto: Any, self: Any, ec2_backend: Any, snapshot_id: str, volume: Any, *rest: Any, **kwargs: Any) -> None:
    """A snapshot keeps the volume as it was: what is done to the volume later must not show in it."""
    moto(self, ec2_backend, snapshot_id, copy.copy(volume), *rest, **kwargs)
    if self.encrypted and not self.kms_key_id:
        self.kms_key_id = volume.kms_key_id


def not_found(snapshot_id: str) -> EC2ClientError:
    return EC2ClientError("InvalidSnapshot.NotFound", f"The snapshot '{snapshot_id}' does not exist.")


@mend(EBSBackend)
def get_snapshot(moto: Any, self: Any, snapshot_id: str) -> Any:
    if snapshot_id not in self.snapshots:
        raise not_found(snapshot_id)
    return self.snapshots[snapshot_id]


@mend(EBSBackend)
def describe_snapshots(
    moto: Any,
    self: Any,
    snapshot_ids: list[str] | None = None,
    filters: Any = None,
    owner_ids: list[str] | None = None,
    restorable_by: list[str] | None = None,
) -> list[Any]:
    for snapshot_id in snapshot_ids or []:
        self.get_snapshot(snapshot_id)
    found = moto(self, snapshot_ids, filters)
    if owner_ids:
        found = [s for s in found if _whose(self, s) & set(owner_ids)]
    if restorable_by:
        users = {self.account_id if user == "self" else user for user in restorable_by}
        found = [s for s in found if s.owner_id in users or _permitted(s) & {*users, "all"}]
    return list(found)


@mend(EBSBackend)
def delete_snapshot(moto: Any, self: Any, snapshot_id: str) -> Any:
    self.get_snapshot(snapshot_id)
    for image in self.amis.values():
        if any(device.get("Ebs", {}).get("SnapshotId") == snapshot_id for device in image.block_device_mappings):
            raise InvalidSnapshotInUse(snapshot_id, image.id)
    self.tags.pop(snapshot_id, None)
    return self.snapshots.pop(snapshot_id)


@mend(EBSBackend)
def copy_snapshot(
    moto: Any,
    self: Any,
    source_snapshot_id: str,
    source_region: str,
    description: str | None,
    kms_key_id: str | None,
    encrypted: bool = False,
) -> Any:
    snapshot = moto(self, source_snapshot_id, source_region, description or "", kms_key_id)
    snapshot.encrypted = snapshot.encrypted or encrypted
    # The key of another region cannot be used here: the copy is encrypted with this region's own.
    foreign = kms_key_id is None and source_region != self.region_name
    if snapshot.encrypted and (foreign or not snapshot.kms_key_id):
        snapshot.kms_key_id = self.default_kms_key_id or self._create_default_encryption_key()
    snapshot.volume.id = NO_VOLUME
    return snapshot


def _whose(backend: Any, snapshot: Any) -> set[str]:
    names = {snapshot.owner_id, getattr(snapshot, "owner_alias", None) or ""}
    return names | ({"self"} if snapshot.owner_id == backend.account_id else set())


def _permitted(snapshot: Any) -> set[str]:
    return set(snapshot.create_volume_permission_groups) | set(snapshot.create_volume_permission_userids)


@mend(ElasticBlockStore, "describe_snapshots")
def answer_describe_snapshots(moto: Any, self: Any) -> ActionResult:
    self.error_on_dryrun()
    ids, owners = self._get_param("SnapshotIds", []), self._get_param("OwnerIds", [])
    restorable_by = self._get_param("RestorableByUserIds", [])
    if not (ids or owners or restorable_by):
        # Unasked, EC2 lists what one may use, not the snapshots behind other accounts' images.
        restorable_by = ["self"]
    found = self.ec2_backend.describe_snapshots(ids, self._filters_from_querystring(), owners, restorable_by)
    return ActionResult({"Snapshots": found})


@mend(ElasticBlockStore, "create_snapshot")
def answer_create_snapshot(moto: Any, self: Any) -> ActionResult:
    # moto shows no description where EC2 shows an empty one.
    self.params.setdefault("Description", "")
    return moto(self)  # type: ignore[no-any-return]  # moto's functions are untyped to a mend


@mend(ElasticBlockStore, "copy_snapshot")
def answer_copy_snapshot(moto: Any, self: Any) -> ActionResult:
    tags = self._parse_tag_specification().get("snapshot", {})
    self.error_on_dryrun()
    snapshot = self.ec2_backend.copy_snapshot(
        self._get_param("SourceSnapshotId"),
        self._get_param("SourceRegion"),
        self._get_param("Description"),
        self._get_param("KmsKeyId"),
        encrypted=self._get_param("Encrypted", False),
    )
    snapshot.add_tags(tags)
    return ActionResult({"SnapshotId": snapshot.id, "Tags": snapshot.tag_set})


@mend(ElasticBlockStore, "create_snapshots")
def answer_create_snapshots(moto: Any, self: Any) -> ActionResult:
    wanted = self._get_param("InstanceSpecification", {})
    backend = self.ec2_backend
    instance = backend.get_instance(wanted["InstanceId"])
    tags = self._parse_tag_specification().get("snapshot", {})
    self.error_on_dryrun()
    made = []
    for device, block in instance.get_block_device_mapping:
        if wanted.get("ExcludeBootVolume") and device == instance.root_device_name:
            continue
        if block.volume_id in wanted.get("ExcludeDataVolumeIds", []):
            continue
        snapshot = backend.create_snapshot(block.volume_id, self._get_param("Description", ""))
        if self._get_param("CopyTagsFromSource") == "volume":
            snapshot.add_tags(dict(backend.tags.get(block.volume_id, {})))
        snapshot.add_tags(tags)
        made.append(snapshot)
    return ActionResult({"Snapshots": made})


@mend(ElasticBlockStore, "modify_snapshot_attribute")
def answer_modify_snapshot_attribute(moto: Any, self: Any) -> Any:
    """moto drops the permissions where they come as `CreateVolumePermission`, as the aws command line sends them."""
    for operation, permissions in self._get_param("CreateVolumePermission", {}).items():
        self.error_on_dryrun()
        users = [item["UserId"] for item in permissions if "UserId" in item]
        groups = [item["Group"] for item in permissions if "Group" in item]
        backend, snapshot_id = self.ec2_backend, self._get_param("SnapshotId")
        change = backend.add_create_volume_permission if operation == "Add" else backend.remove_create_volume_permission
        change(snapshot_id, user_ids=users, groups=groups)
    return moto(self)


@mend(ElasticBlockStore, "describe_snapshot_attribute")
def answer_describe_snapshot_attribute(moto: Any, self: Any) -> Any:
    attribute = self._get_param("Attribute")
    if attribute == "productCodes":
        snapshot = self.ec2_backend.get_snapshot(self._get_param("SnapshotId"))
        return ActionResult({"SnapshotId": snapshot.id, "ProductCodes": []})
    if attribute != "createVolumePermission":
        raise InvalidParameterValueErrorUnknownAttribute(attribute)
    return moto(self)


@mend(ElasticBlockStore)
def reset_snapshot_attribute(moto: Any, self: Any) -> EmptyResult:
    self.error_on_dryrun()
    snapshot = self.ec2_backend.get_snapshot(self._get_param("SnapshotId"))
    if self._get_param("Attribute") != "createVolumePermission":
        raise InvalidParameterValueErrorUnknownAttribute(self._get_param("Attribute"))
    snapshot.create_volume_permission_groups.clear()
    snapshot.create_volume_permission_userids.clear()
    return EmptyResult()
