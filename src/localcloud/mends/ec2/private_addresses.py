"""Private addresses: drawn from the subnet, free, and refused in EC2's words when they are neither.

moto draws any address of the block (the network's own and the broadcast address too), gives one address twice, and
after a restart hands out those that EC2 keeps for itself.
"""

from collections.abc import Iterator
from ipaddress import ip_address
from itertools import islice
from typing import Any

from moto.ec2.exceptions import EC2ClientError, InvalidParameterValue
from moto.ec2.models.subnets import Subnet

from localcloud.mends.mend import mend

# The first addresses after the network's own are EC2's: router, name server, and one for later.
KEPT_BY_EC2 = 3


def addresses_of(eni: Any) -> list[str]:
    return [item["PrivateIpAddress"] for item in eni.private_ip_addresses]


def holder(subnet: Any, address: str) -> Any:
    """The interface that has this address in the subnet, or None."""
    for eni in subnet.ec2_backend.enis.values():
        if eni.subnet.id == subnet.id and address in addresses_of(eni):
            return eni
    return None


def in_subnet(subnet: Any, address: str) -> bool:
    place = int(ip_address(address)) - int(subnet.cidr.network_address)
    within: bool = KEPT_BY_EC2 < place < subnet.cidr.num_addresses - 1
    return within


def refuse_unless_free(subnet: Any, address: str) -> None:
    try:
        ip_address(address)
    except ValueError as error:
        raise InvalidParameterValue(f"invalid value for parameter address: {address}") from error
    if not in_subnet(subnet, address):
        raise InvalidParameterValue("Address does not fall within the subnet's address range")
    if holder(subnet, address):
        raise EC2ClientError("InvalidIPAddress.InUse", f"Address {address} is in use.")


def free_addresses(subnet: Any) -> Iterator[str]:
    """Those never used come first: a machine's old address is not at once another's."""
    taken = set(subnet._subnet_ips)
    for eni in subnet.ec2_backend.enis.values():
        if eni.subnet.id == subnet.id:
            taken.update(addresses_of(eni))
    used_before = []
    for host in islice(subnet.cidr.hosts(), KEPT_BY_EC2, None):
        address = str(host)
        if host in subnet._reserved_ips or address in taken:
            continue
        if address in subnet._unused_ips:
            used_before.append(address)
        else:
            yield address
    yield from used_before


def draw(subnet: Any, count: int, beside: tuple[str, ...] = ()) -> list[str]:
    drawn = list(islice((a for a in free_addresses(subnet) if a not in beside), count))
    if len(drawn) < count:
        raise EC2ClientError(
            "InsufficientFreeAddressesInSubnet",
            f"The specified subnet {subnet.id} does not have enough free addresses to satisfy the request.",
        )
    return drawn


@mend(Subnet)
def get_available_subnet_ip(moto: Any, self: Any, instance: Any) -> str:
    address = draw(self, 1)[0]
    self._unused_ips.discard(address)
    self._subnet_ips[address] = instance
    return address


@mend(Subnet)
def request_ip(moto: Any, self: Any, ip: str, instance: Any) -> None:
    refuse_unless_free(self, ip)
    if ip in self._subnet_ips:
        raise EC2ClientError("InvalidIPAddress.InUse", f"Address {ip} is in use.")
    moto(self, ip, instance)
