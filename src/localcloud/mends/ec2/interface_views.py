"""What EC2 tells of an interface: each of its addresses with the public one before it, names, and filters."""

from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.models.elastic_network_interfaces import NetworkInterface
from moto.ec2.responses.elastic_network_interfaces import ElasticNetworkInterfaces

from localcloud.mends.ec2.filters import teach
from localcloud.mends.ec2.private_addresses import addresses_of
from localcloud.mends.mend import mend


def elastic_of(eni: Any, private_ip: str | None = None) -> Any:
    """The Elastic IP before one of the interface's addresses (the primary one unless named), or None."""
    private_ip = private_ip or eni.private_ip_address
    for address in eni.ec2_backend.addresses:
        if address.eni is not None and address.eni.id == eni.id and address.private_ip_address == private_ip:
            return address
    return None


def let_go(backend: Any, eni: Any, private_ip: str | None = None) -> None:
    """Disassociate the Elastic IPs of an interface that goes, or of one of its addresses."""
    for address in list(backend.addresses):
        if address.eni is None or address.eni.id != eni.id:
            continue
        if private_ip in (None, address.private_ip_address):
            address.eni = address.instance = address.association_id = None
            if eni.public_ip == address.public_ip:
                eni.public_ip = None


def public_name(region: str, address: str) -> str:
    zone = "compute-1" if region == "us-east-1" else f"{region}.compute"
    return f"ec2-{address.replace('.', '-')}.{zone}.amazonaws.com"


def private_name(region: str, address: str) -> str:
    zone = "ec2.internal" if region == "us-east-1" else f"{region}.compute.internal"
    return f"ip-{address.replace('.', '-')}.{zone}"


def association(eni: Any, private_ip: str | None = None) -> dict[str, Any]:
    """Under moto's keys, which its filters of instances read too."""
    elastic = elastic_of(eni, private_ip)
    primary = private_ip in (None, eni.private_ip_address)
    public_ip = elastic.public_ip if elastic else (eni.public_ip if primary else None)
    if not public_ip:
        return {}
    region, account = eni.ec2_backend.region_name, eni.ec2_backend.account_id
    told = {"publicIp": public_ip, "publicDnsName": public_name(region, public_ip)}
    if not elastic:
        return told | {"ipOwnerId": "amazon"}
    ids = {"allocationId": elastic.allocation_id, "associationId": elastic.association_id}
    return told | ids | {"ipOwnerId": account}


def addresses(eni: Any) -> list[dict[str, Any]]:
    told = []
    for address in addresses_of(eni):
        item: dict[str, Any] = {"PrivateIpAddress": address, "Primary": address == eni.private_ip_address}
        if eni.ec2_backend.get_vpc(eni.vpc_id).enable_dns_hostnames:
            item["PrivateDnsName"] = private_name(eni.ec2_backend.region_name, address)
        if before := association(eni, address):
            item["Association"] = before
        told.append(item)
    return told


def _zone_id(eni: Any) -> str:
    return str(eni.subnet.availability_zone_id)


# In place of moto's properties, or read by its serializer beside them.
NetworkInterface.association = property(association)  # type: ignore[method-assign,assignment]
NetworkInterface.instance_private_ip_address_list = property(addresses)  # type: ignore[method-assign,assignment]
NetworkInterface.network_interface_private_ip_address_list = property(addresses)  # type: ignore[attr-defined]
NetworkInterface.availability_zone_id = property(_zone_id)  # type: ignore[attr-defined]


def _of_attachment(name: str) -> Any:
    return lambda eni: getattr(eni.attachment, name) if eni.attachment else None


def _of_association(name: str) -> Any:
    return lambda eni: association(eni).get(name)


def _of_associations(name: str) -> Any:
    return lambda eni: [item.get("Association", {}).get(name) for item in addresses(eni)]


teach(
    NetworkInterface,
    {
        "addresses.association.allocation-id": _of_associations("allocationId"),
        "addresses.association.association-id": _of_associations("associationId"),
        "addresses.association.owner-id": _of_associations("ipOwnerId"),
        "addresses.association.public-ip": _of_associations("publicIp"),
        "addresses.primary": lambda eni: [item["Primary"] for item in addresses(eni)],
        "addresses.private-ip-address": addresses_of,
        "association.allocation-id": _of_association("allocationId"),
        "association.association-id": _of_association("associationId"),
        "association.ip-owner-id": _of_association("ipOwnerId"),
        "association.public-dns-name": _of_association("publicDnsName"),
        "association.public-ip": _of_association("publicIp"),
        "attachment.attach-time": _of_attachment("attach_time"),
        "attachment.delete-on-termination": lambda eni: bool(eni.attachment and eni.delete_on_termination),
        "attachment.device-index": _of_attachment("device_index"),
        "attachment.instance-owner-id": _of_attachment("instance_owner_id"),
        "attachment.network-card-index": _of_attachment("network_card_index"),
        "attachment.status": lambda eni: "attached" if eni.attachment else "detached",
        "availability-zone-id": _zone_id,
        "group-name": lambda eni: [group.name for group in eni.group_set],
        "ipv6-addresses.ipv6-address": lambda eni: eni.ipv6_addresses,
        "private-dns-name": lambda eni: private_name(eni.ec2_backend.region_name, eni.private_ip_address),
        "private-ip-address": addresses_of,
    },
)


@mend(ElasticNetworkInterfaces, "describe_network_interface_attribute")
def answer_describe_network_interface_attribute(moto: Any, self: Any) -> Any:
    if self._get_param("Attribute") == "associatePublicIpAddress":
        eni = self.ec2_backend.get_network_interface(self._get_param("NetworkInterfaceId"))
        return ActionResult({"NetworkInterfaceId": eni.id, "AssociatePublicIpAddress": bool(eni.public_ip_auto_assign)})
    return moto(self)
