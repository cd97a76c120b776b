"""Two guests with a public address, one without, and the bridge that they are on."""

import secrets
import socket
from collections.abc import Callable, Iterator

import pytest
from guests import Guest

from localcloud.hosts import engine as engines
from localcloud.hosts import network
from localcloud.hosts.engine import Engine


@pytest.fixture(scope="session")
def engine() -> Engine:
    found = engines.find()
    if not found.routable:
        pytest.skip("this engine's guests have no network that can be entered from here")
    return found


@pytest.fixture(scope="session")
def ubuntu(engine: Engine) -> str:
    # Imported here, so that the tests are collected where images are not built.
    from localcloud import image
    from localcloud.home import cache_folder

    return str(image.ensure(engine, "24.04", cache_folder(), print))


@pytest.fixture(scope="session")
def guests(engine: Engine, ubuntu: str) -> Iterator[tuple[Guest, Guest, Guest]]:
    cloud = secrets.token_hex(4)
    bridge = network.ensure(engine, cloud)
    made = tuple(
        Guest(engine, bridge, str(bridge.public[number]) if public else None, (f"172.31.9.{number}",))
        for number, public in ((5, True), (6, True), (7, False))
    )
    try:
        for each in made:
            each.start(ubuntu)
        yield made
    finally:
        for each in made:
            each.remove()
        network.remove(engine, cloud)


@pytest.fixture
def pair(guests: tuple[Guest, Guest, Guest]) -> tuple[Guest, Guest]:
    """Both may speak to everybody, and nobody to them."""
    for each in guests[:2]:
        each.allow()
    return guests[:2]


@pytest.fixture
def inner(guests: tuple[Guest, Guest, Guest]) -> Guest:
    """The one without a public address."""
    guests[2].allow()
    return guests[2]


@pytest.fixture
def knock() -> Callable[[str | None, int], bool]:
    """knock(address, port): does this machine get a connection there?"""

    def try_it(address: str | None, port: int) -> bool:
        try:
            with socket.create_connection((str(address), port), timeout=1):
                return True
        except OSError:
            return False

    return try_it
