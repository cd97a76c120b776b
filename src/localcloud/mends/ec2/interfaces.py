"""Network interfaces: their addresses, their groups, and what may be attached, detached and deleted when."""

from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.ec2.exceptions import (
    EC2ClientError,
    InvalidNetworkAttachmentIdError,
    InvalidParameterValue,
    InvalidSecurityGroupNotFoundError,
    LastEniDetachError,
)
from moto.ec2.models.elastic_network_interfaces import NetworkInterface, NetworkInterfaceBackend
from moto.ec2.models.instances import Instance
from moto.ec2.responses.elastic_network_interfaces import ElasticNetworkInterfaces

from localcloud.mends.ec2.interface_views import let_go
from localcloud.mends.ec2.private_addresses import addresses_of, draw, holder, in_subnet, refuse_unless_free
from localcloud.mends.mend import mend

# moto adds the instance's groups to those of each interface, so that none can be taken away or differ.
NetworkInterface.group_set = property(lambda eni: eni._group_set)  # type: ignore[method-assign,assignment]


@mend(NetworkInterfaceBackend)
def create_network_interface(
    moto: Any,
    self: Any,
    subnet: Any,
    private_ip_address: str | list[str] | None,
    private_ip_addresses: list[Any] | None = None,
    *rest: Any,
    **kwargs: Any,
) -> Any:
    subnet = self.get_subnet(subnet) if isinstance(subnet, str) else subnet
    primary, secondary = _wanted(private_ip_address, private_ip_addresses or [])
    # moto draws any 10.x address for an instance that is launched without naming a subnet.
    if primary and not in_subnet(subnet, primary):
        primary = None
    for address in [primary, *secondary] if primary else secondary:
        if holder(subnet, address):
            raise EC2ClientError("InvalidIPAddress.InUse", f"Address {address} is in use.")
    count = int(kwargs.pop("secondary_ips_count", None) or 0)
    drawn = draw(subnet, count + (not primary), (primary or "", *secondary))
    if not primary:
        primary = drawn.pop(0)
    listed = [{"Primary": address == primary, "PrivateIpAddress": address} for address in (primary, *secondary, *drawn)]
    return moto(self, subnet, primary, listed, *rest, **kwargs)


def _wanted(one: str | list[str] | None, listed: list[Any]) -> tuple[str | None, list[str]]:
    """The primary address asked for, in whichever of EC2's ways, and the secondary ones."""
    items: list[Any] = [
        {"PrivateIpAddress": item, "Primary": False} if isinstance(item, str) else item for item in listed
    ]
    given = one if isinstance(one, str) else next(iter(one or []), None)
    primary: str | None = given or next((item["PrivateIpAddress"] for item in items if item.get("Primary")), None)
    return primary, [item["PrivateIpAddress"] for item in items if item["PrivateIpAddress"] != primary]


@mend(NetworkInterfaceBackend)
def delete_network_interface(moto: Any, self: Any, eni_id: str) -> None:
    eni = self.get_network_interface(eni_id)
    let_go(self, eni)
    moto(self, eni_id)
    for address in addresses_of(eni):
        eni.subnet.del_subnet_ip(address)
    self.tags.pop(eni_id, None)


@mend(NetworkInterfaceBackend)
def attach_network_interface(moto: Any, self: Any, eni_id: str, instance_id: str, device_index: int) -> Any:
    eni, instance = self.get_network_interface(eni_id), self.get_instance(instance_id)
    if eni.instance:
        raise EC2ClientError("InvalidNetworkInterface.InUse", f"Interface: [{eni_id}] in use.")
    if int(device_index) in instance.nics:
        raise InvalidParameterValue(
            f"Instance '{instance_id}' already has an interface attached at device index '{device_index}'."
        )
    if eni.availability_zone != instance.availability_zone:
        raise EC2ClientError(
            "InvalidParameterCombination",
            "You may not attach a network interface to an instance if they are not in the same availability zone",
        )
    eni.delete_on_termination = False
    return moto(self, eni_id, instance_id, device_index)


@mend(NetworkInterfaceBackend)
def detach_network_interface(moto: Any, self: Any, attachment_id: str) -> None:
    eni = next((eni for eni in self.enis.values() if attachment_id and eni.attachment_id == attachment_id), None)
    if eni is None or eni.instance is None:
        raise InvalidNetworkAttachmentIdError(attachment_id)
    if eni.device_index == 0:
        raise LastEniDetachError
    eni.delete_on_termination = False
    eni.instance.detach_eni(eni)


@mend(NetworkInterfaceBackend)
def modify_network_interface_attribute(
    moto: Any,
    self: Any,
    eni_id: str,
    group_ids: list[str],
    source_dest_check: bool | None = None,
    description: str | None = None,
) -> None:
    known_groups(self, group_ids)
    moto(self, eni_id, group_ids, source_dest_check, description)
    eni = self.get_network_interface(eni_id)
    if description is not None:
        eni.description = description
    # An instance's own groups and check are those of its first interface.
    if eni.instance and eni.device_index == 0:
        if group_ids:
            eni.instance.security_groups = list(eni._group_set)
        if source_dest_check is not None:
            eni.instance.source_dest_check = source_dest_check


def known_groups(backend: Any, group_ids: list[str]) -> None:
    for group_id in group_ids:
        if not backend.get_security_group_from_id(group_id):
            raise InvalidSecurityGroupNotFoundError(group_id)


@mend(Instance)
def teardown_defaults(moto: Any, self: Any) -> None:
    """At an instance's real end, an interface that outlives it becomes available again, with its addresses."""
    moto(self)
    for eni in self.nics.values():
        if eni.id in self.ec2_backend.enis and eni.instance is self:
            eni.instance = eni.attachment_id = eni.attach_time = eni.device_index = None
            eni.status = "available"


@mend(ElasticNetworkInterfaces, "create_network_interface")
def answer_create_network_interface(moto: Any, self: Any) -> Any:
    subnet = self.ec2_backend.get_subnet(self._get_param("SubnetId"))
    known_groups(self.ec2_backend, self._get_param("Groups", []))
    asked = [item["PrivateIpAddress"] for item in self._get_param("PrivateIpAddresses", [])]
    for address in {*asked, self._get_param("PrivateIpAddress")} - {None}:
        refuse_unless_free(subnet, address)
    return moto(self)


@mend(ElasticNetworkInterfaces, "delete_network_interface")
def answer_delete_network_interface(moto: Any, self: Any) -> Any:
    """Refused here and not in the backend, by which a terminated instance's interfaces go too."""
    eni = self.ec2_backend.get_network_interface(self._get_param("NetworkInterfaceId"))
    # A NAT gateway's interface is in use without an instance.
    if eni.instance or eni.status == "in-use":
        raise InvalidParameterValue(f"Network interface '{eni.id}' is currently in use.")
    return moto(self)


@mend(ElasticNetworkInterfaces, "modify_network_interface_attribute")
def answer_modify_network_interface_attribute(moto: Any, self: Any) -> Any:
    eni = self.ec2_backend.get_network_interface(self._get_param("NetworkInterfaceId"))
    attachment = self._get_param("Attachment", {})
    if attachment and attachment.get("AttachmentId") != eni.attachment_id:
        raise InvalidNetworkAttachmentIdError(attachment.get("AttachmentId"))
    answer = moto(self)
    if attachment.get("DeleteOnTermination") is not None:
        eni.delete_on_termination = attachment["DeleteOnTermination"]
    return answer


@mend(ElasticNetworkInterfaces)
def reset_network_interface_attribute(moto: Any, self: Any) -> EmptyResult:
    self.error_on_dryrun()
    eni_id = self._get_param("NetworkInterfaceId")
    self.ec2_backend.modify_network_interface_attribute(eni_id, [], source_dest_check=True)
    return EmptyResult()


@mend(ElasticNetworkInterfaces)
def assign_private_ip_addresses(moto: Any, self: Any) -> ActionResult:
    """Answers what was assigned now; moto answers all that the interface has."""
    eni = self.ec2_backend.get_network_interface(self._get_param("NetworkInterfaceId"))
    asked = [address for address in self._get_param("PrivateIpAddresses", []) if address not in addresses_of(eni)]
    for address in asked:
        other = holder(eni.subnet, address)
        if other and self._get_param("AllowReassignment") and address != other.private_ip_address:
            self.ec2_backend.unassign_private_ip_addresses(other.id, [address])
        refuse_unless_free(eni.subnet, address)
    asked += draw(eni.subnet, self._get_int_param("SecondaryPrivateIpAddressCount", 0), tuple(asked))
    eni.private_ip_addresses += [{"Primary": False, "PrivateIpAddress": address} for address in asked]
    assigned = [{"PrivateIpAddress": address} for address in asked]
    return ActionResult({"NetworkInterfaceId": eni.id, "AssignedPrivateIpAddresses": assigned})


@mend(ElasticNetworkInterfaces, "unassign_private_ip_addresses")
def answer_unassign_private_ip_addresses(moto: Any, self: Any) -> Any:
    eni = self.ec2_backend.get_network_interface(self._get_param("NetworkInterfaceId"))
    asked = self._get_param("PrivateIpAddresses", [])
    if eni.private_ip_address in asked:
        raise InvalidParameterValue(f"The primary private IP address {eni.private_ip_address} cannot be unassigned.")
    if set(asked) - set(addresses_of(eni)):
        raise InvalidParameterValue(f"Some of [{', '.join(asked)}] are not assigned to interface {eni.id}")
    for address in asked:
        let_go(self.ec2_backend, eni, address)
    return moto(self)
