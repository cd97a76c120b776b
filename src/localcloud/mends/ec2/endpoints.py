"""VPC endpoints: deleted ones are gone, unknown ones are named in the answer, and a gateway has no private DNS."""

import json
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.models.vpcs import VPCBackend, VPCEndPoint
from moto.ec2.responses import EC2Response

from localcloud.mends.mend import mend


@mend(VPCBackend)
def create_vpc_endpoint(moto: Any, self: Any, **wanted: Any) -> Any:
    wanted["endpoint_type"] = wanted["endpoint_type"] or "Gateway"
    if wanted["endpoint_type"] == "Interface":
        wanted["security_group_ids"] = wanted["security_group_ids"] or [
            group.id for group in self.groups[wanted["vpc_id"]].values() if group.name == "default"
        ]
    else:
        wanted["private_dns_enabled"] = False
    return moto(self, **wanted)


@mend(EC2Response)
def modify_vpc_endpoint(moto: Any, self: Any) -> ActionResult:
    # moto drops these two, and answers HTTP 500 to an endpoint that is not there.
    endpoint = self.ec2_backend.get_vpc_end_point(self._get_param("VpcEndpointId"))
    answer: ActionResult = moto(self)
    if self._get_param("PrivateDnsEnabled") is not None:
        endpoint.private_dns_enabled = self._get_bool_param("PrivateDnsEnabled")
    if self._get_bool_param("ResetPolicy"):
        endpoint.policy_document = json.dumps(VPCEndPoint.DEFAULT_POLICY)
    return answer


@mend(EC2Response)
def delete_vpc_endpoints(moto: Any, self: Any) -> ActionResult:
    asked = self._get_param("VpcEndpointIds", [])
    known = [each for each in asked if each in self.ec2_backend.vpc_end_points]
    self.ec2_backend.delete_vpc_endpoints(vpce_ids=known)
    for each in known:
        # moto tells of them for ever, with their tags, and deletes their routes again when asked again.
        del self.ec2_backend.vpc_end_points[each]
        self.ec2_backend.tags.pop(each, None)
    return ActionResult(
        {
            "Unsuccessful": [
                {
                    "ResourceId": each,
                    "Error": {
                        "Code": "InvalidVpcEndpoint.NotFound",
                        "Message": f"The Vpc Endpoint Id '{each}' does not exist",
                    },
                }
                for each in asked
                if each not in known
            ]
        }
    )
