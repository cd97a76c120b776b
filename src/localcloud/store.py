"""What the API knows, on disk: moto's backends, one pickle per service, written before a change is answered."""

import logging
import pickle
import re
from collections.abc import Iterable
from typing import Any, cast

from moto.backends import get_backend
from moto.core.base_backend import BackendDict
from moto.s3.models import s3_backends

from localcloud.errors import StateError
from localcloud.home import Home
from localcloud.mends.s3 import bodies

log = logging.getLogger("localcloud")
# Raised when a newer localcloud cannot read what an older one wrote.
FORMAT = 1
# What must survive a kill.
KEPT = ("ec2", "efs", "iam", "kms", "s3", "service-quotas", "ssm", "sts")
READING = re.compile(r"(Describe|Get|List|Head|Lookup|Search|Select|Simulate)")


def changes(action: str) -> bool:
    """Can this action change anything? Unknown names count as changes."""
    return not READING.match(action)


class Store:
    def __init__(self, home: Home) -> None:
        self.home = home
        self.home.state.mkdir(exist_ok=True)
        self._blobs = bodies.keep_bodies_in(home.blobs)
        self._known: set[tuple[str, str, str]] = set()

    def save(self, services: Iterable[str]) -> None:
        """Write these services' backends. The caller holds the lock that keeps them still."""
        active = _active()
        # A few services sign with another name than moto knows them by; then all are written, to be sure.
        names = set(services)
        for service in names if names <= set(active) else active:
            gone = self._blobs.discarded() if service == "s3" else ()
            regions = {account: dict(regional.items()) for account, regional in dict.items(active[service]) if regional}
            try:
                books = pickle.dumps((FORMAT, regions), protocol=5)
            except (pickle.PicklingError, TypeError, AttributeError):
                if service in KEPT:
                    raise
                # One of moto's many other services; it works, until the server ends.
                log.warning("%s cannot be kept: what it knows is lost when localcloud ends.", service)
                continue
            self.home.write(self.home.state / f"{service}.pickle", books)
            if gone:
                self._blobs.purge(gone)

    def newcomers(self) -> set[str]:
        """Services in which a region has come to life since the last look.

        A region is born with random ids (its default VPC, say) by the first call that asks, even a Describe."""
        born = {
            (service, account, region)
            for service, accounts in _active().items()
            for account, regional in dict.items(accounts)
            for region in dict.keys(regional)
        }
        fresh = born - self._known
        self._known = born
        return {service for service, _, _ in fresh}

    def load(self) -> None:
        for file in sorted(self.home.state.glob("*.pickle")):
            try:
                version, regions = pickle.loads(file.read_bytes())  # noqa: S301 - our own file, in a folder of mode 0700
            except Exception as error:
                raise StateError(
                    f"{file} cannot be read ({type(error).__name__}: {error}). It was written by another version; "
                    "`localcloud reset` starts anew and removes the hosts."
                ) from error
            if version != FORMAT:
                raise StateError(f"{file} has format {version}, not {FORMAT}; `localcloud reset` starts anew.")
            backends = cast(Any, get_backend)(file.stem)  # moto types the names as literals
            for account, regional in regions.items():
                for region, backend in regional.items():
                    backends[account][region] = backend
        self.newcomers()
        self._blobs.sweep(
            name
            for regional in dict.values(s3_backends)
            for each in regional.values()
            for name in bodies.names_in(each)
        )


def _active() -> dict[str, Any]:
    return {backends.service_name: backends for backends in cast(Any, BackendDict)._instances}
