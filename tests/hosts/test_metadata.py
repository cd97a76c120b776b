"""The metadata service as a real host meets it, with curl."""

from collections.abc import Iterator
from typing import Any

import pytest
from guests import Guest

from localcloud.errors import NetworkError
from localcloud.hosts.metadata import MetadataService
from localcloud.hosts.metadata_tree import MetadataView

URL = "http://169.254.169.254"
# A token fetched as if from one hop further away.
FAR = """
import socket
with socket.socket() as wire:
    wire.setsockopt(socket.IPPROTO_IP, 21, 2)
    wire.settimeout(2)
    wire.connect(("169.254.169.254", 80))
    wire.sendall(b"PUT /latest/api/token HTTP/1.1\\r\\nX-aws-ec2-metadata-token-ttl-seconds: 60\\r\\n\\r\\n")
    print(wire.recv(99).decode())
"""


def curl(guest: Guest, path: str, *words: str) -> str:
    return guest.run("curl", "--silent", "--show-error", "--max-time", "5", *words, URL + path)


@pytest.fixture
def hosts(pair: tuple[Guest, Guest], inner: Guest) -> tuple[Guest, Guest]:
    """One with a public address, one without; neither may speak to anybody by its groups."""
    for each in (pair[0], inner):
        each.allow(egress=[])
    return pair[0], inner


@pytest.fixture
def views(hosts: tuple[Guest, Guest]) -> dict[str, MetadataView]:
    public, inner = hosts
    tree: Any = {"instance-id": "i-public"}
    return {
        str(public.public): MetadataView("i-public", tree, user_data=b"#!/bin/sh\necho hello", tokens_required=True),
        inner.private[0]: MetadataView("i-inner", {"instance-id": "i-inner"}, hop_limit=2),
    }


@pytest.fixture
def service(hosts: tuple[Guest, Guest], views: dict[str, MetadataView]) -> Iterator[MetadataService]:
    made = MetadataService(hosts[0].network.bridge, views.get)
    made.start()
    yield made
    made.stop()


def test_a_host_asks_with_a_token(hosts: tuple[Guest, Guest], service: MetadataService) -> None:
    host, _ = hosts
    assert "401" in curl(host, "/latest/meta-data/instance-id", "--fail")
    lasting = "X-aws-ec2-metadata-token-ttl-seconds: 21600"
    token = curl(host, "/latest/api/token", "--request", "PUT", "--header", lasting)
    shown = ("--header", f"X-aws-ec2-metadata-token: {token}")
    assert curl(host, "/latest/meta-data/instance-id", *shown) == "i-public"
    assert curl(host, "/latest/user-data", *shown) == "#!/bin/sh\necho hello"


def test_a_host_without_public_address_asks_too(hosts: tuple[Guest, Guest], service: MetadataService) -> None:
    assert curl(hosts[1], "/latest/meta-data/instance-id") == "i-inner"


def test_the_token_goes_as_far_as_the_hop_limit(hosts: tuple[Guest, Guest], service: MetadataService) -> None:
    near, far = hosts
    assert "timed out" in near.run("python3", "-c", FAR)
    assert "200 OK" in far.run("python3", "-c", FAR)


def test_it_comes_back_after_everything_was_lost(hosts: tuple[Guest, Guest], service: MetadataService) -> None:
    service.stop()
    told = curl(hosts[1], "/latest/meta-data/instance-id")
    assert "refused" in told or "timed out" in told
    service.ensure()
    service.ensure()
    assert curl(hosts[1], "/latest/meta-data/instance-id") == "i-inner"


def test_without_its_bridge_it_says_so() -> None:
    with pytest.raises(NetworkError, match="lc-nowhere is not there"):
        MetadataService("lc-nowhere", lambda _: None).start()
