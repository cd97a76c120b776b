"""Public addresses that answer: `allocate` draws from the pool that this machine can reach."""

from collections.abc import Callable
from typing import Any

from moto.ec2.models import elastic_ip_addresses as eips
from moto.ec2.models import elastic_network_interfaces as enis
from moto.ec2.models.elastic_network_interfaces import NetworkInterface
from moto.ec2.utils import random_public_ip

from localcloud.ec2 import lifecycle
from localcloud.ec2.mend import mend

allocate: Callable[[], str] = random_public_ip


def taken() -> set[str]:
    """Every public address that an interface or an Elastic IP holds, in any account and region."""
    held = set()
    for backend in lifecycle.backends():
        held |= {eni.public_ip for eni in list(backend.enis.values()) if eni.public_ip}
        held |= {address.public_ip for address in backend.addresses}
    return held


@mend(eips)
def random_ip(moto: Any) -> str:
    return allocate()


@mend(enis, "random_public_ip")
def _random_public_ip(moto: Any) -> str:
    return allocate()


def elastic(eni: NetworkInterface) -> str | None:
    """The Elastic IP that is associated with this interface."""
    for address in eni.ec2_backend.addresses:
        if address.eni is not None and address.eni.id == eni.id:
            return str(address.public_ip)
    return None


@mend(NetworkInterface)
def stop(moto: Any, self: NetworkInterface) -> None:
    """An Elastic IP stays with a stopped instance; the address that EC2 gave goes."""
    self.public_ip = elastic(self)


@mend(NetworkInterface)
def start(moto: Any, self: NetworkInterface) -> None:
    self.public_ip = elastic(self)
    if not self.public_ip:
        moto(self)
