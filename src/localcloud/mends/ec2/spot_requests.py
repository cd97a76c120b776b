"""RequestSpotInstances launches what its specification says, all of it; moto reads a third of that."""

from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models.instances import Reservation
from moto.ec2.responses.spot_instances import SpotInstances

from localcloud.mends.ec2 import tokens
from localcloud.mends.ec2.launch import prepare
from localcloud.mends.ec2.launch_request import merged
from localcloud.mends.mend import mend

# What the request keeps of the specification; of the rest the instance itself tells.
_SHOWN = {
    "BlockDeviceMappings": "block_device_mappings",
    "EbsOptimized": "ebs_optimized",
    "IamInstanceProfile": "iam_instance_profile",
    "KernelId": "kernel_id",
    "NetworkInterfaces": "network_interfaces",
    "RamdiskId": "ramdisk_id",
}
_OF_THE_REQUEST = {
    "AvailabilityZoneGroup": "availability_zone_group",
    "LaunchGroup": "launch_group",
    "ValidFrom": "valid_from",
    "ValidUntil": "valid_until",
}


@mend(SpotInstances)
def request_spot_instances(moto: Any, self: Any) -> ActionResult:
    call = dict(self._get_params())
    specification = call.get("LaunchSpecification")
    if not specification:
        raise EC2ClientError("MissingParameter", "The request must contain the parameter launchSpecification")
    token = call.get("ClientToken") or ""
    reservation = tokens.recall(self.ec2_backend, token, call)
    if reservation is None:
        reservation = _launch(self, call, specification, int(call.get("InstanceCount") or 1))
        tokens.remember(self.ec2_backend, token, call, reservation)
    return ActionResult({"SpotInstanceRequests": _requests(self.ec2_backend, reservation)})


def _requests(backend: Any, reservation: Reservation) -> list[Any]:
    return [
        backend.spot_instance_requests[each.spot_instance_request_id]  # type: ignore[attr-defined]  # set by launch_spot
        for each in reservation.instances
    ]


def _launch(response: Any, call: dict[str, Any], specification: dict[str, Any], count: int) -> Reservation:
    backend = response.ec2_backend
    options = {
        "MaxPrice": call.get("SpotPrice"),
        "SpotInstanceType": call.get("Type"),
        "ValidUntil": call.get("ValidUntil"),
        "InstanceInterruptionBehavior": call.get("InstanceInterruptionBehavior"),
    }
    market = {"MarketType": "spot", "SpotOptions": options}
    tags = call.get("TagSpecifications", [])
    request = merged(backend, {**specification, "InstanceMarketOptions": market, "TagSpecifications": tags})
    prepare(backend, request, count, count)
    response.error_on_dryrun()
    reservation: Reservation = backend.run_instances(
        request.get("ImageId"), count, request.get("UserData"), [], request=request
    )
    for each in _requests(backend, reservation):
        for name, place in _OF_THE_REQUEST.items():
            setattr(each, place, call.get(name))
        for name, place in _SHOWN.items():
            setattr(each.launch_specification, place, specification.get(name))
    return reservation
