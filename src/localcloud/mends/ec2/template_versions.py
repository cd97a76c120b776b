"""Versions of launch templates: listed by number, by bounds or by filter; deleted one by one; read off an instance."""

from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.exceptions import InvalidLaunchTemplateVersionNotFound, InvalidParameterValue, MissingParameter
from moto.ec2.models.launch_templates import LaunchTemplateBackend
from moto.ec2.responses.launch_templates import LaunchTemplates
from moto.ec2.utils import generic_filter

from localcloud.mends.ec2.filters import unknown_filter
from localcloud.mends.ec2.templates import as_version, find_template
from localcloud.mends.mend import mend

WITHOUT_TEMPLATE = "Without a launch template ID or name, versions can only be '$Latest', '$Default' or both."


class VersionRow:
    """A version as the filters of DescribeLaunchTemplateVersions see it."""

    def __init__(self, template: Any, version: Any):
        self.template, self.version = template, version

    def get_filter_value(self, name: str) -> Any:
        data, template = self.version.data, self.template
        values: dict[str, Any] = {
            "create-time": self.version.create_time,
            "ebs-optimized": data.get("EbsOptimized"),
            "host-resource-group-arn": data.get("Placement", {}).get("HostResourceGroupArn"),
            "http-endpoint": data.get("MetadataOptions", {}).get("HttpEndpoint"),
            "http-protocol-ipv4": data.get("MetadataOptions", {}).get("HttpEndpoint"),
            "http-tokens": data.get("MetadataOptions", {}).get("HttpTokens"),
            "iam-instance-profile": list(data.get("IamInstanceProfile", {}).values()),
            "image-id": data.get("ImageId"),
            "instance-type": data.get("InstanceType"),
            "is-default-version": template.is_default(self.version),
            "kernel-id": data.get("KernelId"),
            "license-configuration-arn": [
                each.get("LicenseConfigurationArn") for each in data.get("LicenseSpecifications", [])
            ],
            "network-card-index": [each.get("NetworkCardIndex") for each in data.get("NetworkInterfaces", [])],
            "ram-disk-id": data.get("RamDiskId"),
        }
        if name not in values:
            raise unknown_filter(name)
        return values[name]


@mend(LaunchTemplateBackend)
def describe_launch_template_versions(
    moto: Any,
    self: Any,
    template_name: str | None,
    template_id: str | None,
    versions: list[str],
    min_version: int | None,
    max_version: int | None,
    max_results: int | None,
) -> list[Any]:
    """Pairs of template and version, all of them: pages are cut where all answers are."""
    if not (template_name or template_id):
        if not versions:
            raise MissingParameter(WITHOUT_TEMPLATE)
        if set(versions) - {"$Latest", "$Default"}:
            raise InvalidParameterValue(WITHOUT_TEMPLATE)
        templates = self.launch_templates.values()
        return [(template, template.get_version(word)) for template in templates for word in versions]
    template = (
        self.get_launch_template_by_name(template_name) if template_name else self.get_launch_template(template_id)
    )
    if versions:
        return [(template, template.get_version(word)) for word in versions]
    least, most = min_version or 1, max_version or template.highest_number
    # EC2 tells the newest first.
    newest_first = reversed(template.versions)
    return [(template, version) for version in newest_first if least <= version.number <= most]


@mend(LaunchTemplates, "describe_launch_template_versions")
def answer_describe_launch_template_versions(moto: Any, self: Any) -> ActionResult:
    self.error_on_dryrun()
    found = self.ec2_backend.describe_launch_template_versions(
        self._get_param("LaunchTemplateName"),
        self._get_param("LaunchTemplateId"),
        self._get_param("Versions", []),
        self._get_int_param("MinVersion"),
        self._get_int_param("MaxVersion"),
        None,
    )
    rows = generic_filter(self._filters_from_querystring(), [VersionRow(*pair) for pair in found])
    told = [as_version(self, row.template, row.version) for row in rows]
    return ActionResult({"LaunchTemplateVersions": told})


@mend(LaunchTemplates)
def delete_launch_template_versions(moto: Any, self: Any) -> ActionResult:
    """Missing in moto. What cannot be deleted is told beside what was; the default version fails the whole call."""
    template = find_template(self)
    asked = self._get_param("Versions", [])
    self.error_on_dryrun()
    if str(template.default_version_number) in asked:
        raise InvalidParameterValue(
            f"The default version {template.default_version_number} of launch template {template.id} cannot be "
            "deleted: make another version the default first, or delete the launch template."
        )
    done, failed = [], []
    for number in asked:
        told = {
            "LaunchTemplateId": template.id,
            "LaunchTemplateName": template.name,
            "VersionNumber": int(number) if number.isdigit() else 0,
        }
        try:
            template.versions.remove(template.get_version(number))
        except InvalidLaunchTemplateVersionNotFound:
            error = {
                "Code": "launchTemplateVersionDoesNotExist",
                "Message": f"The launch template version {number} does not exist.",
            }
            failed.append(told | {"ResponseError": error})
        else:
            done.append(told)
    return ActionResult(
        {
            "SuccessfullyDeletedLaunchTemplateVersions": done,
            "UnsuccessfullyDeletedLaunchTemplateVersions": failed,
        }
    )


@mend(LaunchTemplates, "get_launch_template_data")
def answer_get_launch_template_data(moto: Any, self: Any) -> ActionResult:
    """moto answers fixed words for the device names, placement, metadata options and interfaces of the instance."""
    answer = moto(self)
    instance = self.ec2_backend.get_instance(self._get_param("InstanceId"))
    data = answer.result["LaunchTemplateData"]
    data["BlockDeviceMappings"] = [_device(self.ec2_backend, *each) for each in instance.get_block_device_mapping]
    data["Placement"] |= {"GroupName": instance.placement.group_name, "Tenancy": instance.placement.tenancy}
    options = instance.metadata_options
    data["MetadataOptions"] = {
        "HttpTokens": options.http_tokens,
        "HttpPutResponseHopLimit": options.http_put_response_hop_limit,
        "HttpEndpoint": options.http_endpoint,
        "HttpProtocolIpv6": options.http_protocol_ipv6,
        "InstanceMetadataTags": options.instance_metadata_tags,
    }
    data["NetworkInterfaces"] = [_interface(index, nic) for index, nic in instance.nics.items()]
    if instance.user_data:
        data["UserData"] = instance.user_data
    return ActionResult(answer.result)


def _device(backend: Any, name: str, block: Any) -> dict[str, Any]:
    volume = backend.get_volume(block.volume_id)
    return {
        "DeviceName": name,
        "Ebs": {
            "DeleteOnTermination": block.delete_on_termination,
            "Encrypted": volume.encrypted,
            "Iops": volume.iops,
            "SnapshotId": volume.snapshot_id,
            "Throughput": volume.throughput,
            "VolumeSize": volume.size,
            "VolumeType": volume.volume_type,
        },
    }


def _interface(index: int, nic: Any) -> dict[str, Any]:
    return {
        "AssociatePublicIpAddress": bool(nic.public_ip_auto_assign),
        "DeleteOnTermination": nic.delete_on_termination,
        "Description": nic.description,
        "DeviceIndex": index,
        "Groups": [group.id for group in nic.group_set],
        "InterfaceType": nic.interface_type,
        "NetworkCardIndex": 0,
        "PrivateIpAddresses": [
            {"Primary": item["Primary"], "PrivateIpAddress": item["PrivateIpAddress"]}
            for item in nic.private_ip_addresses
        ],
        "SubnetId": nic.subnet.id,
    }
