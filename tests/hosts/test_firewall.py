"""Security groups on real hosts: what is allowed comes through, nothing else does, and root inside cannot help it."""

import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress

import pytest
from guests import Guest
from intrusion import NETLINK

from localcloud.hosts import netns
from localcloud.hosts.firewall import Rule

Knock = Callable[[str | None, int], bool]
ELSEWHERE = "198.51.100.0/24"
# What the command ping does; in a guest that command needs a right which guests do not have.
PING = """
import socket, sys
with socket.socket(type=socket.SOCK_DGRAM, proto=socket.IPPROTO_ICMP) as wire:
    wire.settimeout(1)
    wire.sendto(bytes([8, 0, 0, 0, 0, 0, 0, 1]), (sys.argv[1], 0))
    print({0: "echo reply"}[wire.recv(99)[0]])
"""


@pytest.fixture
def host(pair: tuple[Guest, Guest]) -> Guest:
    return pair[0]


@pytest.fixture
def sibling(pair: tuple[Guest, Guest]) -> Guest:
    return pair[1]


def tcp(port: int, *cidrs: str) -> Rule:
    return Rule("tcp", (port, port), cidrs)


def test_a_port_answers_those_whom_a_rule_names_and_no_others(host: Guest, sibling: Guest, knock: Knock) -> None:
    host.serve("tcp", 22)
    assert not knock(host.public, 22)
    host.allow(tcp(22, f"{host.network.gateway}/32"))
    assert knock(host.public, 22)
    assert "timed out" in sibling.talk("tcp", host.public, 22)
    assert "timed out" in sibling.talk("tcp", host.private[0], 22)
    host.allow(tcp(22, ELSEWHERE))
    assert not knock(host.public, 22)


def test_a_rule_opens_its_ports_only(host: Guest, knock: Knock) -> None:
    for port in (8000, 8005, 8010):
        host.serve("tcp", port)
    host.allow(Rule("tcp", (8001, 8005), ("0.0.0.0/0",)))
    assert [port for port in (8000, 8005, 8010) if knock(host.public, port)] == [8005]


def test_a_sibling_comes_in_by_its_group_over_the_private_address(host: Guest, sibling: Guest) -> None:
    host.serve("tcp", 8020)
    host.allow(tcp(8020, *sibling.private))
    assert sibling.talk("tcp", host.private[0], 8020) == "hello"
    # As on EC2: over the public address it comes from its own public address, which the group does not name.
    assert "timed out" in sibling.talk("tcp", host.public, 8020)


def test_a_host_is_no_way_around_to_another(host: Guest, sibling: Guest) -> None:
    host.serve("tcp", 8025)
    host.allow(tcp(8025, "0.0.0.0/0"))
    sibling.allow(Rule("-1", None, ("0.0.0.0/0",)))
    way = ["ip", "route", "add", host.private[0], "via", sibling.public]
    subprocess.run(way, check=True)
    try:
        with pytest.raises(TimeoutError):
            socket.create_connection((host.private[0], 8025), timeout=1)
    finally:
        subprocess.run([*way[:2], "delete", *way[3:]], check=True)


def test_a_change_counts_at_once_and_leaves_open_connections_alone(host: Guest, knock: Knock) -> None:
    host.serve("tcp", 8030)
    host.allow(tcp(8030, "0.0.0.0/0"))
    with socket.create_connection((host.public, 8030), timeout=5) as wire:
        host.allow()
        assert not knock(host.public, 8030)
        wire.sendall(b"still there?")
        assert wire.recv(99) == b"still there?"


def test_there_is_no_moment_without_rules(host: Guest) -> None:
    host.serve("tcp", 8040)
    host.serve("tcp", 8041)
    host.allow(tcp(8040, "0.0.0.0/0"))
    came_in, done = [], threading.Event()

    def knock_all_the_time() -> None:
        while not done.is_set():
            with socket.socket() as wire:
                wire.settimeout(0.01)
                if wire.connect_ex((host.public, 8041)) == 0:
                    # Whoever has come in is heard, and answered.
                    wire.settimeout(2)
                    with suppress(OSError):
                        wire.sendall(b"hello")
                        came_in.append(wire.recv(99))

    intruders = [threading.Thread(target=knock_all_the_time) for _ in range(4)]
    with socket.create_connection((host.public, 8040), timeout=5) as wire:
        for each in intruders:
            each.start()
        for number in range(40):
            host.allow(tcp(8040, "0.0.0.0/0"), tcp(9000 + number, "0.0.0.0/0"))
            wire.sendall(b"still there?")
            assert wire.recv(99) == b"still there?"
        done.set()
        for each in intruders:
            each.join()
    assert came_in == []


def test_udp(host: Guest, sibling: Guest) -> None:
    host.serve("udp", 8050)
    assert "timed out" in sibling.talk("udp", host.private[0], 8050)
    host.allow(tcp(8050, "0.0.0.0/0"))
    assert "timed out" in sibling.talk("udp", host.private[0], 8050)
    host.allow(Rule("udp", (8050, 8050), ("172.31.0.0/16",)))
    assert sibling.talk("udp", host.private[0], 8050) == "hello"


def test_ping(host: Guest, sibling: Guest) -> None:
    ping = ("python3", "-c", PING, host.private[0])
    assert "timed out" in sibling.run(*ping)
    host.allow(Rule("icmp", (8, -1), ("172.31.0.0/16",)))
    assert sibling.run(*ping) == "echo reply"
    host.allow(Rule("icmp", (8, 0), ("172.31.0.0/16",)))
    assert sibling.run(*ping) == "echo reply"
    host.allow(Rule("icmp", (-1, -1), ("172.31.0.0/16",)))
    assert sibling.run(*ping) == "echo reply"
    host.allow(Rule("icmp", (13, -1), ("172.31.0.0/16",)))
    assert "timed out" in sibling.run(*ping)


def test_every_protocol(host: Guest, sibling: Guest) -> None:
    host.serve("tcp", 8060)
    host.serve("udp", 8060)
    host.allow(Rule("-1", None, ("0.0.0.0/0",)))
    assert sibling.talk("tcp", host.private[0], 8060) == sibling.talk("udp", host.private[0], 8060) == "hello"


def test_restricted_egress(host: Guest, sibling: Guest, knock: Knock) -> None:
    for port in (8070, 8071, 53):
        sibling.serve("tcp", port)
    sibling.allow(Rule("-1", None, ("0.0.0.0/0",)))
    host.serve("tcp", 8072)
    host.allow(tcp(8072, "0.0.0.0/0"), egress=[tcp(8070, "172.31.0.0/16")])
    assert host.talk("tcp", sibling.private[0], 8070) == "hello"
    assert host.talk("tcp", sibling.private[0], 8071) != "hello"
    assert host.talk("tcp", sibling.public, 8070) != "hello"
    assert host.talk("tcp", "127.0.0.1", 8072) == "hello"
    assert knock(host.public, 8072), "answers to those who may come in are no egress"
    assert host.talk("tcp", sibling.private[0], 53) != "hello"
    host.allow(egress=[], resolvers=sibling.private)
    assert host.talk("tcp", sibling.private[0], 53) == "hello"
    assert host.talk("tcp", sibling.private[0], 8070) != "hello"


def test_a_neighbour_on_the_wire_cannot_come_in_by_ipv6(host: Guest, sibling: Guest) -> None:
    link = host.run("ip", "-6", "-oneline", "address", "show", "dev", "eth0", "scope", "link").split()
    if "inet6" not in link:
        pytest.skip("no IPv6 here")
    address = link[link.index("inet6") + 1].partition("/")[0]
    program = f"import socket; socket.create_connection(('{address}%eth0', 7999), 1)"
    sibling.allow(egress=[Rule("-1", None, ("::/0",))])
    host.allow(tcp(7999, "0.0.0.0/0"))
    assert "timed out" in sibling.run("python3", "-c", program)
    host.allow(tcp(7999, "::/0"))
    assert "refused" in sibling.run("python3", "-c", program)


def test_root_in_the_host_cannot_undo_it(host: Guest, knock: Knock) -> None:
    host.serve("tcp", 8080)
    # The attack is a real one: who has the right (this test does, from outside) may list, and so would delete.
    assert "list: Success" in netns.run(host.ns, [sys.executable, "-c", NETLINK])
    host.allow()
    for way in ([], ["unshare", "--user", "--map-root-user"]):
        told = host.run(*way, "python3", "-c", NETLINK)
        assert told.splitlines() == ["list: Operation not permitted", "delete: Operation not permitted"] or (
            way and "unshare" in told
        ), told
    assert not knock(host.public, 8080)
