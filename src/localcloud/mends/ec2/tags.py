"""CreateTags on every kind of resource, and no tags on what does not exist."""

from typing import Any

from moto.ec2 import utils
from moto.ec2.exceptions import (
    EC2ClientError,
    InvalidNetworkInterfaceIdError,
    InvalidSecurityGroupRuleIdNotFoundError,
)
from moto.ec2.models import EC2Backend

from localcloud.mends.mend import mend

# Kinds that EC2's tags call otherwise than moto does.
utils.EC2_PREFIX_TO_RESOURCE |= {
    "eipalloc": "elastic-ip",
    "fl": "vpc-flow-log",
    "h": "dedicated-host",
    "nat": "natgateway",
    "pl": "prefix-list",
    "sir": "spot-instances-request",
    "uuid4": "reserved-instances",
}


def _missing(code: str, words: str) -> Any:
    return lambda resource_id: EC2ClientError(code, words.format(resource_id))


# Kinds that moto tags without asking whether the resource exists: where they are kept, and EC2's words for none.
UNASKED: dict[str, tuple[str, Any]] = {
    "acl": ("network_acls", _missing("InvalidNetworkAclID.NotFound", "The networkAcl ID '{}' does not exist")),
    "eigw": (
        "egress_only_internet_gateways",
        _missing("InvalidGatewayID.NotFound", "The eigw ID '{}' does not exist"),
    ),
    "eni": ("enis", InvalidNetworkInterfaceIdError),
    "fl": ("flow_logs", _missing("InvalidFlowLogId.NotFound", "The flow log ID '{}' does not exist")),
    "nat": ("nat_gateways", _missing("NatGatewayNotFound", "The Nat Gateway {} does not exist")),
    "pl": ("managed_prefix_lists", _missing("InvalidPrefixListID.NotFound", "The prefix list ID '{}' does not exist")),
    "tgw": ("transit_gateways", _missing("InvalidTransitGatewayID.NotFound", "Transit Gateway {} does not exist.")),
    "vpce": ("vpc_end_points", _missing("InvalidVpcEndpointId.NotFound", "The Vpc Endpoint Id '{}' does not exist")),
}


@mend(EC2Backend)
def do_resources_exist(moto: Any, self: Any, resource_ids: list[str]) -> bool:
    others = []
    for resource_id in resource_ids:
        prefix, rest = resource_id.partition("-")[::2]
        if prefix in UNASKED and rest.isalnum():
            place, missing = UNASKED[prefix]
            if resource_id not in getattr(self, place):
                raise missing(resource_id)
        elif prefix == "eipalloc":
            self.address_by_allocation([resource_id])
        elif prefix == "sgr":
            _rule_exists(self, resource_id)
        elif prefix == "key":
            _key_exists(self, resource_id)
        elif prefix == "i" and self.get_instance_by_id(resource_id) is None:
            # moto's own look-up answers None, and the tag is then kept for nothing.
            self.get_instance(resource_id)
        else:
            others.append(resource_id)
    return bool(moto(self, others))


def _rule_exists(backend: Any, rule_id: str) -> None:
    for groups in backend.groups.values():
        for group in groups.values():
            if any(rule.id == rule_id for rule in [*group.ingress_rules, *group.egress_rules]):
                return
    raise InvalidSecurityGroupRuleIdNotFoundError(rule_id)


def _key_exists(backend: Any, key_id: str) -> None:
    if not any(key.id == key_id for key in backend.key_pairs.values()):
        raise EC2ClientError("InvalidKeyPair.NotFound", f"The key pair ID '{key_id}' does not exist")
