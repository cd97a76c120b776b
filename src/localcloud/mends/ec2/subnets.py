"""Subnets: their filters, all of ModifySubnetAttribute, and that one with interfaces in it stays."""

from typing import Any

from moto.core.responses import EmptyResult
from moto.ec2.exceptions import (
    DependencyViolationError,
    InvalidAvailabilityZoneError,
    MissingParameterError,
)
from moto.ec2.models.subnets import Subnet, SubnetBackend
from moto.ec2.responses.subnets import Subnets

from localcloud.mends.ec2.filters import teach
from localcloud.mends.mend import mend

# Parameter of ModifySubnetAttribute: where the value is kept, for the plain ones and for those of host names.
PLAIN = {
    "AssignIpv6AddressOnCreation": "assign_ipv6_address_on_creation",
    "EnableDns64": "enable_dns64",
    "MapCustomerOwnedIpOnLaunch": "map_customer_owned_ip_on_launch",
    "MapPublicIpOnLaunch": "map_public_ip_on_launch",
}
HOST_NAMES = {
    "EnableResourceNameDnsAAAARecordOnLaunch": "EnableResourceNameDnsAAAARecord",
    "EnableResourceNameDnsARecordOnLaunch": "EnableResourceNameDnsARecord",
    "PrivateDnsHostnameTypeOnLaunch": "HostnameType",
}
Subnet.enable_dns64 = False  # type: ignore[attr-defined]
Subnet.map_customer_owned_ip_on_launch = False  # type: ignore[attr-defined]


def _ipv6(subnet: Any) -> list[dict[str, Any]]:
    """The IPv6 blocks associated now. moto puts one `state` into another, which clients read as text."""
    return [
        {
            "AssociationId": each["associationId"],
            "Ipv6CidrBlock": each["ipv6CidrBlock"],
            "Ipv6CidrBlockState": {"State": each["ipv6CidrBlockState"]["State"]},
        }
        for each in subnet.ipv6_cidr_block_associations.values()
        if each["ipv6CidrBlockState"]["State"] == "associated"
    ]


Subnet.ipv6_cidr_block_association_set = property(_ipv6)  # type: ignore[method-assign,assignment]

teach(
    Subnet,
    {
        "availability-zone-id": lambda subnet: subnet.availability_zone_id,
        "availabilityZoneId": lambda subnet: subnet.availability_zone_id,
        "available-ip-address-count": lambda subnet: subnet.available_ip_address_count,
        "customer-owned-ipv4-pool": lambda subnet: None,
        "enable-lni-at-device-index": lambda subnet: None,
        "ipv6-cidr-block-association.association-id": lambda subnet: [each["AssociationId"] for each in _ipv6(subnet)],
        "ipv6-cidr-block-association.ipv6-cidr-block": lambda subnet: [each["Ipv6CidrBlock"] for each in _ipv6(subnet)],
        "ipv6-cidr-block-association.state": lambda subnet: ["associated" for _ in _ipv6(subnet)],
        "outpost-arn": lambda subnet: None,
        "private-dns-name-options-on-launch.enable-resource-name-dns-a-record": lambda subnet: (
            subnet.private_dns_name_options_on_launch["EnableResourceNameDnsARecord"]
        ),
        "private-dns-name-options-on-launch.enable-resource-name-dns-aaaa-record": lambda subnet: (
            subnet.private_dns_name_options_on_launch["EnableResourceNameDnsAAAARecord"]
        ),
        "private-dns-name-options-on-launch.hostname-type": lambda subnet: subnet.private_dns_name_options_on_launch[
            "HostnameType"
        ],
        "subnet-arn": lambda subnet: subnet.arn,
    },
)


@mend(SubnetBackend)
def describe_subnets(moto: Any, self: Any, subnet_ids: list[str] | None = None, filters: Any = None) -> Any:
    for subnet_id in subnet_ids or []:
        self.get_subnet(subnet_id)
    return moto(self, subnet_ids, filters)


@mend(SubnetBackend)
def delete_subnet(moto: Any, self: Any, subnet_id: str) -> Any:
    if any(eni.subnet.id == subnet_id for eni in self.enis.values()):
        raise DependencyViolationError(f"The subnet '{subnet_id}' has dependencies and cannot be deleted.")
    subnet = moto(self, subnet_id)
    self.tags.pop(subnet_id, None)
    return subnet


@mend(Subnets, "create_subnet")
def answer_create_subnet(moto: Any, self: Any) -> Any:
    """A subnet made by CreateSubnet is nobody's default; moto takes the first one of a zone for it."""
    zones = {zone.name: zone.zone_id for zone in self.ec2_backend.describe_availability_zones()}
    names = {zone_id: name for name, zone_id in zones.items()}
    zone_id = self._get_param("AvailabilityZoneId")
    zone = self._get_param("AvailabilityZone") or names.get(zone_id, zone_id)
    if zone and zone not in zones:
        raise InvalidAvailabilityZoneError(zone, ", ".join(zones))
    if zone:
        self.params["AvailabilityZone"] = zone
        self.params.pop("AvailabilityZoneId", None)
    answer = moto(self)
    subnet = answer.result["Subnet"]
    subnet.default_for_az = subnet.map_public_ip_on_launch = False
    return answer


@mend(Subnets)
def modify_subnet_attribute(moto: Any, self: Any) -> EmptyResult:
    subnet_id = self._get_param("SubnetId")
    if not subnet_id:
        raise MissingParameterError("SubnetId")
    subnet = self.ec2_backend.get_subnet(subnet_id)
    for parameter, name in PLAIN.items():
        value = self._get_param(f"{parameter}.Value")
        if value is not None:
            setattr(subnet, name, value)
    for parameter, name in HOST_NAMES.items():
        value = self._get_param(parameter)
        value = value.get("Value") if isinstance(value, dict) else value
        if value is not None:
            subnet.private_dns_name_options_on_launch[name] = value
    return EmptyResult()
