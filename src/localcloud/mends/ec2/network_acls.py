"""Network ACLs: every ACL ends in AWS's own refusal, ICMP rules keep their type, and what is not there is said."""

from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.exceptions import EC2ClientError, InvalidAssociationIdError, InvalidNetworkAclIdError
from moto.ec2.models.network_acls import NetworkAcl, NetworkAclBackend
from moto.ec2.responses import EC2Response

from localcloud.mends.ec2.filters import teach
from localcloud.mends.mend import mend

LAST_RULE = 32767

teach(
    NetworkAcl,
    {
        "entry.icmp.code": lambda acl: [entry.icmp_code for entry in acl.entries],
        "entry.icmp.type": lambda acl: [entry.icmp_type for entry in acl.entries],
        "entry.ipv6-cidr": lambda acl: [entry.ipv6_cidr_block for entry in acl.entries],
        "entry.port-range.from": lambda acl: [entry.port_range_from for entry in acl.entries],
        "entry.port-range.to": lambda acl: [entry.port_range_to for entry in acl.entries],
        "network-acl-id": lambda acl: acl.id,
    },
)


def _read_icmp(action: str) -> None:
    @mend(EC2Response, action)
    def with_icmp(moto: Any, self: Any) -> ActionResult:
        """moto looks for the type and code under the name that they have on the wire, and drops them."""
        self.params["Icmp"] = self._get_param("IcmpTypeCode")
        answer: ActionResult = moto(self)
        return answer


_read_icmp("create_network_acl_entry")
_read_icmp("replace_network_acl_entry")


@mend(NetworkAclBackend)
def create_network_acl(
    moto: Any, self: Any, vpc_id: str, tags: list[dict[str, str]] | None = None, default: bool = False
) -> NetworkAcl:
    """What no rule allows is refused, by a rule that is told with the others; moto gives it to default ACLs only."""
    acl: NetworkAcl = moto(self, vpc_id, tags, default)
    for egress in () if default else (True, False):
        self.create_network_acl_entry(
            network_acl_id=acl.id,
            rule_number=LAST_RULE,
            protocol="-1",
            rule_action="deny",
            egress=egress,
            cidr_block="0.0.0.0/0",
            icmp_code=None,
            icmp_type=None,
            port_range_from=None,
            port_range_to=None,
            ipv6_cidr_block=None,
        )
    return acl


@mend(NetworkAclBackend)
def delete_network_acl_entry(moto: Any, self: Any, network_acl_id: str, rule_number: int, egress: bool) -> Any:
    acl = self.get_network_acl(network_acl_id)
    if not any(entry.egress == egress and entry.rule_number == rule_number for entry in acl.entries):
        side = "egress" if egress else "ingress"
        raise EC2ClientError(
            "InvalidNetworkAclEntry.NotFound",
            f"The {side} entry with rule number '{rule_number}' does not exist in network ACL '{network_acl_id}'",
        )
    return moto(self, network_acl_id, rule_number, egress)


@mend(NetworkAclBackend)
def replace_network_acl_association(moto: Any, self: Any, association_id: str, network_acl_id: str) -> Any:
    self.get_network_acl(network_acl_id)
    if not any(association_id in acl._associations for acl in self.network_acls.values()):
        raise InvalidAssociationIdError(association_id)
    return moto(self, association_id, network_acl_id)


@mend(NetworkAclBackend)
def describe_network_acls(
    moto: Any, self: Any, network_acl_ids: list[str] | None = None, filters: Any = None
) -> list[NetworkAcl]:
    for wanted in network_acl_ids or []:
        if wanted not in self.network_acls:
            raise InvalidNetworkAclIdError(wanted)
    found: list[NetworkAcl] = moto(self, network_acl_ids, filters)
    return found
