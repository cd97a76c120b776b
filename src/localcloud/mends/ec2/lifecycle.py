"""States that take time: pending → running, stopping → stopped, shutting-down → terminated.

moto jumps to the end. Here a call only says what shall be, `on_change` tells whoever keeps the hosts, and the keeper
says with `running`, `stopped`, `terminated` and `ready` what has become true. Without a keeper (a library's unit tests)
the end is reached at once, as in moto.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from moto.core.responses import ActionResult
from moto.core.types import Base64EncodedString
from moto.core.utils import utcnow
from moto.ec2.models import EC2Backend, ec2_backends
from moto.ec2.models.instances import Instance, InstanceBackend, StateReason
from moto.ec2.responses.general import General
from moto.ec2.responses.instances import InstanceResponse

from localcloud.mends.mend import mend

CODES = {"pending": 0, "running": 16, "shutting-down": 32, "terminated": 48, "stopping": 64, "stopped": 80}
ON_THE_MOVE = ("pending", "stopping", "shutting-down")
# EC2 goes on describing a terminated instance for about an hour.
REMEMBERED = timedelta(hours=1)
# A running host that nobody could log in to by now counts as impaired.
PATIENCE = timedelta(minutes=3)


@dataclass
class Life:
    """What localcloud adds to moto's instance. It is pickled with it."""

    since: datetime = field(default_factory=utcnow)
    ready: bool = False
    reboot: bool = False
    ssh_port: int | None = None


def settle_at_once(instance: Instance) -> None:
    """No keeper, no hosts: what shall be, is."""
    {"pending": running, "stopping": stopped, "shutting-down": terminated}.get(instance.state, ready)(instance)
    ready(instance)


on_change: Callable[[Instance], None] = settle_at_once


def life(instance: Instance) -> Life:
    """Kept in the instance itself, so that it is pickled, and forgotten, with it."""
    found: Life = vars(instance).setdefault("localcloud", Life())
    return found


def no_console(instance: Instance) -> str:
    return ""


on_launch: Callable[[Instance], object] = life  # who counts launches and starts puts its own here
read_console: Callable[[Instance], str] = no_console


def become(instance: Instance, state: str) -> None:
    instance._state.name = state
    instance._state.code = CODES[state]
    life(instance).since = utcnow()


def user_asked(instance: Instance, why: str = "User initiated", code: str = "Client.UserInitiatedShutdown") -> None:
    instance._reason = f"{why} ({utcnow():%Y-%m-%d %H:%M:%S} GMT)"
    instance.state_reason = StateReason(f"{code}: {why}", code)


# What the keeper reports.


def running(instance: Instance) -> None:
    become(instance, "running")
    life(instance).reboot = False
    instance._reason = ""
    instance.state_reason = StateReason()


def unheard(instance: Instance) -> bool:
    """Its sshd has not answered since it was last told to boot."""
    return instance.state == "running" and not (life(instance).ready or life(instance).reboot)


def ready(instance: Instance) -> None:
    """Its sshd has answered: the status checks pass."""
    life(instance).ready = True


def reboots(instance: Instance) -> None:
    """From the moment it is asked to: whoever then waits for the status checks must not be told of the boot before."""
    become(instance, "running")
    life(instance).reboot = True
    life(instance).ready = False


def stopped(instance: Instance) -> None:
    for nic in instance.nics.values():
        nic.stop()
    become(instance, "stopped")


def terminated(instance: Instance) -> None:
    reason, state_reason = instance._reason, instance.state_reason
    _terminate_now(instance)
    instance._reason, instance.state_reason = reason, state_reason
    become(instance, "terminated")


def failed(instance: Instance, why: str) -> None:
    """It could not be launched: EC2 goes from pending straight to terminated and says why."""
    instance._reason = "Server.InternalError"
    instance.state_reason = StateReason(f"Server.InternalError: {why}", "Server.InternalError")
    become(instance, "shutting-down")


def shut_itself_down(instance: Instance) -> None:
    """Somebody typed `shutdown` inside."""
    user_asked(instance, "Instance initiated shutdown", "Client.InstanceInitiatedShutdown")
    ends = instance.instance_initiated_shutdown_behavior == "terminate"
    become(instance, "shutting-down" if ends else "stopping")


def backends() -> list[EC2Backend]:
    """EC2's books, of every account and region that has been asked for."""
    return [backend for regions in dict.values(ec2_backends) for backend in dict.values(regions)]


def instances_of(backend: EC2Backend) -> list[Instance]:
    return [each for reservation in list(backend.reservations.values()) for each in reservation.instances]


def all_instances() -> list[Instance]:
    """Every instance of every account and region."""
    return [instance for backend in backends() for instance in instances_of(backend)]


def forget_terminated() -> list[str]:
    """Drop what was terminated long ago, as EC2 does; returns the ids of what is gone."""
    dropped = []
    for backend in backends():
        for key, reservation in list(backend.reservations.items()):
            kept = [
                each
                for each in reservation.instances
                if each.state != "terminated" or utcnow() - life(each).since < REMEMBERED
            ]
            if len(kept) != len(reservation.instances):
                dropped += [each.id for each in reservation.instances if each not in kept]
                reservation.instances = kept
                if not kept:
                    del backend.reservations[key]
    return dropped


# What the API asks.


@mend(InstanceBackend)
def run_instances(moto: Any, self: Any, *args: Any, **kwargs: Any) -> Any:
    reservation = moto(self, *args, **kwargs)
    for instance in reservation.instances:
        if "localcloud" not in vars(instance):
            become(instance, "pending")
            on_launch(instance)
            on_change(instance)
    return reservation


@mend(Instance)
def start(moto: Any, self: Instance) -> Any:
    before = type(self._state)(self._state.name, self._state.code)
    if self.state == "stopped":
        for nic in self.nics.values():
            nic.start()
        life(self).ready = False
        become(self, "pending")
        on_launch(self)
        self.launch_time = utcnow()
        self._reason = ""
        self.state_reason = StateReason()
        on_change(self)
    return before


@mend(Instance)
def stop(moto: Any, self: Instance) -> Any:
    before = type(self._state)(self._state.name, self._state.code)
    if self.state in ("pending", "running"):
        user_asked(self)
        become(self, "stopping")
        on_change(self)
    return before


_terminate_now = Instance.terminate


@mend(Instance)
def terminate(moto: Any, self: Instance) -> Any:
    before = type(self._state)(self._state.name, self._state.code)
    if self.state not in ("shutting-down", "terminated"):
        user_asked(self)
        become(self, "shutting-down")
        on_change(self)
    return before


@mend(Instance)
def reboot(moto: Any, self: Instance) -> None:
    if self.state == "running":
        reboots(self)
        on_change(self)


def _state(instance: Instance) -> dict[str, Any]:
    return {"Code": instance.state_code, "Name": instance.state}


def _changed(key: str, changes: list[tuple[Instance, Any]]) -> ActionResult:
    """The answer says where each instance is now, not where a call of that name usually leads."""
    return ActionResult(
        {
            key: [
                {"InstanceId": instance.id, "CurrentState": _state(instance), "PreviousState": previous}
                for instance, previous in changes
            ]
        }
    )


@mend(InstanceResponse)
def start_instances(moto: Any, self: Any) -> ActionResult:
    self.error_on_dryrun()
    ids = self._get_param("InstanceIds", [])
    return _changed("StartingInstances", self.ec2_backend.start_instances(ids))


@mend(InstanceResponse)
def stop_instances(moto: Any, self: Any) -> ActionResult:
    self.error_on_dryrun()
    ids = self._get_param("InstanceIds", [])
    return _changed("StoppingInstances", self.ec2_backend.stop_instances(ids))


@mend(InstanceResponse)
def terminate_instances(moto: Any, self: Any) -> ActionResult:
    self.error_on_dryrun()
    ids = self._get_param("InstanceIds", [])
    return _changed("TerminatingInstances", self.ec2_backend.terminate_instances(ids))


def _check(instance: Instance) -> dict[str, Any]:
    if instance.state != "running":
        return {"Status": "not-applicable"}
    if life(instance).ready:
        return {"Status": "ok", "Details": [{"Name": "reachability", "Status": "passed"}]}
    if utcnow() - life(instance).since < PATIENCE:
        return {"Status": "initializing", "Details": [{"Name": "reachability", "Status": "initializing"}]}
    failure = {"Name": "reachability", "Status": "failed", "ImpairedSince": life(instance).since + PATIENCE}
    return {"Status": "impaired", "Details": [failure]}


Instance.instance_status = property(_check)  # type: ignore[assignment,method-assign]  # in place of moto's property
Instance.system_status = property(_check)  # type: ignore[assignment,method-assign]  # likewise


@mend(General)
def get_console_output(moto: Any, self: Any) -> ActionResult:
    """The host's own console: at most the last 64 KiB, as EC2 keeps."""
    instance = self.ec2_backend.get_instance(self._get_param("InstanceId"))
    text = read_console(instance).encode(errors="replace")[-65536:].decode(errors="ignore")
    output = Base64EncodedString.from_raw_string(text)
    return ActionResult({"InstanceId": instance.id, "Timestamp": utcnow(), "Output": output})
