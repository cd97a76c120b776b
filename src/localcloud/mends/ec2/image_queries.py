"""DescribeImages, and the attributes of an image: permissions, description, deprecation, protection."""

from datetime import datetime
from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.core.utils import utcnow
from moto.ec2.exceptions import (
    AuthFailureRestricted,
    InvalidAMIIdError,
    InvalidParameterValue,
    InvalidParameterValueErrorUnknownAttribute,
    MalformedAMIIdError,
)
from moto.ec2.models.amis import Ami, AmiBackend
from moto.ec2.responses.amis import AmisResponse
from moto.ec2.utils import format_timestamp, generic_filter

from localcloud.mends.ec2.filters import teach
from localcloud.mends.ec2.images import ebs_devices
from localcloud.mends.mend import mend


def _of_ebs(key: str) -> Any:
    return lambda ami: [ebs.get(key) for ebs in ebs_devices(ami)]


teach(
    Ami,
    {
        "block-device-mapping.delete-on-termination": _of_ebs("DeleteOnTermination"),
        "block-device-mapping.device-name": lambda ami: [one["DeviceName"] for one in ami.block_device_mappings],
        "block-device-mapping.encrypted": lambda ami: [bool(ebs.get("Encrypted")) for ebs in ebs_devices(ami)],
        "block-device-mapping.snapshot-id": _of_ebs("SnapshotId"),
        "block-device-mapping.volume-size": _of_ebs("VolumeSize"),
        "block-device-mapping.volume-type": _of_ebs("VolumeType"),
        "creation-date": lambda ami: ami.creation_date,
        "ena-support": lambda ami: ami.ena_support,
        "image-allowed": lambda ami: True,
        "manifest-location": lambda ami: ami.image_location,
        "platform-details": lambda ami: ami.platform_details,
        "product-code": lambda ami: ami.product_codes,
        "ramdisk-id": lambda ami: getattr(ami, "ramdisk_id", None),
        "root-device-type": lambda ami: ami.root_device_type,
        "source-image-id": lambda ami: getattr(ami, "source_image_id", None),
        "source-image-region": lambda ami: getattr(ami, "source_image_region", None),
        "state-reason-code": lambda ami: None,
        "state-reason-message": lambda ami: None,
        "sriov-net-support": lambda ami: ami.sriov,
        "usage-operation": lambda ami: ami.usage_operation,
    },
)


@mend(AmiBackend)
def describe_images(
    moto: Any,
    self: Any,
    ami_ids: list[str] | None = None,
    filters: dict[str, Any] | None = None,
    exec_users: list[str] | None = None,
    owners: list[str] | None = None,
    deprecated: bool = True,
    disabled: bool = True,
) -> list[Any]:
    """Every condition holds together; moto drops filters and owners where ids are given."""
    images = list(self.amis.copy().values())
    if ami_ids:
        malformed = [ami_id for ami_id in ami_ids if not ami_id.startswith("ami-")]
        if malformed:
            raise MalformedAMIIdError(malformed)
        unknown = [ami_id for ami_id in ami_ids if ami_id not in self.amis and ami_id not in self.deleted_amis]
        if unknown:
            raise InvalidAMIIdError(unknown)
        images = [ami for ami in images if ami.id in ami_ids]
    if exec_users:
        users = {self.account_id if user == "self" else user for user in exec_users}
        images = [ami for ami in images if _may_launch(ami) & users]
    if owners:
        names = {self.account_id if owner == "self" else owner for owner in owners}
        images = [ami for ami in images if ami.owner_id in names or ami.owner_alias in names]
    if not deprecated:
        images = [ami for ami in images if ami.owner_id == self.account_id or not _is_deprecated(ami)]
    if not disabled:
        images = [ami for ami in images if ami.state != "disabled"]
    return generic_filter(filters or {}, images)


def _may_launch(ami: Any) -> set[str]:
    """Who was given the image by name, and `all` if everybody was: owning it does not count here."""
    return {grant.get("UserId") or grant.get("Group") or "" for grant in ami.launch_permissions} - {""}


def _is_deprecated(ami: Any) -> bool:
    when: str | None = getattr(ami, "deprecation_time", None)
    return when is not None and when < format_timestamp(utcnow())


def get_image(backend: Any, ami_id: str) -> Any:
    found = backend.describe_images(ami_ids=[ami_id])
    if not found:
        raise InvalidAMIIdError(ami_id)
    return found[0]


@mend(AmisResponse, "describe_images")
def answer_describe_images(moto: Any, self: Any) -> ActionResult:
    self.error_on_dryrun()
    images = self.ec2_backend.describe_images(
        self._get_param("ImageIds", []),
        self._filters_from_querystring(),
        self._get_param("ExecutableUsers", []),
        self._get_param("Owners", []),
        deprecated=self._get_param("IncludeDeprecated", False) or bool(self._get_param("ImageIds")),
        disabled=self._get_param("IncludeDisabled", False),
    )
    return ActionResult({"Images": images})


@mend(AmisResponse, "describe_image_attribute")
def answer_describe_image_attribute(moto: Any, self: Any) -> ActionResult:
    attribute = self._get_param("Attribute")
    ami = get_image(self.ec2_backend, self._get_param("ImageId"))
    if attribute == "blockDeviceMapping":
        raise AuthFailureRestricted
    if attribute == "launchPermission":
        return ActionResult({"ImageId": ami.id, "LaunchPermissions": ami.launch_permissions})
    if attribute == "productCodes":
        codes = [{"ProductCodeId": code, "ProductCodeType": "marketplace"} for code in sorted(ami.product_codes)]
        return ActionResult({"ImageId": ami.id, "ProductCodes": codes})
    values = {
        "bootMode": ("BootMode", ami.boot_mode),
        "deregistrationProtection": ("DeregistrationProtection", ami.deregistration_protection),
        "description": ("Description", ami.description),
        "imdsSupport": ("ImdsSupport", getattr(ami, "imds_support", None)),
        "kernel": ("KernelId", ami.kernel_id),
        "lastLaunchedTime": ("LastLaunchedTime", _last_launch(self.ec2_backend, ami)),
        "ramdisk": ("RamdiskId", getattr(ami, "ramdisk_id", None)),
        "sriovNetSupport": ("SriovNetSupport", ami.sriov),
        "tpmSupport": ("TpmSupport", getattr(ami, "tpm_support", None)),
        "uefiData": ("UefiData", None),
    }
    if attribute not in values:
        raise InvalidParameterValueErrorUnknownAttribute(attribute)
    name, value = values[attribute]
    return ActionResult({"ImageId": ami.id, name: {"Value": value} if value else {}})


def _last_launch(backend: Any, ami: Any) -> str | None:
    launches = [instance.launch_time for instance in backend.all_instances() if instance.image_id == ami.id]
    return format_timestamp(max(launches)) if launches else None


@mend(AmisResponse, "modify_image_attribute")
def answer_modify_image_attribute(moto: Any, self: Any) -> EmptyResult:
    """moto knows launch permissions only; the command line and Ansible set the description too."""
    get_image(self.ec2_backend, self._get_param("ImageId"))
    moto(self)
    ami = get_image(self.ec2_backend, self._get_param("ImageId"))
    attribute, value = self._get_param("Attribute"), self._get_param("Value")
    description = self._get_param("Description.Value", value if attribute == "description" else None)
    imds = self._get_param("ImdsSupport.Value", value if attribute == "imdsSupport" else None)
    if description is not None:
        ami.description = description
    if imds is not None:
        ami.imds_support = imds
    ami.product_codes |= set(self._get_param("ProductCodes", []))
    return EmptyResult()


@mend(AmisResponse)
def reset_image_attribute(moto: Any, self: Any) -> ActionResult:
    self.error_on_dryrun()
    ami = get_image(self.ec2_backend, self._get_param("ImageId"))
    if self._get_param("Attribute") != "launchPermission":
        raise InvalidParameterValueErrorUnknownAttribute(self._get_param("Attribute"))
    self.ec2_backend.modify_image_attribute(ami.id, [], list(ami.launch_permissions))
    return EmptyResult()


@mend(AmisResponse)
def enable_image_deprecation(moto: Any, self: Any) -> ActionResult:
    self.error_on_dryrun()
    ami = get_image(self.ec2_backend, self._get_param("ImageId"))
    when = self._get_param("DeprecateAt")
    when = (datetime.fromisoformat(when) if isinstance(when, str) else when).replace(tzinfo=None)
    if when < utcnow().replace(tzinfo=None):
        raise InvalidParameterValue(f"The value '{format_timestamp(when)}' for DeprecateAt is in the past.")
    ami.deprecation_time = format_timestamp(when)
    return ActionResult({"Return": True})


@mend(AmisResponse)
def disable_image_deprecation(moto: Any, self: Any) -> ActionResult:
    self.error_on_dryrun()
    get_image(self.ec2_backend, self._get_param("ImageId")).deprecation_time = None
    return ActionResult({"Return": True})


@mend(AmisResponse)
def enable_image_deregistration_protection(moto: Any, self: Any) -> ActionResult:
    self.error_on_dryrun()
    ami = get_image(self.ec2_backend, self._get_param("ImageId"))
    cooldown = "with" if self._get_param("WithCooldown") else "without"
    ami.deregistration_protection = f"enabled-{cooldown}-cooldown"
    return ActionResult({"Return": "true"})


@mend(AmisResponse)
def disable_image_deregistration_protection(moto: Any, self: Any) -> ActionResult:
    self.error_on_dryrun()
    get_image(self.ec2_backend, self._get_param("ImageId")).deregistration_protection = "disabled"
    return ActionResult({"Return": "true"})
