"""Removes all that a localcloud ever made: hosts, the images made from them, its network, its books."""

import shutil
from collections.abc import Callable

from localcloud.errors import EngineError, StateError
from localcloud.home import Home
from localcloud.hosts import engine as engines
from localcloud.hosts import network, redirect
from localcloud.hosts.engine import Engine


def everything(home: Home, say: Callable[[str], None] = lambda _: None) -> None:
    if not home.exists:
        return
    if not home.lock():
        raise StateError("localcloud still runs; `localcloud stop` first.")
    if home.options().hosts and home.named:
        _clear_engine(engines.find(home.options().engine), home.name, say)
    # Gone at once for whoever looks, not file by file.
    going = home.folder.with_name(f"{home.folder.name}.going")
    home.folder.rename(going)
    shutil.rmtree(going)
    home.unlock()
    say(f"removed {home.folder}")


def _clear_engine(engine: Engine, cloud: str, say: Callable[[str], None]) -> None:
    mine = ["--filter", f"label=localcloud={cloud}"]
    hosts = engine.run("ps", "--all", "--quiet", *mine).split()
    if hosts:
        hard = ["--time", "0"] if engine.name == "podman" else []
        engine.run("rm", "--force", "--volumes", *hard, *hosts)
        say(f"removed {len(hosts)} host(s)")
    images = made_images(engine, cloud)
    if images:
        engine.run("rmi", "--force", *images)
        say(f"removed {len(images)} image(s)")
    if bridge := network.remove(engine, cloud):
        redirect.forget(bridge)


def image_repository(cloud: str) -> str:
    """Where the disks go that CreateImage keeps; the tag is the image's id."""
    return f"localhost/localcloud-{cloud}"


def made_images(engine: Engine, cloud: str) -> list[str]:
    try:
        told = engine.run("images", "--format", "{{.Repository}}:{{.Tag}}", image_repository(cloud))
    except EngineError:  # some engines fail, others print nothing, when there is none
        return []
    return told.split()
