"""Public addresses that answer: `allocate` draws from the pool that this machine can reach."""

from collections.abc import Callable
from typing import Any

from moto.ec2.models import elastic_ip_addresses as eips
from moto.ec2.models import elastic_network_interfaces as enis
from moto.ec2.models.elastic_network_interfaces import NetworkInterface
from moto.ec2.utils import random_public_ip

from localcloud.mends.ec2 import lifecycle
from localcloud.mends.ec2.interface_views import elastic_of
from localcloud.mends.mend import mend

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


@mend(NetworkInterface)
def stop(moto: Any, self: NetworkInterface) -> None:
    """An Elastic IP stays with a stopped instance; the address that EC2 gave goes."""
    elastic = elastic_of(self)
    self.public_ip = elastic.public_ip if elastic else None


@mend(NetworkInterface)
def start(moto: Any, self: NetworkInterface) -> None:
    elastic = elastic_of(self)
    self.public_ip = elastic.public_ip if elastic else None
    if not elastic:
        moto(self)
