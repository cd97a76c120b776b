"""Gateways and peerings: what was deleted lets go of what it held, and filters hold for every kind."""

from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.exceptions import EC2ClientError, InvalidTransitGatewayID
from moto.ec2.models.carrier_gateways import CarrierGateway
from moto.ec2.models.customer_gateways import CustomerGateway
from moto.ec2.models.internet_gateways import EgressOnlyInternetGateway, InternetGateway
from moto.ec2.models.nat_gateways import NatGateway, NatGatewayBackend
from moto.ec2.models.transit_gateway import TransitGateway, TransitGatewayBackend
from moto.ec2.models.transit_gateway_route_tables import TransitGatewayRouteTable
from moto.ec2.models.vpc_peering_connections import VPCPeeringConnection
from moto.ec2.responses import EC2Response
from moto.ec2.utils import generic_filter

from localcloud.mends.ec2.filters import teach
from localcloud.mends.mend import mend

# moto drops all or most filters of these: it answers everything, and they are applied to that.
FILTERED = {
    "describe_carrier_gateways": "CarrierGateways",
    "describe_customer_gateways": "CustomerGateways",
    "describe_egress_only_internet_gateways": "EgressOnlyInternetGateways",
    "describe_internet_gateways": "InternetGateways",
    "describe_nat_gateways": "NatGateways",
    "describe_transit_gateway_route_tables": "transitGatewayRouteTables",
    "describe_transit_gateways": "TransitGateways",
    "describe_vpc_peering_connections": "VpcPeeringConnections",
}


def _filtered(action: str, key: str) -> None:
    @mend(EC2Response, action)
    def describe(moto: Any, self: Any) -> ActionResult:
        filters = self._filters_from_querystring()
        for name in ("Filter", "Filters"):
            self.params.pop(name, None)
        answer = moto(self)
        return ActionResult({**answer.result, key: generic_filter(filters, answer.result[key])})


for _action, _key in FILTERED.items():
    _filtered(_action, _key)


def _id(resource: Any) -> Any:
    return resource.id


teach(CarrierGateway, {"carrier-gateway-id": _id})
teach(CustomerGateway, {"customer-gateway-id": _id})
teach(EgressOnlyInternetGateway, {"egress-only-internet-gateway-id": _id})
teach(
    InternetGateway,
    {
        "attachment.state": lambda gateway: [each["State"] for each in gateway.attachments],
        "attachment.vpc-id": lambda gateway: [each["VpcId"] for each in gateway.attachments],
        "internet-gateway-id": _id,
    },
)
teach(NatGateway, {"nat-gateway-id": _id})
teach(TransitGatewayRouteTable, {"transit-gateway-route-table-id": _id})
teach(
    TransitGateway,
    {
        "options.amazon-side-asn": lambda gateway: gateway.options.get("AmazonSideAsn"),
        "options.dns-support": lambda gateway: gateway.options.get("DnsSupport"),
        "options.vpn-ecmp-support": lambda gateway: gateway.options.get("VpnEcmpSupport"),
        "transit-gateway-id": _id,
    },
)
teach(
    VPCPeeringConnection,
    {
        "accepter-vpc-info.cidr-block": lambda peering: peering.peer_vpc.cidr_block,
        "accepter-vpc-info.owner-id": lambda peering: peering.peer_vpc.owner_id,
        "accepter-vpc-info.vpc-id": lambda peering: peering.peer_vpc.id,
        "expiration-time": lambda peering: None,
        "requester-vpc-info.cidr-block": lambda peering: peering.vpc.cidr_block,
        "requester-vpc-info.owner-id": lambda peering: peering.vpc.owner_id,
        "requester-vpc-info.vpc-id": lambda peering: peering.vpc.id,
        "status-code": lambda peering: peering.status["Code"],
        "status-message": lambda peering: peering.status["Message"],
        "vpc-peering-connection-id": _id,
    },
)


@mend(NatGateway, "__init__")
def born(moto: Any, self: Any, *rest: Any, **kwargs: Any) -> None:
    moto(self, *rest, **kwargs)
    self._eni.status, self._eni.interface_type = "in-use", "nat_gateway"
    self._eni.description, self._eni.requester_managed = f"Interface for NAT Gateway {self.id}", True


@mend(NatGatewayBackend)
def delete_nat_gateway(moto: Any, self: Any, nat_gateway_id: str) -> Any:
    """Its address is free again, and its subnet can be deleted."""
    if nat_gateway_id not in self.nat_gateways:
        raise EC2ClientError("NatGatewayNotFound", f"The Nat Gateway {nat_gateway_id} was not found")
    gateway = moto(self, nat_gateway_id)
    if gateway._eni.id in self.enis:
        self.delete_network_interface(gateway._eni.id)
    return gateway


@mend(TransitGatewayBackend)
def delete_transit_gateway(moto: Any, self: Any, transit_gateway_id: str) -> Any:
    """It is told as deleted for a while: clients wait for that."""
    if transit_gateway_id not in self.transit_gateways:
        raise InvalidTransitGatewayID(transit_gateway_id)
    gateway = self.transit_gateways[transit_gateway_id]
    gateway.state = "deleted"
    return gateway
