"""Real Ubuntu guests install Python 3.11 from the stand-in, signature checked, and keep their own Python as it was."""

import re
import secrets
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pytest

from localcloud import standin
from localcloud.hosts.engine import Engine
from localcloud.standin.signing import keyring

SERIES = {"24.04": "noble", "22.04": "jammy"}
SOURCE = """\
Types: deb
URIs: {url}
Suites: {suite}
Components: main
Signed-By: /etc/apt/keyrings/stand-in.asc
"""
# The parts of the standard library that need a library of the system: one that is missing there fails on import.
COMPILED = "bz2, ctypes, curses, dbm.ndbm, hashlib, lzma, nis, pyexpat, readline, sqlite3, ssl, uuid, zlib"


class Threading(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class Quiet(WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def image_of(engine: Engine) -> Callable[[str], str]:
    """image_of("24.04"): the image that localcloud boots for it."""
    # Imported here, so that the tests are collected where images are not built.
    from localcloud import image
    from localcloud.home import cache_folder

    return lambda series: str(image.ensure(engine, series, cache_folder(), print))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> standin.StandIn:
    return standin.ensure(tmp_path_factory.mktemp("stand-in"), print)


@pytest.fixture(scope="module")
def network(engine: Engine) -> Iterator[str]:
    name = f"standin-test-{secrets.token_hex(4)}"
    engine.run("network", "create", "--disable-dns", "--opt", "mtu=1400", name)
    yield name
    engine.run("network", "rm", "--force", name)


@pytest.fixture(scope="module", params=SERIES)
def guest(
    request: pytest.FixtureRequest, engine: Engine, network: str, image_of: Callable[[str], str]
) -> Iterator["Guest"]:
    name = f"{network}-{request.param.replace('.', '')}"
    servers = re.findall(r"^nameserver\s+(\S+)", Path("/etc/resolv.conf").read_text(), re.MULTILINE)
    words = [word for server in servers for word in ("--dns", server)]
    image = image_of(request.param)
    engine.run("run", "-d", "--name", name, *engine.limits, "--network", network, *words, image, "sleep", "infinity")
    yield Guest(engine, name, SERIES[request.param])
    engine.run("rm", "--force", "--time", "0", name)


@pytest.fixture(scope="module")
def url(engine: Engine, network: str, guest: "Guest", made: standin.StandIn) -> Iterator[str]:
    """The stand-in served on the guests' bridge, which exists from the first guest on."""
    gateway = engine.run("network", "inspect", network, "--format", "{{range .Subnets}}{{.Gateway}}{{end}}")
    server = make_server(gateway, 0, standin.application(made.path), Threading, Quiet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://{gateway}:{server.server_port}"
    server.shutdown()
    server.server_close()


class Guest:
    def __init__(self, engine: Engine, name: str, suite: str) -> None:
        self.engine, self.name, self.suite = engine, name, suite

    def sh(self, script: str, stdin: str = "") -> str:
        environment = ("--env", "DEBIAN_FRONTEND=noninteractive", "--env", "LC_ALL=C.UTF-8")
        command = ("bash", "-ec", script)
        return self.engine.run("exec", "--interactive", *environment, self.name, *command, stdin=stdin)

    def trust(self, key: str, url: str) -> None:
        self.sh("mkdir -p /etc/apt/keyrings; cat > /etc/apt/keyrings/stand-in.asc", key)
        self.sh("cat > /etc/apt/sources.list.d/stand-in.sources", SOURCE.format(url=url, suite=self.suite))


def test_another_key_is_refused(guest: Guest, url: str, made: standin.StandIn, tmp_path: Path) -> None:
    with keyring(tmp_path) as other:
        guest.trust(other.public_key(), url)
    only = "-o Dir::Etc::sourcelist=/dev/null"
    said = guest.sh(f"if apt-get update {only} --error-on=any 2>&1; then echo ACCEPTED; fi")
    assert "NO_PUBKEY" in said
    assert "ACCEPTED" not in said


def test_python_installs_and_the_systems_own_stays(guest: Guest, url: str, made: standin.StandIn) -> None:
    guest.trust((made.path / "key.asc").read_text(), url)
    own = "readlink -f /usr/bin/python3; /usr/bin/python3 -VV; dpkg-query -W python3 python3-minimal libpython3-stdlib"
    before = guest.sh(own)
    guest.sh("apt-get update -q --error-on=any && apt-get install -qy python3.11 python3.11-venv python3.11-dev")

    policy = guest.sh("apt-cache policy; apt-cache policy python3.11")
    assert "o=localcloud-deadsnakes-stand-in" in policy
    assert f"Installed: {made.versions['python3.11']}" in policy
    assert f"Candidate: {made.versions['python3.11']}" in policy
    assert guest.sh("python3.11 --version") == f"Python {made.versions['python3.11'].partition('-')[0]}"
    assert "(python 3.11)" in guest.sh("python3.11 -m venv /tmp/v && /tmp/v/bin/pip --version")
    guest.sh("test -f $(python3.11-config --includes | sed 's/^-I//; s/ .*//')/Python.h")
    guest.sh(f"python3.11 -c 'import {COMPILED}'")
    guest.sh("python3.11 -W ignore -c 'import distutils.core, lib2to3.refactor'")
    guest.sh("apt-get check && dpkg --audit")

    assert guest.sh(own) == before
    guest.sh("apt-get install -qy python3-venv && /usr/bin/python3 -m venv /tmp/own")
    assert "(python 3.11)" not in guest.sh("/tmp/own/bin/pip --version")
