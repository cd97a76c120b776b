"""Ranges that nobody uses, and addresses that go round."""

from ipaddress import IPv4Network

import pytest

from localcloud.errors import NetworkError
from localcloud.hosts.network import RANGES, Network, Pool, free_ranges


def test_a_range_that_anybody_uses_is_left_alone() -> None:
    first = free_ranges([])[0]
    assert free_ranges([first])[0] != first
    vpn = IPv4Network("10.208.0.0/13")
    assert not any(each.overlaps(vpn) for each in free_ranges([vpn]))
    assert free_ranges([RANGES]) == []


def test_public_addresses_lie_in_the_half_that_the_engine_does_not_give_out() -> None:
    network = Network("n", IPv4Network("10.208.0.0/20"), "bridge")
    assert network.public == IPv4Network("10.208.8.0/21")
    assert network.gateway == "10.208.0.1"


def test_an_address_that_was_given_back_is_not_given_out_again_at_once() -> None:
    taken: set[str] = set()
    pool = Pool(IPv4Network("10.0.0.0/28"), lambda: taken)
    first = pool.allocate()
    assert pool.allocate() != first


def test_no_address_is_given_out_twice_and_an_empty_pool_says_so() -> None:
    taken: set[str] = set()
    pool = Pool(IPv4Network("10.0.0.0/29"), lambda: taken)
    for _ in range(7):  # all but the broadcast address
        taken.add(pool.allocate())
    assert len(taken) == 7
    with pytest.raises(NetworkError, match="in use"):
        pool.allocate()
