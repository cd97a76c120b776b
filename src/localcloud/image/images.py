"""Images as the engine has them: make what is missing, list, remove."""

import contextlib
import fcntl
import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from localcloud.errors import EngineError, ImageError
from localcloud.hosts.engine import Engine
from localcloud.image import bootstrap, machine, registry
from localcloud.image.definition import PREFIX, RELEASES, Definition, define
from localcloud.image.guest import Guest

NEEDED = 2 * 1024**3


@dataclass(frozen=True)
class BuiltImage:
    """`current`: the one that the next host of this release boots from; others are of earlier definitions."""

    release: str
    reference: str
    hash: str
    current: bool
    size: int
    created: str


def ensure(engine: Engine, release: str, cache: Path, say: Callable[[str], None]) -> str:
    """The image that hosts of this release boot from, made first where it is missing. `cache` keeps the logs."""
    definition, settings = define(engine, release), machine.collect()
    guest = Guest(definition, settings)
    if registry.present(engine, guest.reference):
        return guest.reference
    log = folder_for_logs(cache) / f"image-{release}.log"
    with alone(say):
        # Asked again: while this waited, another program may have made both.
        if not registry.present(engine, definition.reference):
            enough_disk(engine)
            make_base(engine, definition, log, say)
        if not registry.present(engine, guest.reference):
            make_guest(engine, guest, say)
    return guest.reference


def make_base(engine: Engine, definition: Definition, log: Path, say: Callable[[str], None]) -> None:
    proxies = machine.own_proxies()
    if source := registry.pull(engine, definition, say):
        registry.build(engine, definition, source, log, say, proxies)
    else:
        bootstrap.build(engine, definition, log, say, proxies)
    # Only now does it get the name by which it is found: an interrupted run leaves nothing that looks whole.
    engine.run("tag", definition.unfinished, definition.reference)
    engine.run("rmi", definition.unfinished)


def make_guest(engine: Engine, guest: Guest, say: Callable[[str], None]) -> None:
    if guest.settings.left_out:
        say(f"Left out of guests, where such addresses lead nowhere: {', '.join(guest.settings.left_out)}")
    say(f"Adding this machine's settings ({len(guest.settings.certificates)} extra CA certificates)")
    try:
        guest.build(engine)
    except EngineError as error:
        raise ImageError(
            f"This machine's settings could not be put into the image ({error}); "
            "`localcloud reset --images` and a new start make it from the ground up."
        ) from error


def existing(engine: Engine) -> list[BuiltImage]:
    """The images that hosts boot or booted from, the newest first."""
    settings = machine.collect()
    found = []
    for reference in references(engine, "ubuntu"):
        release, tag = re.findall(r"ubuntu-(.+):(.+)$", reference)[0]
        about = json.loads(engine.run("image", "inspect", reference))[0]
        current = release in RELEASES and reference == Guest(define(engine, release), settings).reference
        found.append(BuiltImage(release, reference, tag, current, about["Size"], about["Created"]))
    return sorted(found, key=lambda image: image.created, reverse=True)


def ready(engine: Engine) -> list[str]:
    """The releases whose hosts could boot now; nothing has to be made for them."""
    settings, there = machine.collect(), references(engine, "ubuntu")
    return sorted(release for release in RELEASES if Guest(define(engine, release), settings).reference in there)


def remove_all(engine: Engine) -> None:
    """Remove every image made here; hosts that boot from them must be gone."""
    for reference in [*references(engine, "ubuntu"), *references(engine, "unfinished"), *references(engine, "base")]:
        engine.run("rmi", reference)


def remove_stale(engine: Engine) -> list[str]:
    """Remove what is out of date and what no host boots from; returns what is gone."""
    wanted = {define(engine, release).reference for release in RELEASES}
    wanted |= {image.reference for image in existing(engine) if image.current}
    gone = []
    for reference in [*references(engine, "ubuntu"), *references(engine, "base")]:
        if reference not in wanted:
            with contextlib.suppress(EngineError):  # a host of today still boots from it
                engine.run("rmi", reference)
                gone.append(reference)
    return gone


def references(engine: Engine, layer: str) -> list[str]:
    listed = engine.run("images", "--format", "{{.Repository}}:{{.Tag}}").splitlines()
    return [line for line in listed if line.startswith(f"{PREFIX}/{layer}-")]


def enough_disk(engine: Engine) -> None:
    """Tell before the work begins, where the engine keeps its images on this machine."""
    place = Path(engine.info["store"]["graphRoot"] if engine.name == "podman" else engine.info["DockerRootDir"])
    if not engine.on_this_machine or not place.is_dir():
        return
    free = shutil.disk_usage(place).free
    if free < NEEDED:
        raise ImageError(
            f"{place} has {free / 1024**2:.0f} MB free, and an Ubuntu image needs {NEEDED // 1024**2} MB while it is "
            f"made; free some, for instance with `{engine.name} image prune`."
        )


def folder_for_logs(cache: Path) -> Path:
    try:
        cache.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ImageError(f"The cache folder {cache} cannot be made ({error.strerror}); choose another.") from error
    return cache


@contextmanager
def alone(say: Callable[[str], None]) -> Iterator[None]:
    """Two programs that want the same image make it once: the engine's images are the user's, whatever the cache."""
    path = Path(tempfile.gettempdir()) / f"localcloud-image-{os.getuid()}.lock"
    try:
        number = os.open(path, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise ImageError(f"{path} cannot be opened ({error.strerror}); remove it, or set TMPDIR.") from error
    with os.fdopen(number, "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Another program is making an image; waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
