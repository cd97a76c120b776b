"""What neither moto nor localcloud does is said in a sentence; moto answers HTTP 500, which clients try again."""

from typing import Any

from moto.core.responses import ActionResult
from moto.core.utils import get_service_model
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.responses import EC2Response

from localcloud.mends.mend import mend

# Kinds of which nothing can be made here: that there are none is the true answer, and tools ask in passing.
NEVER_ANY = {
    "DescribeAddressTransfers",
    "DescribeBundleTasks",
    "DescribeByoipCidrs",
    "DescribeCapacityBlocks",
    "DescribeCapacityReservationFleets",
    "DescribeCapacityReservations",
    "DescribeClassicLinkInstances",
    "DescribeClientVpnEndpoints",
    "DescribeCoipPools",
    "DescribeConversionTasks",
    "DescribeElasticGpus",
    "DescribeExportImageTasks",
    "DescribeExportTasks",
    "DescribeFastLaunchImages",
    "DescribeFastSnapshotRestores",
    "DescribeFpgaImages",
    "DescribeHostReservations",
    "DescribeImportImageTasks",
    "DescribeImportSnapshotTasks",
    "DescribeInstanceConnectEndpoints",
    "DescribeInstanceEventWindows",
    "DescribeIpamPools",
    "DescribeIpamResourceDiscoveries",
    "DescribeIpamScopes",
    "DescribeIpams",
    "DescribeIpv6Pools",
    "DescribeLocalGatewayRouteTables",
    "DescribeLocalGateways",
    "DescribeLockedSnapshots",
    "DescribeMacHosts",
    "DescribeMovingAddresses",
    "DescribeNetworkInsightsAnalyses",
    "DescribeNetworkInsightsPaths",
    "DescribeNetworkInterfacePermissions",
    "DescribePublicIpv4Pools",
    "DescribeReplaceRootVolumeTasks",
    "DescribeReservedInstances",
    "DescribeReservedInstancesListings",
    "DescribeReservedInstancesModifications",
    "DescribeRouteServers",
    "DescribeScheduledInstances",
    "DescribeSecurityGroupVpcAssociations",
    "DescribeStoreImageTasks",
    "DescribeTransitGatewayConnects",
    "DescribeTransitGatewayMulticastDomains",
    "DescribeTransitGatewayPolicyTables",
    "DescribeVerifiedAccessEndpoints",
    "DescribeVerifiedAccessGroups",
    "DescribeVerifiedAccessInstances",
    "DescribeVerifiedAccessTrustProviders",
    "DescribeVpcBlockPublicAccessExclusions",
    "DescribeVpcEndpointAssociations",
    "DescribeVpcEndpointConnectionNotifications",
    "DescribeVpcEndpointConnections",
    "ListImagesInRecycleBin",
    "ListSnapshotsInRecycleBin",
    "ListVolumesInRecycleBin",
}


@mend(EC2Response)
def call_action(moto: Any, self: Any) -> Any:
    try:
        return moto(self)
    except NotImplementedError as error:
        action = self._get_action()
        answer: Any = EC2ClientError("UnsupportedOperation", f"localcloud does not do this of EC2 ({action}): {error}")
        if action in NEVER_ANY:
            members = get_service_model("ec2").operation_model(action).output_shape.members
            answer = {name: [] for name, shape in members.items() if shape.type_name == "list"}
        status, headers, body = self.serialized(ActionResult(answer))
        headers["status"] = status
        return (status, *self._enrich_response(headers, body))
