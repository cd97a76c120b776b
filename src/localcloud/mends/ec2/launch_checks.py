"""What EC2 refuses before it launches anything, and what it chooses where the request leaves it open."""

import re
from dataclasses import dataclass
from typing import Any

from moto.ec2.exceptions import (
    EC2ClientError,
    InvalidAMIIdError,
    InvalidParameterCombination,
    InvalidSecurityGroupNotFoundError,
    MalformedAMIIdError,
    MissingParameterError,
)

from localcloud.mends import ssm
from localcloud.mends.ec2 import offerings, quotas
from localcloud.mends.ec2.launch_request import Request
from localcloud.mends.ec2.placement import get_placement_group
from localcloud.mends.ec2.private_addresses import refuse_unless_free


@dataclass
class Plan:
    """Everything that is settled before the first instance is made."""

    request: Request
    image: Any
    instance_type: str
    zone: str
    subnet: Any
    groups: list[Any]
    count: int
    spot: bool


def invalid(message: str) -> EC2ClientError:
    return EC2ClientError("InvalidParameterValue", message)


def plan(backend: Any, request: Request, at_least: int, at_most: int, spot: bool) -> Plan:
    """Check the whole request as EC2 does; the plan says where and how many."""
    check_counts(at_least, at_most)
    image = find_image(backend, request.get("ImageId"))
    instance_type = request.get("InstanceType") or "m1.small"
    offerings.known_type(instance_type)
    offerings.check_architecture(instance_type, image.architecture)
    check_key(backend, request.get("KeyName"))
    check_options(backend, request)
    at_most = quotas.room(backend, instance_type, spot, at_least, at_most)
    subnet = find_subnet(backend, request, instance_type, at_least, at_most)
    groups = find_groups(backend, request, subnet)
    count = offerings.room(backend, instance_type, subnet.availability_zone, at_least, at_most)
    check_address(subnet, request, count)
    return Plan(request, image, instance_type, subnet.availability_zone, subnet, groups, count, spot)


def check_counts(at_least: int, at_most: int) -> None:
    if at_least < 1:
        raise invalid("Minimum instance count must be greater than zero")
    if at_most < 1:
        raise invalid("Maximum instance count must be greater than zero")
    if at_least > at_most:
        raise invalid("Maximum instance count must not be smaller than minimum instance count")


def find_image(backend: Any, image_id: str | None) -> Any:
    if not image_id:
        raise MissingParameterError("ImageId")
    image_id = ssm.resolve(backend, image_id)
    if not re.fullmatch(r"ami-[0-9a-z]+", image_id):
        raise MalformedAMIIdError([image_id])
    if image_id in backend.deleted_amis and image_id not in backend.amis:
        raise EC2ClientError("InvalidAMIID.Unavailable", f"The image ID '{image_id}' is no longer available")
    image = backend.amis.get(image_id)
    if image is None:
        raise InvalidAMIIdError(image_id)
    if image.state != "available":
        raise EC2ClientError("InvalidAMIID.Unavailable", f"The image id '[{image_id}]' is not available")
    return image


def check_key(backend: Any, name: str | None) -> None:
    if name and name not in backend.key_pairs:
        raise EC2ClientError("InvalidKeyPair.NotFound", f"The key pair '{name}' does not exist")


def check_options(backend: Any, request: Request) -> None:
    behaviour = request.get("InstanceInitiatedShutdownBehavior", "stop")
    if behaviour not in ("stop", "terminate"):
        raise invalid(
            f"Value ({behaviour}) for parameter instanceInitiatedShutdownBehavior is invalid. "
            "Valid values are: stop, terminate."
        )
    placement = request.get("Placement", {})
    if (tenancy := placement.get("Tenancy", "default")) not in ("default", "dedicated", "host"):
        raise invalid(f"Value ({tenancy}) for parameter tenancy is invalid.")
    if name := placement.get("GroupName"):
        get_placement_group(backend, name)
    check_metadata_options(request.get("MetadataOptions", {}))


def check_metadata_options(options: dict[str, Any]) -> None:
    for name, allowed in (
        ("HttpTokens", ("optional", "required")),
        ("HttpEndpoint", ("enabled", "disabled")),
        ("HttpProtocolIpv6", ("enabled", "disabled")),
        ("InstanceMetadataTags", ("enabled", "disabled")),
    ):
        value = options.get(name)
        if value not in (None, *allowed):
            raise invalid(f"Value ({value}) for parameter {name} is invalid. Valid values are: {', '.join(allowed)}.")
    hops = options.get("HttpPutResponseHopLimit")
    if hops is not None and not 1 <= int(hops) <= 64:
        raise invalid(f"Invalid value '{hops}' for HttpPutResponseHopLimit. Must be between 1 and 64.")


def find_subnet(backend: Any, request: Request, instance_type: str, at_least: int, at_most: int) -> Any:
    """The subnet asked for; else the default one of the zone asked for; else of a zone that can do it."""
    zone = request.get("Placement", {}).get("AvailabilityZone")
    check_zone(backend, zone)
    interfaces = sorted(request.get("NetworkInterfaces", []), key=lambda each: int(each.get("DeviceIndex") or 0))
    if interfaces and request.get("SubnetId"):
        raise InvalidParameterCombination(
            "Network interfaces and an instance-level subnet ID may not be specified on the same request"
        )
    if interfaces and (request.get("SecurityGroupIds") or request.get("SecurityGroups")):
        raise InvalidParameterCombination(
            "Network interfaces and an instance-level security groups may not be specified on the same request"
        )
    check_interfaces(backend, interfaces, at_most)
    if subnet := _asked_subnet(backend, request.get("SubnetId"), interfaces):
        if zone and subnet.availability_zone != zone:
            raise invalid(
                f"The availability zone '{zone}' of the request does not match that of subnet "
                f"'{subnet.id}', '{subnet.availability_zone}'."
            )
        return subnet
    return _default_subnet(backend, zone, instance_type, at_least, at_most)


def _asked_subnet(backend: Any, subnet_id: str | None, interfaces: list[Request]) -> Any:
    for interface in interfaces[:1]:
        if existing := interface.get("NetworkInterfaceId"):
            return backend.get_network_interface(existing).subnet
        subnet_id = interface.get("SubnetId")
    if subnet_id and not subnet_id.startswith("subnet-"):
        raise EC2ClientError("InvalidSubnetID.Malformed", f'Invalid id: "{subnet_id}" (expecting "subnet-...")')
    return backend.get_subnet(subnet_id) if subnet_id else None


def _default_subnet(backend: Any, zone: str | None, instance_type: str, at_least: int, at_most: int) -> Any:
    vpc = backend.get_default_vpc()
    if vpc is None:
        raise EC2ClientError("VPCIdNotSpecified", "No default VPC for this user")
    defaults = backend.get_default_subnets()
    if zone and zone not in defaults:
        raise EC2ClientError("MissingInput", f"No default subnet for availability zone: '{zone}'.")
    if not defaults:
        raise EC2ClientError(
            "MissingInput", f"No subnets found for the default VPC '{vpc.id}'. Please specify a subnet."
        )
    if zone:
        return defaults[zone]
    offered = offerings.zones_offering(backend.region_name, instance_type)
    zones = [each for each in sorted(defaults) if each in offered] or sorted(defaults)
    room = {each: offerings.capacity(backend, instance_type, each, at_most) for each in zones}
    # EC2 chooses; like it, rather a zone that can give all than one that gives just enough.
    return defaults[max(zones, key=lambda each: room[each])]


def check_zone(backend: Any, zone: str | None) -> None:
    if zone and zone not in {each.name for each in backend.describe_availability_zones()}:
        raise invalid(f"Invalid availability zone: [{zone}]")


def check_interfaces(backend: Any, interfaces: list[Request], at_most: int) -> None:
    indexes = [interface.get("DeviceIndex") for interface in interfaces]
    if any(index is None for index in indexes):
        raise EC2ClientError("MissingParameter", "Each network interface requires a device index.")
    if len(set(indexes)) != len(indexes):
        raise invalid("Each network interface requires a unique device index.")
    if indexes and 0 not in indexes:
        raise invalid("A network interface with device index 0 is required.")
    if len(interfaces) > 1 and any(each.get("AssociatePublicIpAddress") for each in interfaces):
        raise InvalidParameterCombination(
            "The associatePublicIPAddress parameter cannot be specified when launching with "
            "multiple network interfaces."
        )
    for interface in interfaces:
        existing = interface.get("NetworkInterfaceId")
        if existing and at_most > 1:
            raise InvalidParameterCombination(
                "A network interface may not be specified when launching more than one instance"
            )
        if existing and (found := backend.get_network_interface(existing)).instance:
            raise EC2ClientError("InvalidNetworkInterface.InUse", f"Interface: [{found.id}] in use.")
        if interface.get("SubnetId"):
            backend.get_subnet(interface["SubnetId"])


def find_groups(backend: Any, request: Request, subnet: Any) -> list[Any]:
    """The groups by id and by name, within the VPC; those of the interfaces are checked too."""
    vpc_id = subnet.vpc_id
    found = [group_by_id(backend, each, vpc_id) for each in request.get("SecurityGroupIds", [])]
    for name in request.get("SecurityGroups", []):
        group = backend.get_security_group_from_name(name, vpc_id)
        if group is None:
            raise EC2ClientError(
                "InvalidGroup.NotFound", f"The security group '{name}' does not exist in VPC '{vpc_id}'"
            )
        found.append(group)
    for interface in request.get("NetworkInterfaces", []):
        if interface.get("SubnetId"):
            vpc_id = backend.get_subnet(interface["SubnetId"]).vpc_id
        for each in interface.get("Groups", []):
            group_by_id(backend, each, vpc_id)
    return list({group.id: group for group in found}.values())


def group_by_id(backend: Any, group_id: str, vpc_id: str) -> Any:
    group = backend.get_security_group_from_id(group_id)
    if group is None:
        raise InvalidSecurityGroupNotFoundError(group_id)
    if group.vpc_id != vpc_id:
        raise EC2ClientError(
            "InvalidGroup.NotFound", f"The security group '{group_id}' does not exist in VPC '{vpc_id}'"
        )
    return group


def check_address(subnet: Any, request: Request, count: int) -> None:
    first = (request.get("NetworkInterfaces") or [request])[0]
    asked = [each["PrivateIpAddress"] for each in first.get("PrivateIpAddresses", [])]
    asked += [first["PrivateIpAddress"]] if first.get("PrivateIpAddress") else []
    if asked and count > 1:
        raise InvalidParameterCombination(
            "A private IP address may not be specified when launching more than one instance"
        )
    for address in asked:
        refuse_unless_free(subnet, address)
    if count > subnet.available_ip_address_count:
        raise EC2ClientError(
            "InsufficientFreeAddressesInSubnet",
            f"There are not enough free addresses in subnet '{subnet.id}' "
            "to satisfy the requested number of instances.",
        )
