"""One RunInstances request, whole: what the launch template says, and over it what the call says."""

from typing import Any

from moto.core.types import Base64EncodedString
from moto.ec2.exceptions import EC2ClientError, InvalidParameterCombination, TagLimitExceeded
from moto.ec2.utils import convert_tag_spec, parse_user_data

TAGGABLE = ("instance", "volume", "network-interface", "spot-instances-request", "elastic-gpu")
# Parts that are merged member by member; of everything else the call's replaces the template's.
_STRUCTURES = (
    "CapacityReservationSpecification",
    "CpuOptions",
    "CreditSpecification",
    "EnclaveOptions",
    "MaintenanceOptions",
    "MetadataOptions",
    "Placement",
    "PrivateDnsNameOptions",
)

Request = dict[str, Any]


def template_version(backend: Any, wanted: dict[str, Any]) -> Any:
    """The version that a LaunchTemplate parameter names; refused when there is none."""
    if wanted.get("LaunchTemplateId") and wanted.get("LaunchTemplateName"):
        raise InvalidParameterCombination("You may specify either a launch template ID or a name, but not both.")
    if template_id := wanted.get("LaunchTemplateId"):
        template = backend.get_launch_template(template_id)
    elif name := wanted.get("LaunchTemplateName"):
        template = backend.get_launch_template_by_name(name)
    else:
        raise EC2ClientError("MissingParameter", "You must specify a launch template ID or name.")
    return template.get_version(wanted.get("Version") or "$Default")


def merged(backend: Any, call: Request) -> Request:
    """The request that counts. `TagSpecifications` becomes `Tags`, as moto's own parts give them: type to its tags."""
    request = {key: value for key, value in call.items() if value not in (None, "")}
    check_tags(request.get("TagSpecifications", []))
    tags = {**convert_tag_spec(request.pop("TagSpecifications", [])), **request.get("Tags", {})}
    if wanted := request.get("LaunchTemplate"):
        version = template_version(backend, wanted)
        template = {key: value for key, value in version.data.items() if value not in (None, "")}
        tags = _tags_over(convert_tag_spec(template.pop("TagSpecifications", [])), tags)
        request = _over(template, request)
        instance_tags = tags.setdefault("instance", {})
        instance_tags["aws:ec2launchtemplate:id"] = version.template.id
        instance_tags["aws:ec2launchtemplate:version"] = str(version.number)
    request["Tags"] = tags
    user_data = request.get("UserData")
    if user_data is not None and not isinstance(user_data, Base64EncodedString):
        request["UserData"] = parse_user_data(user_data)
    return request


def _over(template: Request, call: Request) -> Request:
    whole = {**template, **call}
    for name in _STRUCTURES:
        if name in template and name in call:
            whole[name] = {**template[name], **call[name]}
    for name, key in (("BlockDeviceMappings", "DeviceName"), ("NetworkInterfaces", "DeviceIndex")):
        if name in template and name in call:
            parts = {part.get(key): part for part in template[name]}
            parts.update({part.get(key): part for part in call[name]})
            whole[name] = list(parts.values())
    # The call's groups, by whatever of the two names, stand in the place of the template's.
    if "SecurityGroupIds" in call or "SecurityGroups" in call:
        for name in ("SecurityGroupIds", "SecurityGroups"):
            whole[name] = call.get(name, [])
    return whole


def _tags_over(template: dict[str, dict[str, str]], call: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
    # moto keeps the template's own tags among those of what it launches.
    kinds = [kind for kind in {**template, **call} if kind in TAGGABLE]
    return {kind: {**template.get(kind, {}), **call.get(kind, {})} for kind in kinds}


def check_tags(specifications: list[dict[str, Any]]) -> None:
    """What EC2 says to tags that cannot be, before anything is made."""
    for specification in specifications:
        kind = specification.get("ResourceType")
        if kind not in TAGGABLE:
            raise EC2ClientError(
                "InvalidParameterValue", f"'{kind}' is not a valid taggable resource type for this operation."
            )
        tags = specification.get("Tags", [])
        if not tags:
            raise EC2ClientError("InvalidParameterValue", "Tag specification must have at least one tag")
        if len(tags) > 50:
            raise TagLimitExceeded
        if any(tag.get("Key", "").lower().startswith("aws:") for tag in tags):
            raise EC2ClientError("InvalidParameterValue", "Tag keys starting with 'aws:' are reserved for internal use")


def from_moto(image_id: str | None, user_data: Any, group_names: list[str] | None, wanted: dict[str, Any]) -> Request:
    """The request in EC2's words, of those parts of moto that launch by themselves: fleets, spot, scaling groups."""
    groups = [group if isinstance(group, str) else group.id for group in wanted.get("security_group_ids") or []]
    config = wanted.get("launch_config")
    request = {
        "ImageId": image_id,
        "UserData": user_data,
        "SecurityGroups": [name for name in group_names or [] if not name.startswith("sg-")],
        "SecurityGroupIds": groups + [name for name in group_names or [] if name.startswith("sg-")],
        "InstanceType": None if wanted.get("is_instance_type_default") else wanted.get("instance_type"),
        "Placement": {"AvailabilityZone": wanted["placement"]} if wanted.get("placement") else None,
        "SubnetId": wanted.get("subnet_id"),
        "KeyName": wanted.get("key_name"),
        "PrivateIpAddress": wanted.get("private_ip"),
        "AssociatePublicIpAddress": wanted.get("associate_public_ip"),
        "BlockDeviceMappings": wanted.get("block_device_mappings")
        or (config.block_device_mapping_dict if config else None),
        "LaunchTemplate": wanted.get("launch_template"),
        "NetworkInterfaces": wanted.get("nics"),
        "Tags": wanted.get("tags"),
    }
    return {key: value for key, value in request.items() if value}
