"""Elastic IPs: each is at one place at a time, and at none once that place is gone."""

from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.exceptions import (
    EC2ClientError,
    InvalidAddressError,
    InvalidParameterValue,
)
from moto.ec2.models import ec2_backends
from moto.ec2.models.elastic_ip_addresses import ElasticAddress, ElasticAddressBackend
from moto.ec2.responses.elastic_ip_addresses import ElasticIPAddresses
from moto.ec2.utils import random_eip_association_id

from localcloud.mends.ec2.filters import teach
from localcloud.mends.ec2.interface_views import elastic_of
from localcloud.mends.ec2.private_addresses import addresses_of
from localcloud.mends.mend import mend


def instance_of(address: Any) -> Any:
    """The instance is wherever the interface is now, not where it was when the two were associated."""
    return address.eni.instance if address.eni is not None else None


def private_ip_of(address: Any) -> str | None:
    if address.eni is None:
        return None
    chosen: str | None = getattr(address, "private_ip", None)
    return chosen if chosen in addresses_of(address.eni) else address.eni.private_ip_address


def _instance_id(address: Any) -> str | None:
    instance = instance_of(address)
    return instance.id if instance else None


ElasticAddress.instance_id = property(_instance_id)  # type: ignore[method-assign,assignment]
ElasticAddress.private_ip_address = property(private_ip_of)  # type: ignore[method-assign,assignment]
# Nothing, where moto says "": a client takes an empty id for an id.
ElasticAddress.network_interface_id = property(  # type: ignore[method-assign,assignment]
    lambda address: address.eni.id if address.eni is not None else None
)
ElasticAddress.network_border_group = property(lambda address: address.ec2_backend.region_name)  # type: ignore[attr-defined]
ElasticAddress.public_ipv4_pool = "amazon"  # type: ignore[attr-defined]
ElasticAddress.ptr_record = None  # type: ignore[attr-defined]

teach(
    ElasticAddress,
    {
        "instance-id": _instance_id,
        "network-interface-owner-id": lambda address: address.network_interface_owner_id,
        "private-ip-address": private_ip_of,
    },
)


def in_use(public_ip: str) -> EC2ClientError:
    return EC2ClientError("InvalidIPAddress.InUse", f"Address {public_ip} is in use.")


def unknown_allocation(allocation_id: str) -> EC2ClientError:
    return EC2ClientError("InvalidAllocationID.NotFound", f"The allocation ID '{allocation_id}' does not exist")


@mend(ElasticAddressBackend)
def allocate_address(
    moto: Any, self: Any, domain: str | None, address: str | None = None, tags: dict[str, str] | None = None
) -> Any:
    """EC2-Classic is gone: every address is a VPC's. One address cannot be allocated twice."""
    if address:
        backends: list[Any] = [backend for _, _, backend in ec2_backends.iter_backends()]
        held = {each.public_ip for backend in backends for each in backend.addresses}
        if address in held:
            raise in_use(address)
    return moto(self, "vpc", address, tags)


@mend(ElasticAddressBackend)
def address_by_allocation(moto: Any, self: Any, allocation_ids: list[str]) -> Any:
    known = {address.allocation_id for address in self.addresses}
    for allocation_id in allocation_ids:
        if allocation_id not in known:
            raise unknown_allocation(allocation_id)
    return moto(self, allocation_ids)


@mend(ElasticAddressBackend)
def describe_addresses(
    moto: Any,
    self: Any,
    allocation_ids: list[str] | None = None,
    public_ips: list[str] | None = None,
    filters: Any = None,
) -> Any:
    if allocation_ids:
        self.address_by_allocation(allocation_ids)
    for public_ip in public_ips or []:
        if not any(address.public_ip == public_ip for address in self.addresses):
            raise InvalidAddressError(public_ip)
    return moto(self, allocation_ids, public_ips, filters)


@mend(ElasticAddressBackend)
def associate_address(
    moto: Any,
    self: Any,
    instance: Any = None,
    eni: Any = None,
    address: str | None = None,
    allocation_id: str | None = None,
    reassociate: bool = False,
    private_ip: str | None = None,
) -> Any:
    found = self.address_by_ip([address]) if address else self.address_by_allocation([allocation_id])
    elastic, target = found[0], eni or _first_interface(instance)
    private_ip = private_ip or target.private_ip_address
    if private_ip not in addresses_of(target):
        raise InvalidParameterValue(f"The private IP address {private_ip} is not assigned to interface {target.id}")
    if elastic.eni is target and elastic.private_ip_address == private_ip:
        return elastic
    if elastic.eni is not None:
        if not reassociate:
            raise already_associated(elastic.allocation_id, elastic.association_id)
        self.disassociate_address(address=elastic.public_ip)
    before = elastic_of(target, private_ip)
    if before:
        self.disassociate_address(address=before.public_ip)
    elastic.eni, elastic.instance, elastic.private_ip = target, target.instance, private_ip
    elastic.association_id = random_eip_association_id()
    if private_ip == target.private_ip_address:
        target.public_ip = elastic.public_ip
    return elastic


def _first_interface(instance: Any) -> Any:
    if instance.state in ("shutting-down", "terminated"):
        raise EC2ClientError(
            "InvalidInstanceID", f"The instance '{instance.id}' is not in a valid state for this operation."
        )
    return instance.nics[0]


def already_associated(resource: str, association_id: str) -> EC2ClientError:
    return EC2ClientError(
        "Resource.AlreadyAssociated", f"resource {resource} is already associated with associate-id {association_id}"
    )


@mend(ElasticAddressBackend)
def disassociate_address(moto: Any, self: Any, address: str | None = None, association_id: str | None = None) -> None:
    """An instance that was given a public address at launch is given one again; a secondary address has none."""
    found = self.address_by_ip([address]) if address else self.address_by_association([association_id])
    elastic = found[0]
    if elastic.eni is not None and elastic.private_ip_address != elastic.eni.private_ip_address:
        elastic.eni = elastic.instance = elastic.association_id = None
        return
    moto(self, elastic.public_ip)


@mend(ElasticAddressBackend)
def release_address(moto: Any, self: Any, address: str | None = None, allocation_id: str | None = None) -> None:
    found = self.address_by_ip([address]) if address else self.address_by_allocation([allocation_id])
    elastic = found[0]
    if elastic.eni is not None:
        raise in_use(elastic.public_ip)
    moto(self, elastic.public_ip)
    self.tags.pop(elastic.id, None)


@mend(ElasticIPAddresses, "allocate_address")
def answer_allocate_address(moto: Any, self: Any) -> ActionResult:
    answer = moto(self)
    places = {"PublicIpv4Pool": "amazon", "NetworkBorderGroup": self.region}
    return ActionResult(answer.result | places)


@mend(ElasticIPAddresses, "associate_address")
def answer_associate_address(moto: Any, self: Any) -> ActionResult:
    self.error_on_dryrun()
    backend, params = self.ec2_backend, self._get_params()
    if "AllocationId" not in params and "PublicIp" not in params:
        backend.raise_error("MissingParameter", "Either 'AllocationId' or 'PublicIp' must be specified.")
    if "InstanceId" not in params and "NetworkInterfaceId" not in params:
        backend.raise_error("MissingParameter", "Either 'InstanceId' or 'NetworkInterfaceId' must be specified.")
    eni = params.get("NetworkInterfaceId")
    elastic = backend.associate_address(
        instance=None if eni else backend.get_instance(params["InstanceId"]),
        eni=backend.get_network_interface(eni) if eni else None,
        address=params.get("PublicIp"),
        allocation_id=params.get("AllocationId"),
        # Who says nothing moves the address; only a plain "no" refuses to.
        reassociate=params.get("AllowReassociation", True),
        private_ip=params.get("PrivateIpAddress"),
    )
    return ActionResult({"AssociationId": elastic.association_id})


@mend(ElasticIPAddresses)
def modify_address_attribute(moto: Any, self: Any) -> ActionResult:
    return _name_address(self, self._get_param("DomainName"))


@mend(ElasticIPAddresses)
def reset_address_attribute(moto: Any, self: Any) -> ActionResult:
    return _name_address(self, None)


def _name_address(response: Any, name: str | None) -> ActionResult:
    response.error_on_dryrun()
    elastic = response.ec2_backend.address_by_allocation([response._get_param("AllocationId")])[0]
    # EC2 tells names with the dot of the root.
    elastic.ptr_record = f"{name.rstrip('.')}." if name else None
    return ActionResult({"Address": elastic})
