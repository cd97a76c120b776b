"""The guests' bridge: one network per localcloud, in a range that this machine does not use already."""

import ipaddress
import itertools
import json
import random
import subprocess
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from localcloud.errors import EngineError, NetworkError
from localcloud.hosts.engine import Engine

# Where a free range is looked for: sixteen times sixteen networks of 4094 addresses each.
RANGES = ipaddress.ip_network("10.208.0.0/12")
SIZE = 20
DOCKER_BRIDGE = "com.docker.network.bridge.name"


@dataclass(frozen=True)
class Network:
    """The lower half of the range is the engine's own, the upper half are the instances' public addresses."""

    name: str
    range: ipaddress.IPv4Network
    bridge: str

    @property
    def gateway(self) -> str:
        """This machine's address on the bridge: the one that guests see when it connects to them."""
        return str(self.range[1])

    @property
    def public(self) -> ipaddress.IPv4Network:
        return list(self.range.subnets(1))[1]

    def raise_bridge(self) -> None:
        """Make the bridge stand on its own: an engine takes it away with the last container, but what guests ask
        (metadata, package stand-in) listens on it from the first boot on."""
        here = json.loads(_ip("-json", "address", "show"))
        links = {link["ifname"] for link in here}
        addresses = {info["local"] for link in here if link["ifname"] == self.bridge for info in link["addr_info"]}
        steps = []
        if self.bridge not in links:
            steps.append(f"link add {self.bridge} type bridge")
        plug = f"{self.bridge}k"
        if plug not in links:
            # A bridge without anything plugged into it would be taken away; one end of a cable is enough.
            steps += [f"link add {plug} type veth peer name {self.bridge}p", f"link set {plug} master {self.bridge}"]
        if self.gateway not in addresses:
            steps.append(f"address add {self.gateway}/{SIZE} broadcast + dev {self.bridge}")
        steps += [f"link set {self.bridge} up", f"link set {plug} up"]
        _ip("-batch", "-", stdin="\n".join(steps))

    def fell_bridge(self) -> None:
        for link in (f"{self.bridge}k", self.bridge):
            with suppress(NetworkError):  # it may be gone already; then that is what was wanted
                _ip("link", "delete", link)


class Pool:
    """Public addresses, handed out in a circle, so that one that was given back is not given out again at once."""

    def __init__(self, network: ipaddress.IPv4Network, taken: Callable[[], set[str]]) -> None:
        self._network = network
        self._taken = taken
        self._next = random.randrange(network.num_addresses)  # noqa: S311 - any place to begin will do

    def allocate(self) -> str:
        taken = self._taken()
        for _ in range(self._network.num_addresses):
            self._next = (self._next + 1) % self._network.num_addresses
            address = self._network[self._next]
            if address != self._network.broadcast_address and str(address) not in taken:
                return str(address)
        raise NetworkError(f"All {self._network.num_addresses} public addresses are in use; release some.")


def ensure(engine: Engine, cloud: str) -> Network:
    """The network of this localcloud, made on first use."""
    name = f"localcloud-{cloud}"
    found = existing(engine, name)
    if found is None:
        found = _create(engine, name, cloud)
    found.raise_bridge()
    return found


def existing(engine: Engine, name: str) -> Network | None:
    try:
        told = json.loads(engine.run("network", "inspect", name))[0]
    except EngineError:
        return None
    if engine.name == "podman":
        subnet, bridge = told["subnets"][0]["subnet"], told["network_interface"]
    else:
        subnet, bridge = told["IPAM"]["Config"][0]["Subnet"], told["Options"][DOCKER_BRIDGE]
    return Network(name, ipaddress.IPv4Network(subnet), bridge)


def remove(engine: Engine, cloud: str) -> str:
    """Remove this localcloud's network; returns the bridge it had, or nothing."""
    name = f"localcloud-{cloud}"
    found = existing(engine, name)
    if found is None:
        return ""
    engine.run("network", "rm", name)
    found.fell_bridge()
    return found.bridge


def _create(engine: Engine, name: str, cloud: str) -> Network:
    refusal = ""
    for subnet in free_ranges(_used(engine)):
        lower = next(subnet.subnets(1))
        words = ["--subnet", str(subnet), "--gateway", str(subnet[1]), "--ip-range", str(lower)]
        words += ["--label", f"localcloud={cloud}"]
        if engine.name == "podman":
            words += ["--disable-dns", "--opt", f"mtu={mtu()}"]
        else:
            words += ["--opt", f"{DOCKER_BRIDGE}=lc-{cloud}"]  # 11 letters; the kernel allows 15
            words += ["--opt", f"com.docker.network.driver.mtu={mtu()}"]
        try:
            engine.run("network", "create", *words, name)
        except EngineError as error:
            # Another localcloud may have taken the range since we looked: try the next few.
            refusal = str(error)
            continue
        if made := existing(engine, name):
            return made
    raise NetworkError(f"No network for the hosts could be made in {RANGES}: {refusal or 'every range is in use'}.")


def free_ranges(used: Iterable[ipaddress.IPv4Network]) -> list[ipaddress.IPv4Network]:
    """A few ranges that overlap with nothing in `used`."""
    busy = list(used)
    ranges: Iterator[ipaddress.IPv4Network] = RANGES.subnets(new_prefix=SIZE)  # type: ignore[assignment]  # v4 has v4
    free = (each for each in ranges if not any(each.overlaps(other) for other in busy))
    return list(itertools.islice(free, 5))


def _used(engine: Engine) -> list[ipaddress.IPv4Network]:
    """Ranges that a route of this machine or a network of the engine speaks for."""
    used = []
    for route in json.loads(_ip("-json", "-4", "route", "show", "table", "all")):
        with suppress(ValueError):  # "default", and types of route without a range
            used.append(ipaddress.IPv4Network(route["dst"]))
    for told in _told(engine):
        ranges = told.get("subnets") or (told.get("IPAM") or {}).get("Config") or []
        for each in ranges:
            with suppress(ValueError, KeyError):  # an IPv6 range, or none
                used.append(ipaddress.IPv4Network(each.get("subnet") or each["Subnet"]))
    return used


def _told(engine: Engine) -> list[dict[str, Any]]:
    """What the engine says of each of its networks."""
    names = _names(engine)
    try:
        return list(json.loads(engine.run("network", "inspect", *names))) if names else []
    except EngineError:
        # For one that went between the two questions, another localcloud's for example, it answers for none.
        if _names(engine).issuperset(names):
            raise
        return _told(engine)


def _names(engine: Engine) -> set[str]:
    return set(engine.run("network", "ls", "--format", "{{.Name}}").split())


def mtu() -> int:
    """Guests must not send larger packets than the way out takes."""
    routes = json.loads(_ip("-json", "-4", "route", "show", "default"))
    if not routes:
        return 1500
    return int(json.loads(_ip("-json", "link", "show", "dev", routes[0]["dev"]))[0]["mtu"])


def _ip(*words: str, stdin: str | None = None) -> str:
    try:
        done = subprocess.run(["ip", *words], input=stdin, capture_output=True, text=True, timeout=20)
    except FileNotFoundError as error:
        raise NetworkError("The command `ip` is missing; install iproute2.") from error
    if done.returncode:
        raise NetworkError(f"ip {' '.join(words)}: {(done.stderr.strip() or 'no reason given').splitlines()[0]}")
    return done.stdout
