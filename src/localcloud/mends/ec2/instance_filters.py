"""DescribeInstances: every filter that EC2 has, all instances in one answer, and what it says to wrong ids."""

import re
from collections.abc import Callable, Iterable
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.exceptions import EC2ClientError, InvalidInstanceIdError, InvalidParameterCombination
from moto.ec2.models import instances as moto_instances
from moto.ec2.models.instances import Instance, InstanceBackend
from moto.ec2.responses.instances import InstanceResponse

from localcloud.mends.ec2.filters import as_text, pattern, unknown_filter
from localcloud.mends.mend import mend

# Each filter and where its value is found from the instance; a step into a list or dict goes into all its parts.
_OF_INSTANCE = {
    "affinity": "placement.affinity",
    "architecture": "architecture",
    "availability-zone": "placement.zone",
    "boot-mode": "boot_mode",
    "capacity-reservation-id": "capacity_reservation_id",
    "capacity-reservation-specification.capacity-reservation-preference": (
        "capacity_reservation_specification.CapacityReservationPreference"
    ),
    "client-token": "client_token",
    "current-instance-boot-mode": "current_instance_boot_mode",
    "dns-name": "public_dns_name",
    "ebs-optimized": "ebs_optimized",
    "ena-support": "ena_support",
    "enclave-options.enabled": "enclave_options.Enabled",
    "group-id": "security_groups.id",
    "group-name": "security_groups.name",
    "hibernation-options.configured": "hibernation_options.Configured",
    "host-id": "placement.host_id",
    "hypervisor": "hypervisor",
    "iam-instance-profile.arn": "iam_instance_profile.Arn",
    "iam-instance-profile.id": "iam_instance_profile.Id",
    "image-id": "image_id",
    "instance-id": "id",
    "instance-lifecycle": "lifecycle",
    "instance-state-code": "state_code",
    "instance-state-name": "state",
    "instance-type": "instance_type",
    "instance.group-id": "security_groups.id",
    "instance.group-name": "security_groups.name",
    "ip-address": "public_ip",
    "ipv6-address": "network_interfaces.ipv6_addresses",
    "kernel-id": "kernel",
    "key-name": "key_name",
    "launch-index": "ami_launch_index",
    "launch-time": "launch_time",
    "maintenance-options.auto-recovery": "maintenance_options.AutoRecovery",
    "metadata-options.http-endpoint": "metadata_options.http_endpoint",
    "metadata-options.http-protocol-ipv4": "metadata_options.http_protocol_ipv4",
    "metadata-options.http-protocol-ipv6": "metadata_options.http_protocol_ipv6",
    "metadata-options.http-put-response-hop-limit": "metadata_options.http_put_response_hop_limit",
    "metadata-options.http-tokens": "metadata_options.http_tokens",
    "metadata-options.instance-metadata-tags": "metadata_options.instance_metadata_tags",
    "monitoring-state": "monitoring_state",
    "outpost-arn": "outpost_arn",
    "owner-id": "owner_id",
    "placement-group-name": "placement.group_name",
    "placement-partition-number": "placement.partition_number",
    "platform": "platform",
    "platform-details": "platform_details",
    "private-dns-name": "private_dns_name",
    "private-dns-name-options.enable-resource-name-dns-a-record": (
        "private_dns_name_options.EnableResourceNameDnsARecord"
    ),
    "private-dns-name-options.enable-resource-name-dns-aaaa-record": (
        "private_dns_name_options.EnableResourceNameDnsAAAARecord"
    ),
    "private-dns-name-options.hostname-type": "private_dns_name_options.HostnameType",
    "private-ip-address": "private_ip",
    "product-code": "product_codes",
    "product-code.type": "product_code_types",
    "ramdisk-id": "ramdisk",
    "reason": "_reason",
    "requester-id": "requester_id",
    "root-device-name": "root_device_name",
    "root-device-type": "root_device_type",
    "source-dest-check": "source_dest_check",
    "spot-instance-request-id": "spot_instance_request_id",
    "state-reason-code": "state_reason.code",
    "state-reason-message": "state_reason.message",
    "subnet-id": "subnet_id",
    "tenancy": "placement.tenancy",
    "tpm-support": "tpm_support",
    "usage-operation": "usage_operation",
    "usage-operation-update-time": "launch_time",
    "virtualization-type": "virtualization_type",
    "vpc-id": "vpc_id",
}
_OF_INTERFACE = {
    "addresses.association.allocation-id": "association.allocationId",
    "addresses.association.association-id": "association.associationId",
    "addresses.association.carrier-ip": "carrier_ip",
    "addresses.association.customer-owned-ip": "customer_owned_ip",
    "addresses.association.ip-owner-id": "association.ipOwnerId",
    "addresses.association.public-dns-name": "association.publicDnsName",
    "addresses.association.public-ip": "public_ip",
    "addresses.primary": "private_ip_addresses.Primary",
    "addresses.private-dns-name": "private_ip_addresses.PrivateDnsName",
    "addresses.private-ip-address": "private_ip_addresses.PrivateIpAddress",
    "association.allocation-id": "association.allocationId",
    "association.association-id": "association.associationId",
    "association.carrier-ip": "carrier_ip",
    "association.customer-owned-ip": "customer_owned_ip",
    "association.ip-owner-id": "association.ipOwnerId",
    "association.public-dns-name": "association.publicDnsName",
    "association.public-ip": "public_ip",
    "attachment.attach-time": "attachment.attach_time",
    "attachment.attachment-id": "attachment_id",
    "attachment.delete-on-termination": "delete_on_termination",
    "attachment.device-index": "device_index",
    "attachment.instance-id": "instance.id",
    "attachment.instance-owner-id": "owner_id",
    "attachment.network-card-index": "attachment.network_card_index",
    "attachment.status": "attachment.status",
    "availability-zone": "availability_zone",
    "deny-all-igw-traffic": "deny_all_igw_traffic",
    "description": "description",
    "group-id": "group_set.id",
    "group-name": "group_set.name",
    "ipv4-prefixes.ipv4-prefix": "ipv4_prefixes",
    "ipv6-address": "ipv6_addresses",
    "ipv6-addresses.ipv6-address": "ipv6_addresses",
    "ipv6-addresses.is-primary-ipv6": "is_primary_ipv6",
    "ipv6-native": "ipv6_native",
    "ipv6-prefixes.ipv6-prefix": "ipv6_prefixes",
    "mac-address": "mac_address",
    "network-interface-id": "id",
    "operator.managed": "operator_managed",
    "outpost-arn": "outpost_arn",
    "owner-id": "owner_id",
    "private-dns-name": "private_dns_name",
    "private-ip-address": "private_ip_address",
    "public-dns-name": "association.publicDnsName",
    "requester-id": "requester_id",
    "requester-managed": "requester_managed",
    "source-dest-check": "source_dest_check",
    "status": "status",
    "subnet-id": "subnet.id",
    "tag-key": "tag_list.key",
    "tag-value": "tag_list.value",
    "vpc-id": "vpc_id",
}
_PATHS = {
    name: tuple(path.split("."))
    for name, path in {
        **_OF_INSTANCE,
        **{f"network-interface.{name}": f"network_interfaces.{path}" for name, path in _OF_INTERFACE.items()},
    }.items()
}
Reader = Callable[[Instance], Iterable[Any]]


def _zone_id(instance: Instance) -> list[Any]:
    backend = instance.ec2_backend
    return [zone.zone_id for zone in backend.describe_availability_zones() if zone.name == instance.availability_zone]


def _profile_name(instance: Instance) -> list[str]:
    return [instance.iam_instance_profile["Arn"].rpartition("/")[2]] if instance.iam_instance_profile else []


def _device(read: Callable[[str, Any], Any]) -> Reader:
    return lambda instance: [read(name, device) for name, device in instance.get_block_device_mapping]


_READERS: dict[str, Reader] = {
    "availability-zone-id": _zone_id,
    "block-device-mapping.attach-time": _device(lambda _, device: device.attach_time),
    "block-device-mapping.delete-on-termination": _device(lambda _, device: bool(device.delete_on_termination)),
    "block-device-mapping.device-name": _device(lambda name, _: name),
    "block-device-mapping.status": _device(lambda _, device: Instance.get_block_device_status(device.status)),
    "block-device-mapping.volume-id": _device(lambda _, device: device.volume_id),
    "iam-instance-profile.name": _profile_name,
    "tag-key": lambda instance: instance.ec2_backend.tags.get(instance.id, {}).keys(),
    "tag-value": lambda instance: instance.ec2_backend.tags.get(instance.id, {}).values(),
}


def _walk(thing: Any, path: tuple[str, ...]) -> list[Any]:
    if thing is None:
        return []
    if isinstance(thing, list | tuple | set):
        return [found for each in thing for found in _walk(each, path)]
    if not path:
        return [thing]
    step, rest = path[0], path[1:]
    return _walk(thing.get(step) if isinstance(thing, dict) else getattr(thing, step, None), rest)


def reader(name: str) -> Reader:
    """How the values of a filter are read off an instance; refused when EC2 has no such filter."""
    if name in _READERS:
        return _READERS[name]
    if name in _PATHS:
        path = _PATHS[name]
        return lambda instance: _walk(instance, path)
    if name.startswith("tag:"):
        key = name[4:]
        return lambda instance: [
            value for tag, value in instance.ec2_backend.tags.get(instance.id, {}).items() if tag == key
        ]
    if name.startswith("network-interface.tag:"):
        key = name.removeprefix("network-interface.tag:")
        return lambda instance: [
            tag["value"] for nic in instance.nics.values() for tag in nic.get_tags() if tag["key"] == key
        ]
    raise unknown_filter(name)


@mend(moto_instances)
def filter_reservations(moto: Any, reservations: list[Any], filter_dict: Any) -> list[Any]:
    wanted = {name: [pattern(str(value)) for value in values] for name, values in (filter_dict or {}).items()}
    by_reservation = wanted.pop("reservation-id", None)
    readers = [(reader(name), patterns) for name, patterns in wanted.items()]
    kept = []
    for reservation in reservations:
        if by_reservation and not any(each.fullmatch(reservation.id) for each in by_reservation):
            continue
        reservation.instances = [each for each in reservation.instances if _passes(each, readers)]
        if reservation.instances:
            kept.append(reservation)
    return kept


def _passes(instance: Instance, readers: list[tuple[Reader, list[re.Pattern[str]]]]) -> bool:
    return all(
        any(each.fullmatch(as_text(value)) for value in read(instance) for each in patterns)
        for read, patterns in readers
    )


def check_ids(ids: list[str]) -> None:
    for each in ids:
        if not re.fullmatch(r"i-[0-9a-f]{8}([0-9a-f]{9})?", each):
            raise EC2ClientError("InvalidInstanceID.Malformed", f'Invalid id: "{each}" (expecting "i-...")')


@mend(InstanceBackend)
def get_reservations_by_instance_ids(moto: Any, self: Any, instance_ids: list[str], filters: Any = None) -> list[Any]:
    check_ids(instance_ids)
    wanted, found = dict.fromkeys(instance_ids), []
    for reservation in self.all_reservations():
        reservation.instances = [each for each in reservation.instances if each.id in wanted]
        if reservation.instances:
            found.append(reservation)
    known = {instance.id for reservation in found for instance in reservation.instances}
    if unknown := [each for each in wanted if each not in known]:
        raise InvalidInstanceIdError(unknown)
    return filter_reservations(found, filters) if filters else found


@mend(InstanceBackend)
def get_multi_instances_by_id(moto: Any, self: Any, instance_ids: list[str], filters: Any = None) -> list[Instance]:
    check_ids(instance_ids)
    found: list[Instance] = moto(self, list(dict.fromkeys(instance_ids)), filters)
    return found


@mend(InstanceResponse)
def describe_instances(moto: Any, self: Any) -> ActionResult:
    """All of them unless pages are asked for: moto stops at a hundred reservations."""
    self.error_on_dryrun()
    ids, filters = self._get_param("InstanceIds", []), self._filters_from_querystring()
    if ids and self._get_param("MaxResults"):
        raise InvalidParameterCombination("The parameter instancesSet cannot be used with the parameter maxResults")
    if ids:
        found = self.ec2_backend.get_reservations_by_instance_ids(ids, filters=filters)
    else:
        found = self.ec2_backend.describe_instances(filters=filters)
    return ActionResult({"Reservations": found})
