"""ClientToken: a request that is sent again gets the instances that it already has.

AWS's own clients put a token into every RunInstances, so that a retry after a lost answer does not launch twice.
"""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models.instances import Reservation


@dataclass(frozen=True)
class Launched:
    """What a token stands for; kept in the region's backend and pickled with it."""

    parameters: str
    reservation_id: str


def _parameters(request: dict[str, Any]) -> str:
    same = {key: value for key, value in request.items() if key not in ("ClientToken", "DryRun")}
    return hashlib.sha256(json.dumps(same, sort_keys=True, default=str).encode()).hexdigest()


def recall(backend: Any, token: str, request: dict[str, Any]) -> Reservation | None:
    """The reservation that this token launched before; None when it is new. Other parameters are refused."""
    known: dict[str, Launched] = backend.__dict__.setdefault("client_tokens", {})
    for old in [each for each, made in known.items() if made.reservation_id not in backend.reservations]:
        del known[old]
    if not token or token not in known:
        return None
    if known[token].parameters != _parameters(request):
        raise EC2ClientError(
            "IdempotentParameterMismatch",
            "Arguments on this idempotent request are inconsistent with arguments used in previous request(s).",
        )
    found: Reservation = backend.reservations[known[token].reservation_id]
    return found


def remember(backend: Any, token: str, request: dict[str, Any], reservation: Reservation) -> None:
    if token:
        known: dict[str, Launched] = backend.__dict__.setdefault("client_tokens", {})
        known[token] = Launched(_parameters(request), reservation.id)
