"""Eventual consistency, when a fault asks for it: new instances stay unknown to every call for a while."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime, timedelta
from typing import Any

from moto.core.utils import utcnow
from moto.ec2.models.instances import Instance, InstanceBackend

from localcloud.mends.mend import mend

_launched: ContextVar[list[Instance] | None] = ContextVar("launched", default=None)


@contextmanager
def hiding(seconds: float) -> Iterator[None]:
    """Instances that are launched in this block are hidden for so long after it."""
    launched: list[Instance] = []
    token = _launched.set(launched)
    try:
        yield
    finally:
        _launched.reset(token)
    for instance in launched if seconds else ():
        vars(instance)["localcloud_hidden_until"] = utcnow() + timedelta(seconds=seconds)


def hidden(instance: Instance) -> bool:
    until: datetime | None = vars(instance).get("localcloud_hidden_until")
    return until is not None and utcnow() < until


@mend(InstanceBackend)
def run_instances(moto: Any, self: Any, *args: Any, **kwargs: Any) -> Any:
    reservation = moto(self, *args, **kwargs)
    launched = _launched.get()
    if launched is not None:
        launched += reservation.instances
    return reservation


@mend(InstanceBackend)
def all_reservations(moto: Any, self: Any, filters: Any = None) -> Any:
    reservations = moto(self, filters)
    for reservation in reservations:  # moto hands out copies, so shortening them forgets nothing
        reservation.instances = [each for each in reservation.instances if not hidden(each)]
    return [each for each in reservations if each.instances]
