"""DescribeVpcEndpointServices asks what AWS offers, without waking a backend of every service that moto knows.

moto makes these backends only to ask their class, and some of them cannot be stored.
"""

import hashlib
from functools import cache
from typing import Any

from moto.backends import get_backend
from moto.core.base_backend import BaseBackend
from moto.ec2.models.availability_zones_and_regions import RegionsAndZonesBackend
from moto.ec2.models.vpcs import (
    AWS_ENDPOINT_SERVICES,
    COVERED_ENDPOINT_SERVICES,
    IMPLEMENTED_ENDPOINT_SERVICES,
    VPCBackend,
)

from localcloud.mends.mend import mend


@mend(VPCBackend, "_collect_default_endpoint_services")
def collect_default_endpoint_services(moto: Any, self: Any, account_id: str, region: str) -> list[dict[str, Any]]:
    return _services(region)


@cache
def _services(region: str) -> list[dict[str, Any]]:
    zones = [zone.name for zone in RegionsAndZonesBackend.zones.get(region, [])]
    services: list[dict[str, Any]] = []
    for name in IMPLEMENTED_ENDPOINT_SERVICES:
        backends: Any = get_backend(name)  # type: ignore[call-overload]  # moto types the names as literals
        services += backends.backend.default_vpc_endpoint_service(region, zones)
    for name in AWS_ENDPOINT_SERVICES:
        if name not in COVERED_ENDPOINT_SERVICES:
            services += BaseBackend.default_vpc_endpoint_service_factory(region, zones, name)
    for service in services:
        service["ServiceId"] = _lasting_id(service)
    return services


def _lasting_id(service: dict[str, Any]) -> str:
    """The same after a restart, too: it is the token of the next page."""
    kind = service["ServiceType"][0]["ServiceType"]
    return f"vpce-svc-{hashlib.sha256((service['ServiceName'] + kind).encode()).hexdigest()[:17]}"
