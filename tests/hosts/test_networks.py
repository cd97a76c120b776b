"""The engine's networks, while others make and remove theirs."""

import secrets
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

import pytest

from localcloud.errors import EngineError
from localcloud.hosts import network
from localcloud.hosts.engine import Engine


@dataclass(frozen=True)
class Meanwhile(Engine):
    """Somebody removes a network after we have heard its name, and before we ask about it."""

    going: str = ""

    def run(self, *words: str, stdin: str | bytes | None = None, timeout: float | None = 600) -> str:
        if words[:2] == ("network", "inspect") and self.going in words:
            super().run("network", "rm", self.going)
        return super().run(*words, stdin=stdin, timeout=timeout)


@pytest.fixture
def meanwhile(engine: Engine) -> Iterator[Meanwhile]:
    made = Meanwhile(engine.name, engine.command, engine.info, f"test-{secrets.token_hex(4)}")
    engine.run("network", "create", made.going)
    yield made
    with suppress(EngineError):  # it is gone, if all went well
        engine.run("network", "rm", made.going)


def test_a_network_that_goes_while_we_look_keeps_nobody_from_having_one(meanwhile: Meanwhile) -> None:
    cloud = secrets.token_hex(4)
    try:
        assert network.ensure(meanwhile, cloud).range.subnet_of(network.RANGES)
        assert meanwhile.going not in meanwhile.run("network", "ls", "--format", "{{.Name}}").split()
    finally:
        network.remove(meanwhile, cloud)
