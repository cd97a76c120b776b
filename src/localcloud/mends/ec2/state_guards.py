"""Before instances are started, stopped, rebooted or terminated: all of them may be, or none is."""

from typing import Any

from moto.ec2.exceptions import EC2ClientError, InvalidParameterCombination, OperationNotPermitted4
from moto.ec2.models.instances import Instance, InstanceBackend

from localcloud.mends.ec2 import offerings, quotas
from localcloud.mends.mend import mend

GONE = ("shutting-down", "terminated")


def wrong_state(message: str) -> EC2ClientError:
    return EC2ClientError("IncorrectInstanceState", message)


def named(backend: Any, ids: list[str]) -> list[Instance]:
    if not ids:
        raise InvalidParameterCombination("No instances specified")
    found: list[Instance] = backend.get_multi_instances_by_id(ids)
    return found


def check_terminate(backend: Any, ids: list[str]) -> None:
    """Termination protection of one keeps all that the call names alive."""
    for instance in named(backend, ids):
        if instance.disable_api_termination and instance.state not in GONE:
            raise OperationNotPermitted4(instance.id)


def check_stop(backend: Any, ids: list[str]) -> None:
    for instance in named(backend, ids):
        if instance.state in GONE:
            raise wrong_state(f"This instance '{instance.id}' is not in a state from which it can be stopped.")
        if instance.disable_api_stop:
            raise EC2ClientError(
                "OperationNotPermitted",
                f"The instance '{instance.id}' may not be stopped. "
                "Modify its 'disableApiStop' instance attribute and try again.",
            )
        if instance.lifecycle == "spot" and not _persistent(backend, instance):
            raise EC2ClientError(
                "UnsupportedOperation",
                f"You can't stop the Spot Instance '{instance.id}' because it is associated with a one-time Spot "
                "Instance request. You can only stop Spot Instances associated with persistent Spot Instance requests.",
            )


def _persistent(backend: Any, instance: Instance) -> bool:
    request = backend.spot_instance_requests.get(getattr(instance, "spot_instance_request_id", ""))
    return request is not None and request.type == "persistent"


def check_start(backend: Any, ids: list[str]) -> None:
    instances = named(backend, ids)
    for instance in instances:
        if instance.state not in ("stopped", "pending", "running"):
            raise wrong_state(f"The instance '{instance.id}' is not in a state from which it can be started.")
    quotas.check_start(backend, instances)
    wanted: dict[tuple[str, str], int] = {}
    for instance in instances:
        if instance.state == "stopped":
            key = (instance.instance_type, str(instance.availability_zone))
            wanted[key] = wanted.get(key, 0) + 1
    for (instance_type, zone), count in wanted.items():
        offerings.room(backend, instance_type, zone, count, count)


def check_reboot(backend: Any, ids: list[str]) -> None:
    for instance in named(backend, ids):
        if instance.state in GONE:
            raise wrong_state(f"The instance '{instance.id}' is not in a state from which it can be rebooted.")


@mend(InstanceBackend)
def terminate_instances(moto: Any, self: Any, instance_ids: list[str]) -> Any:
    check_terminate(self, instance_ids)
    return moto(self, instance_ids)


@mend(InstanceBackend)
def stop_instances(moto: Any, self: Any, instance_ids: list[str]) -> Any:
    check_stop(self, instance_ids)
    return moto(self, instance_ids)


@mend(InstanceBackend)
def start_instances(moto: Any, self: Any, instance_ids: list[str]) -> Any:
    check_start(self, instance_ids)
    return moto(self, instance_ids)


@mend(InstanceBackend)
def reboot_instances(moto: Any, self: Any, instance_ids: list[str]) -> Any:
    check_reboot(self, instance_ids)
    return moto(self, instance_ids)
