"""Eventual consistency, when a fault asks for it: new instances stay unknown to every call for a while."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime, timedelta
from typing import Any

from moto.core.utils import utcnow
from moto.ec2.models.instances import Instance, InstanceBackend

from localcloud.ec2.mend import mend

_hide_for: ContextVar[float] = ContextVar("hide_for", default=0)


@contextmanager
def hiding(seconds: float) -> Iterator[None]:
    """Instances that are launched in this block stay hidden for so long."""
    token = _hide_for.set(seconds)
    try:
        yield
    finally:
        _hide_for.reset(token)


def hidden(instance: Instance) -> bool:
    until: datetime | None = getattr(instance, "localcloud_hidden_until", None)
    return until is not None and utcnow() < until


@mend(InstanceBackend)
def run_instances(moto: Any, self: Any, *args: Any, **kwargs: Any) -> Any:
    reservation = moto(self, *args, **kwargs)
    if seconds := _hide_for.get():
        for instance in reservation.instances:
            instance.localcloud_hidden_until = utcnow() + timedelta(seconds=seconds)
    return reservation


@mend(InstanceBackend)
def all_reservations(moto: Any, self: Any, filters: Any = None) -> Any:
    reservations = moto(self, filters)
    for reservation in reservations:  # moto hands out copies, so shortening them forgets nothing
        reservation.instances = [each for each in reservation.instances if not hidden(each)]
    return [each for each in reservations if each.instances]
