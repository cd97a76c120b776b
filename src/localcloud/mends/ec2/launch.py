"""RunInstances as EC2 does it: the whole request is checked before anything is made, and nothing of it is dropped."""

from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.models.instances import Instance, InstanceBackend, Reservation
from moto.ec2.responses.instances import InstanceResponse

from localcloud.mends.ec2 import launch_options, launch_spot, launch_volumes, profiles, tokens
from localcloud.mends.ec2.launch_checks import Plan, check_counts, plan
from localcloud.mends.ec2.launch_request import Request, from_moto, merged
from localcloud.mends.mend import mend

# moto shows every instance of a RunInstances answer as pending; a repeated request tells the state of today.
_ALWAYS_PENDING = "RunInstances.Reservation.Instances.Instance.State"
# What other parts of moto hand to its instances beside a request.
_PASSED_ON = ("lifecycle", "spot_fleet_id", "fleet_id")


@mend(InstanceResponse, "run_instances")
def answer(moto: Any, self: Any) -> ActionResult:
    call = dict(self._get_params())
    backend = self.ec2_backend
    token = call.get("ClientToken") or ""
    if earlier := tokens.recall(backend, token, call):
        self.error_on_dryrun()
        shown = self.RESPONSE_KEY_PATH_TO_TRANSFORMER
        self.RESPONSE_KEY_PATH_TO_TRANSFORMER = {key: each for key, each in shown.items() if key != _ALWAYS_PENDING}
        return ActionResult(earlier)
    request = merged(backend, call)
    at_least, at_most = int(call.get("MinCount") or 1), int(call.get("MaxCount") or 1)
    prepare(backend, request, at_least, at_most)
    self.error_on_dryrun()
    reservation = backend.run_instances(
        request.get("ImageId"), at_most, request.get("UserData"), [], request=request, min_count=at_least
    )
    tokens.remember(backend, token, call, reservation)
    return ActionResult(reservation)


def prepare(backend: Any, request: Request, at_least: int, at_most: int, spot: bool = False) -> tuple[Plan, Any]:
    """All that EC2 refuses is refused here; a dry run ends after it."""
    check_counts(at_least, at_most)
    options = launch_spot.market(request)
    planned = plan(backend, request, at_least, at_most, spot or options is not None)
    profiles.check(backend, request)
    return planned, launch_volumes.resolved(backend, planned.image, request.get("BlockDeviceMappings", []))


@mend(InstanceBackend)
def run_instances(
    moto: Any,
    self: Any,
    image_id: str,
    count: int,
    user_data: Any,
    security_group_names: list[str],
    **kwargs: Any,
) -> Reservation:
    """Launch up to `count` instances, at least `min_count`; refused before the first when that cannot be."""
    request = kwargs.pop("request", None)
    at_least = kwargs.pop("min_count", count)
    if request is None:
        request = merged(self, from_moto(image_id, user_data, security_group_names, kwargs))
    planned, devices = prepare(self, request, at_least, count, spot=kwargs.get("lifecycle") == "spot")
    passed_on = {key: kwargs[key] for key in _PASSED_ON if key in kwargs}
    reservation: Reservation = moto(
        self, planned.image.id, planned.count, request.get("UserData"), [], **_for_moto(self, planned), **passed_on
    )
    for index, instance in enumerate(reservation.instances):
        _complete(self, instance, planned, devices, index)
    return reservation


def _for_moto(backend: Any, planned: Plan) -> dict[str, Any]:
    request = planned.request
    return {
        "instance_type": planned.instance_type,
        "is_instance_type_default": False,
        "region_name": backend.region_name,
        "subnet_id": planned.subnet.id,
        "key_name": request.get("KeyName"),
        "security_group_ids": planned.groups,
        "nics": request.get("NetworkInterfaces", []),
        "private_ip": request.get("PrivateIpAddress"),
        "associate_public_ip": request.get("AssociatePublicIpAddress"),
        "ipv6_address_count": request.get("Ipv6AddressCount"),
        "tags": {"instance": request["Tags"].get("instance", {})},
        "ebs_optimized": bool(request.get("EbsOptimized")),
        "disable_api_stop": bool(request.get("DisableApiStop")),
        "disable_api_termination": bool(request.get("DisableApiTermination")),
        "instance_initiated_shutdown_behavior": request.get("InstanceInitiatedShutdownBehavior"),
        "monitoring_state": "enabled" if request.get("Monitoring", {}).get("Enabled") else "disabled",
        "metadata_options": request.get("MetadataOptions", {}),
        "client_token": request.get("ClientToken", ""),
        # An empty list keeps moto from making volumes of its own.
        "block_device_mappings": [],
    }


def _complete(backend: Any, instance: Instance, planned: Plan, devices: dict[str, Any], index: int) -> None:
    request, tags = planned.request, planned.request["Tags"]
    launch_options.dress(instance, request, index)
    launch_volumes.attach(backend, instance, devices, tags.get("volume", {}))
    for interface in instance.nics.values():
        interface.add_tags(tags.get("network-interface", {}))
    profiles.give(backend, instance.id, request)
    if (options := launch_spot.market(request)) is not None:
        launch_spot.request_for(instance, options, tags.get("spot-instances-request", {}))
