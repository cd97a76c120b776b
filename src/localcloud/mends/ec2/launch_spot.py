"""Spot instances of RunInstances: each has its request, which ends with it."""

from collections.abc import Callable
from typing import Any

from moto.core.responses import ActionResult
from moto.core.utils import iso_8601_datetime_with_milliseconds
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models.instances import Instance
from moto.ec2.models.spot_requests import SpotInstanceRequest, SpotRequestBackend
from moto.ec2.responses.spot_instances import SpotInstances
from moto.ec2.utils import is_tag_filter, random_spot_request_id

from localcloud.mends.ec2.filters import unknown_filter
from localcloud.mends.ec2.launch_request import Request
from localcloud.mends.mend import mend

GONE = ("shutting-down", "terminated")


def market(request: Request) -> dict[str, Any] | None:
    """The spot options of a request; None when it is not for spot."""
    options = request.get("InstanceMarketOptions") or {}
    if isinstance(options, str):
        options = {"MarketType": options}
    kind = options.get("MarketType")
    if kind is None:
        return None
    if kind != "spot":
        raise EC2ClientError("InvalidParameterValue", f"Value ({kind}) for parameter marketType is invalid.")
    spot: dict[str, Any] = options.get("SpotOptions") or {}
    return spot


class RequestOfLaunched(SpotInstanceRequest):
    """The spot request of an instance that RunInstances has launched already."""

    def __init__(self, instance: Instance, options: dict[str, Any], tags: dict[str, str]):
        self.instance = instance
        super().__init__(
            ec2_backend=instance.ec2_backend,
            spot_request_id=random_spot_request_id(),
            price=options.get("MaxPrice") or "",
            image_id=str(instance.image_id),
            spot_instance_type=options.get("SpotInstanceType") or "one-time",
            valid_from=None,
            valid_until=options.get("ValidUntil"),
            launch_group=None,
            availability_zone_group=None,
            key_name=str(instance.key_name or ""),
            security_groups=[group.id for group in instance.security_groups],
            user_data=instance.user_data,
            instance_type=instance.instance_type,
            placement=instance.availability_zone,
            kernel_id=None,
            ramdisk_id=None,
            monitoring_enabled=instance.monitored,
            subnet_id=str(instance.subnet_id),
            tags={"spot-instances-request": tags},
            spot_fleet_id=None,
            instance_interruption_behaviour=options.get("InstanceInterruptionBehavior"),
        )

    def launch_instance(self) -> Instance:
        return self.instance


def request_for(instance: Instance, options: dict[str, Any], tags: dict[str, str]) -> None:
    made = RequestOfLaunched(instance, options, tags)
    instance.ec2_backend.spot_instance_requests[made.id] = made


@mend(SpotInstanceRequest, "__init__")
def _init(moto: Any, self: Any, *args: Any, **kwargs: Any) -> None:
    self.created = iso_8601_datetime_with_milliseconds()
    moto(self, *args, **kwargs)
    self.status_message = "Your Spot request is fulfilled."
    self.instance.lifecycle = "spot"
    self.instance.spot_instance_request_id = self.id


# moto tells the same day of 2015 for all of them.
SpotInstanceRequest.create_time = property(lambda self: self.created)  # type: ignore[assignment,method-assign]
SpotInstanceRequest.launched_availability_zone = property(  # type: ignore[attr-defined]  # moto lacks it
    lambda self: self.instance.availability_zone
)
SpotInstanceRequest.status = property(  # type: ignore[assignment,method-assign]  # as create_time
    lambda self: {"Code": self._status_code, "Message": self.status_message, "UpdateTime": self.created}
)


def settle(request: Any) -> None:
    """A request is closed once its instance is gone."""
    if request.state == "active" and request.instance.state in GONE:
        request.state = "closed"
        request._status_code = "instance-terminated-by-user"
        request.status_message = "Your Spot instance has been terminated by the user."


@mend(SpotRequestBackend)
def describe_spot_instance_requests(
    moto: Any, self: Any, filters: Any = None, spot_instance_ids: list[str] | None = None
) -> list[Any]:
    check_known(self, spot_instance_ids or [])
    for name in filters or {}:
        check_filter(name)
    for request in self.spot_instance_requests.values():
        settle(request)
    found: list[Any] = moto(self, filters, spot_instance_ids)
    return found


def check_known(backend: Any, request_ids: list[str]) -> None:
    for each in request_ids:
        if each not in backend.spot_instance_requests:
            raise EC2ClientError(
                "InvalidSpotInstanceRequestID.NotFound", f"The spot instance request ID '{each}' does not exist"
            )


@mend(SpotRequestBackend)
def cancel_spot_instance_requests(moto: Any, self: Any, request_ids: list[str]) -> list[Any]:
    """The request is cancelled and goes on being described; its instance goes on running."""
    check_known(self, request_ids)
    cancelled = [self.spot_instance_requests[each] for each in request_ids]
    for request in cancelled:
        settle(request)
        if request.state in ("open", "active"):
            request.state = "cancelled"
            request._status_code = "request-canceled-and-instance-running"
            request.status_message = "Your Spot request was canceled, but your instance is still running."
    return cancelled


@mend(SpotInstances, "cancel_spot_instance_requests")
def answer_cancel(moto: Any, self: Any) -> ActionResult:
    self.error_on_dryrun()
    cancelled = self.ec2_backend.cancel_spot_instance_requests(self._get_param("SpotInstanceRequestIds", []))
    return ActionResult(
        {
            "CancelledSpotInstanceRequests": [
                {"SpotInstanceRequestId": each.id, "State": each.state} for each in cancelled
            ]
        }
    )


_FILTERS: dict[str, Callable[[Any], Any]] = {
    "availability-zone-group": lambda request: request.availability_zone_group,
    "create-time": lambda request: request.created,
    "instance-id": lambda request: request.instance.id,
    "launch.group-id": lambda request: [group.id for group in request.launch_specification.groups],
    "launch.group-name": lambda request: [group.name for group in request.launch_specification.groups],
    "launch.image-id": lambda request: request.launch_specification.image_id,
    "launch.instance-type": lambda request: request.launch_specification.instance_type,
    "launch.key-name": lambda request: request.launch_specification.key_name,
    "launched-availability-zone": lambda request: request.instance.availability_zone,
    "launch-group": lambda request: request.launch_group,
    "network-interface.subnet-id": lambda request: request.instance.subnet_id,
    "spot-instance-request-id": lambda request: request.id,
    "spot-price": lambda request: request.price,
    "state": lambda request: request.state,
    "status-code": lambda request: request._status_code,
    "status-message": lambda request: request.status_message,
    "type": lambda request: request.type,
    "valid-from": lambda request: request.valid_from,
    "valid-until": lambda request: request.valid_until,
}


@mend(SpotInstanceRequest)
def get_filter_value(moto: Any, self: Any, filter_name: str, method_name: str | None = None) -> Any:
    check_filter(filter_name)
    return _FILTERS[filter_name](self) if filter_name in _FILTERS else moto(self, filter_name, method_name)


def check_filter(name: str) -> None:
    if name not in _FILTERS and not is_tag_filter(name):
        raise unknown_filter(name)
