"""Puts the parts together: hosts behind the API, the API's hooks on the hosts, and the command's questions to both."""

import logging
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from moto.ec2.models.instances import Instance

from localcloud import image, reset, standin
from localcloud.api.faults import Faults
from localcloud.errors import LocalCloudError
from localcloud.home import Home, Options, cache_folder
from localcloud.hosts import engine as engines
from localcloud.hosts import network as networks
from localcloud.hosts import preflight, trouble
from localcloud.hosts.bookkept import Bookkept
from localcloud.hosts.containers import Containers
from localcloud.hosts.engine import Engine
from localcloud.hosts.events import Events
from localcloud.hosts.facts import Facts
from localcloud.hosts.keeper import Keeper
from localcloud.hosts.metadata import MetadataService
from localcloud.hosts.metadata_tree import MetadataView, view_of
from localcloud.hosts.network import Network, Pool
from localcloud.hosts.resolvers import nameservers
from localcloud.mends.ec2 import images, lifecycle, offerings, public_addresses
from localcloud.standin.server import Server as StandInServer

if TYPE_CHECKING:
    from localcloud.server import Server

log = logging.getLogger("localcloud")


@dataclass
class Guests:
    """What stands behind the instances; without hosts there is only a driver that keeps books."""

    driver: Any
    hosts: Containers | None = None
    network: Network | None = None
    gateway: str = "127.0.0.1"
    standin: str = ""
    fingerprint: str = ""
    notes: list[str] = field(default_factory=list)
    services: list[Any] = field(default_factory=list)

    def start(self, keeper: Keeper) -> None:
        if self.hosts is None:
            return
        hosts = self.hosts
        self.services.append(Events(hosts.engine, hosts.beginning, lambda name: keeper.wake(hosts.instance_id(name))))
        for service in self.services:
            service.start()

    def stop(self) -> None:
        for service in self.services:
            service.stop()


def guests(home: Home, options: Options, faults: Faults, lock: threading.RLock) -> Guests:
    """Find the engine, raise the bridge, and open what guests may ask for on it."""
    if not options.hosts:
        return Guests(Bookkept(), notes=["Hosts are switched off: instances are only kept in the books."])
    engine = engines.find(options.engine)
    preflight.check(engine)
    notes = [*preflight.make_room(engine), *preflight.notes(engine)]
    network = networks.ensure(engine, home.name) if engine.routable else None
    hosts = Containers(
        engine,
        cloud=home.name,
        folder=home.hosts,
        network=network,
        image=lambda host: image_for(engine, home, host),
        nameservers=nameservers(),
        trouble=lambda host, folder: trouble.of(faults.for_host(host.tags, host.type, host.zone), folder),
    )
    if network is None:
        note = (
            f"{engine.unroutable}: SSH is on 127.0.0.1 at the port in the tag localcloud:ssh-port, "
            "security groups are not enforced, and there is no metadata."
        )
        return Guests(hosts, hosts, notes=[note, *notes])
    made = Guests(hosts, hosts, network, gateway=network.gateway, notes=notes)
    made.services.append(MetadataService(network.bridge, lambda address: _asking(address, lock)))
    if options.standin and not standin.ppa_reachable():
        _serve_standin(made, network)
    return made


def image_for(engine: Engine, home: Home, host: Facts) -> str:
    if host.release is None:
        return f"{reset.image_repository(home.name)}:{host.ami}"
    return image.ensure(engine, host.release, cache_folder(), log.info)


def _serve_standin(made: Guests, network: Network) -> None:
    """Shared by all localclouds of this user: what this machine's apt sources offer is the same for each."""
    try:
        found = standin.ensure(cache_folder() / "standin", log.info)
    except standin.StandInError as error:
        made.notes.append(f"The deadsnakes PPA cannot be reached from here, and nothing stands in for it: {error}")
        return
    server = StandInServer(found.path, network.gateway)
    made.services.append(server)
    made.standin = server.url
    made.fingerprint = found.fingerprint
    made.notes.append(found.notice(server.url))


def _asking(address: str, lock: threading.RLock) -> MetadataView | None:
    """Who asks for metadata? The instance that speaks to the world from this address."""
    with lock:
        for instance in lifecycle.all_instances():
            if instance.state != "terminated" and address == (instance.public_ip or instance.private_ip):
                return view_of(instance)
    return None


def load_faults(home: Home, options: Options) -> Faults:
    if home.faults.exists():
        return Faults.from_json(home.faults.read_text())
    return Faults(options.seed or None)


def connect(server: "Server") -> None:
    """Hang the hosts' side into the API's hooks."""
    keeper, made = server.keeper, server.guests
    lifecycle.on_change = keeper.wake
    offerings.capacity = lambda backend, kind, zone, wanted: server.faults.room(zone, kind, wanted)
    lifecycle.on_launch = lambda instance: take_room(server.faults, instance)
    if made.network is not None:
        public_addresses.allocate = Pool(made.network.public, public_addresses.taken).allocate
    elif made.hosts is not None:
        public_addresses.allocate = lambda: "127.0.0.1"
    lifecycle.read_console = lambda instance: str(made.driver.console(instance.id))
    if made.hosts is not None:
        hosts = made.hosts
        images.on_create_image = _keep_disk(server, hosts)
        images.on_deregister_image = _drop_disk(server, hosts)
        _settle_disks(server, hosts)


def take_room(faults: Faults, instance: Instance) -> None:
    faults.capacity(str(instance.availability_zone), instance.instance_type, 1)


def _keep_disk(server: "Server", hosts: Containers) -> Callable[[Any, Instance], None]:
    """CreateImage: the record is pending until the host's disk is kept."""

    def on_create_image(ami: Any, instance: Instance) -> None:
        ami.state = "pending"

        def keep() -> None:
            try:
                hosts.commit(instance.id, f"{reset.image_repository(server.home.name)}:{ami.id}")
                state = "available"
            except LocalCloudError as error:
                log.warning("%s of %s: %s", ami.id, instance.id, error)
                state = "failed"
            with server.lock:
                ami.state = state
            server.save_ec2()

        threading.Thread(target=keep, name=f"image-{ami.id}", daemon=True).start()

    return on_create_image


def _drop_disk(server: "Server", hosts: Containers) -> Callable[[Any], None]:
    def on_deregister_image(ami: Any) -> None:
        reference = f"{reset.image_repository(server.home.name)}:{ami.id}"
        if reference in reset.made_images(hosts.engine, server.home.name):
            hosts.drop(reference)

    return on_deregister_image


def _settle_disks(server: "Server", hosts: Containers) -> None:
    """What a kill has cut off: images that were about to be made, disks that were about to go."""
    amis = {ami.id: ami for backend in lifecycle.backends() for ami in backend.amis.values()}
    keep = _keep_disk(server, hosts)
    for ami in amis.values():
        if ami.state == "pending":
            instance = next((each for each in lifecycle.all_instances() if each.id == ami.instance_id), None)
            if instance:
                keep(ami, instance)
            else:
                ami.state = "failed"
    for reference in reset.made_images(hosts.engine, server.home.name):
        if reference.rpartition(":")[2] not in amis:
            hosts.drop(reference)


def routes(server: "Server") -> dict[str, Callable[[dict[str, Any]], Any]]:
    """What the command may ask of the running server."""
    return {
        "GET status": lambda _: _status(server),
        "GET faults": lambda _: [{"id": fault.id, "spec": str(fault)} for fault in server.faults.list()],
        "POST faults": lambda told: _add_fault(server, told["words"]),
        "DELETE faults": lambda told: _clear_faults(server, told.get("id")),
        "POST console": lambda told: {"console": _host(server, told["instance"]).console(told["instance"])},
        "POST say": lambda told: _say(server, told["lines"]),
        "POST journal": lambda told: {"journal": _host(server, told["instance"]).journal(told["instance"])},
    }


def _add_fault(server: "Server", words: list[str]) -> dict[str, Any]:
    fault = server.faults.add(words)
    server.save_faults()
    return {"id": fault.id, "spec": str(fault)}


def _clear_faults(server: "Server", number: Any) -> dict[str, Any]:
    server.faults.clear(number)
    server.save_faults()
    return {}


def _say(server: "Server", lines: dict[str, str]) -> dict[str, Any]:
    """Instances that are kept in the books alone have nothing to say of their own; a test may have them say it."""
    driver = server.guests.driver
    if not isinstance(driver, Bookkept):
        raise LocalCloudError("These instances have hosts, which say on their consoles what they have to say.")
    for instance_id, line in lines.items():
        driver.consoles[instance_id] = f"{driver.consoles.get(instance_id, '')}{line}\n"
    return {}


def _host(server: "Server", instance_id: str) -> Containers:
    if server.guests.hosts is None:
        raise LocalCloudError("Hosts are switched off (`localcloud start --no-hosts`), so none has a console.")
    if instance_id not in [each.id for each in lifecycle.all_instances()]:
        raise LocalCloudError(f"There is no instance {instance_id}; `localcloud status` lists those that there are.")
    return server.guests.hosts


def _status(server: "Server") -> dict[str, Any]:
    made = server.guests
    with server.lock:
        instances = [
            {
                "id": each.id,
                "name": next((tag["value"] for tag in each.get_tags() if tag["key"] == "Name"), ""),
                "state": each.state,
                "ready": lifecycle.life(each).ready and each.state == "running",
                "type": each.instance_type,
                "address": each.public_ip or "",
                "ssh_port": lifecycle.life(each).ssh_port or 22,
                "zone": each.availability_zone,
            }
            for each in lifecycle.all_instances()
        ]
    return {
        "running": True,
        "pid": os.getpid(),
        "endpoint": server.running.endpoint,
        "region": server.options.region,
        "engine": made.hosts.engine.name if made.hosts else None,
        "network": str(made.network.range) if made.network else None,
        "standin": made.standin or None,
        "notes": made.notes,
        "home": str(server.home.folder),
        "faults": len(server.faults.list()),
        "instances": instances,
    }
