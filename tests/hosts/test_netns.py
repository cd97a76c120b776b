"""Plugging real hosts: who has which address, who reaches whom, and that nothing breaks which did not change."""

import json
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from guests import Guest

from localcloud.errors import NetworkError
from localcloud.hosts import netns
from localcloud.hosts.firewall import Rule

ALL = Rule("-1", None, ("0.0.0.0/0",))


def addresses(guest: Guest) -> list[str]:
    told = json.loads(netns.run(guest.ns, ["ip", "-json", "-4", "address", "show", "dev", "eth0"]))
    return [f"{info['local']}/{info['prefixlen']}" for info in told[0]["addr_info"]]


def source(guest: Guest, target: str) -> str | None:
    """The address from which the guest would speak to the target; None: it knows no way."""
    try:
        told = netns.run(guest.ns, ["ip", "-json", "route", "get", target])
    except NetworkError as error:
        assert "unreachable" in str(error)
        return None
    return str(json.loads(told)[0]["prefsrc"])


def test_a_host_has_exactly_its_addresses_and_speaks_from_the_right_one(pair: tuple[Guest, Guest]) -> None:
    one, two = pair
    assert addresses(one) == [f"{one.private[0]}/32", f"{one.public}/20"]
    assert source(one, "192.0.2.1") == one.public
    assert source(one, two.public) == one.public
    assert source(one, two.private[0]) == one.private[0]
    assert source(one, "169.254.169.254") == one.public


def test_hosts_reach_each_other_by_either_address(pair: tuple[Guest, Guest]) -> None:
    one, two = pair
    two.allow(ALL)
    two.serve("tcp", 7000)
    assert one.talk("tcp", two.private[0], 7000) == "hello"
    assert one.talk("tcp", two.public, 7000) == "hello"


def test_plugging_again_changes_nothing(pair: tuple[Guest, Guest], tmp_path: Path) -> None:
    one, _ = pair
    told = tmp_path / "told"

    def until_told(marker: str) -> None:
        """Change something harmless until the monitor tells of it: then it has told all that went before."""
        for _ in range(100):
            for step in ("add", "delete"):
                netns.run(one.ns, ["ip", "address", step, f"{marker}/32", "dev", "lo"])
            if f"{marker}/32" in told.read_text():
                return
            time.sleep(0.05)
        raise AssertionError("ip monitor tells nothing")

    with told.open("wb") as file:
        watch = ["nsenter", f"--net={one.ns}", "ip", "-4", "monitor", "address", "route"]
        monitor = subprocess.Popen(watch, stdout=file)
    try:
        until_told("192.0.2.9")
        one.plug()
        until_told("192.0.2.10")
    finally:
        monitor.kill()
        monitor.wait()
    assert "eth0" not in told.read_text()


def test_connections_live_on_when_the_public_address_changes(pair: tuple[Guest, Guest]) -> None:
    one, two = pair
    two.allow(ALL)
    two.serve("tcp", 7001)
    with netns.inside(one.ns):
        wire = socket.create_connection((two.private[0], 7001), timeout=5)
    with wire:
        before = two.public
        two.public = str(two.network.public[99])
        two.plug()
        assert addresses(two) == [f"{two.private[0]}/32", f"{two.public}/20"]
        wire.sendall(b"still there?")
        assert wire.recv(99) == b"still there?"
    assert one.talk("tcp", two.public, 7001) == "hello"
    assert one.talk("tcp", before, 7001) != "hello"
    two.public = before
    two.plug()


def test_an_address_that_moves_is_found_at_once(
    pair: tuple[Guest, Guest], knock: Callable[[str | None, int], bool]
) -> None:
    one, two = pair
    for guest in pair:
        guest.allow(ALL)
    one.serve("tcp", 7002)
    two.serve("tcp", 7003)
    spare = boot_address = one.public
    # This machine and the sibling both remember which host had it.
    assert knock(spare, 7002)
    assert two.talk("tcp", spare, 7002) == "hello"
    one.public, two_before, two.public = str(one.network.public[98]), two.public, spare
    one.plug()
    two.plug()
    assert knock(spare, 7003)
    assert one.talk("tcp", spare, 7003) == "hello"
    two.public, one.public = two_before, boot_address
    two.plug()
    one.plug()
    assert knock(boot_address, 7002)


def test_secondary_addresses_come_and_go(pair: tuple[Guest, Guest]) -> None:
    one, two = pair
    two.allow(ALL)
    two.serve("tcp", 7004)
    first = two.private
    two.private = (*first, "172.31.77.7")
    two.plug()
    assert one.talk("tcp", "172.31.77.7", 7004) == "hello"
    two.private = first
    two.plug()
    assert one.talk("tcp", "172.31.77.7", 7004) != "hello"


def test_without_a_public_address_only_the_vpc_and_the_metadata_are_reached(
    pair: tuple[Guest, Guest], inner: Guest
) -> None:
    one, _ = pair
    one.allow(ALL)
    one.serve("tcp", 7005)
    assert addresses(inner) == [f"{inner.private[0]}/32"]
    assert inner.talk("tcp", one.private[0], 7005) == "hello"
    assert source(inner, "169.254.169.254") == inner.private[0]
    assert source(inner, "192.0.2.1") is None
    assert "unreachable" in inner.talk("tcp", "192.0.2.1", 80)
    inner.public = str(inner.network.public[97])
    inner.plug()
    assert source(inner, "192.0.2.1") == inner.public
    inner.public = None
    inner.plug()
    assert addresses(inner) == [f"{inner.private[0]}/32"]
    assert source(inner, "192.0.2.1") is None


def test_name_servers_are_behind_the_gateway_even_inside_the_vpcs_range(pair: tuple[Guest, Guest]) -> None:
    one, _ = pair
    netns.plumb(one.ns, one.public, 20, one.network.gateway, one.private, ["172.31.0.0/16"], ["172.31.0.2"])
    assert source(one, "172.31.0.2") == one.public
    one.plug()
    assert source(one, "172.31.0.2") == one.private[0]


def test_root_in_the_host_cannot_replug_it(pair: tuple[Guest, Guest]) -> None:
    one, two = pair
    assert "Operation not permitted" in one.run("ip", "address", "add", f"{two.private[0]}/32", "dev", "eth0")


def test_a_host_that_has_ended_is_told_as_such() -> None:
    with pytest.raises(NetworkError, match="the host has ended"):
        netns.plumb(Path("/proc/4194304/ns/net"), None, 20, "10.0.0.1", ["172.31.0.5"], [])
