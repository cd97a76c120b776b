"""DeleteVpc refuses while something is in the VPC, and takes away only what is the VPC's own."""

from typing import Any

from moto.ec2.exceptions import DependencyViolationError, EC2ClientError
from moto.ec2.models.vpcs import VPCBackend

from localcloud.mends.mend import mend


@mend(VPCBackend)
def delete_vpc(moto: Any, self: Any, vpc_id: str) -> Any:
    vpc = self.get_vpc(vpc_id)
    if _is_used(self, vpc_id):
        raise DependencyViolationError(f"The vpc '{vpc_id}' has dependencies and cannot be deleted.")
    # moto deletes the DHCP options with the VPC, although others may use them, and asks for the deletion of the
    # default group, which is refused to everybody.
    options, vpc.dhcp_options = vpc.dhcp_options, None
    groups = self.groups.pop(vpc_id, {})
    try:
        moto(self, vpc_id)
    except EC2ClientError:
        vpc.dhcp_options = options
        self.groups[vpc_id] = groups
        raise
    self.tags.pop(vpc_id, None)
    return vpc


def _is_used(backend: Any, vpc_id: str) -> bool:
    subnets = [subnet for subnet in backend.describe_subnets() if subnet.vpc_id == vpc_id]
    gateways = [gateway for gateway in backend.internet_gateways.values() if gateway.vpc and gateway.vpc.id == vpc_id]
    groups = [group for group in backend.groups.get(vpc_id, {}).values() if group.name != "default"]
    acls = [acl for acl in backend.network_acls.values() if acl.vpc_id == vpc_id and not _is_default(acl)]
    egress = [each for each in backend.egress_only_internet_gateways.values() if each.vpc_id == vpc_id]
    return bool(subnets or gateways or groups or acls or egress)


def _is_default(acl: Any) -> bool:
    return str(acl.default).lower() == "true"
