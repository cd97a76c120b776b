"""The images boot, behave as a machine of EC2 does, and reach what this machine reaches."""

import functools
import http.server
import json
import os
import secrets
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from localcloud.errors import ImageError
from localcloud.hosts import engine as engines
from localcloud.hosts.engine import Engine
from localcloud.image import RELEASES, bootstrap, ensure, existing, images, registry, remove_stale
from localcloud.image.definition import define
from localcloud.image.guest import Guest
from localcloud.image.machine import Settings

MEMORY = 25 * 1024**2
USER_DATA = """\
#!/bin/sh
echo "hello from $(id -un)" > /opt/said
env > /opt/environment
"""


@dataclass
class Booted:
    """A host made as localcloud makes it, and a way in as EC2 gives it: key, user `ubuntu`."""

    engine: Engine
    name: str
    address: str
    folder: Path

    def ssh(self, command: str, timeout: float = 300) -> str:
        options = {
            "UserKnownHostsFile": self.folder / "known_hosts",
            "StrictHostKeyChecking": "accept-new",
            "BatchMode": "yes",
            "ConnectTimeout": 5,
            "LogLevel": "ERROR",
        }
        words = [f"-o{key}={value}" for key, value in options.items()]
        done = subprocess.run(
            ["ssh", "-F", "none", "-i", str(self.folder / "key"), *words, f"ubuntu@{self.address}", command],
            capture_output=True,
            text=True,
            timeout=timeout,
        )
        if done.returncode:
            raise AssertionError(f"{command}: {done.stdout[-2000:]}{done.stderr[-2000:]}")
        return done.stdout.strip()

    def wait(self) -> None:
        """Until SSH answers, and then until cloud-init is through."""
        end = time.monotonic() + 60
        while True:
            try:
                self.ssh("true")
            except AssertionError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.1)
            else:
                self.ssh("cloud-init status --wait")
                return

    def memory(self) -> int:
        """The host's anonymous memory, journal and other files in memory included, as its cgroup counts it."""
        process = self.engine.run("inspect", "--format", "{{.State.Pid}}", self.name)
        lines = Path(f"/proc/{process}/cgroup").read_text().splitlines()
        for _, controllers, place in (line.split(":", 2) for line in lines):
            # The host's systemd has its own group below that of the container.
            place = place.removesuffix("/init.scope")
            if controllers == "memory":
                stat = counters(Path(f"/sys/fs/cgroup/memory{place}/memory.stat"))
                return stat["total_rss"] + stat["total_shmem"]
            if controllers == "" and Path(f"/sys/fs/cgroup{place}/memory.stat").is_file():
                stat = counters(Path(f"/sys/fs/cgroup{place}/memory.stat"))
                return stat["anon"] + stat["shmem"]
        raise AssertionError(f"no memory group among {lines}")


def counters(file: Path) -> dict[str, int]:
    return {name: int(value) for name, value in (line.split() for line in file.read_text().splitlines())}


@pytest.fixture(scope="module")
def engine() -> Engine:
    found = engines.find()
    if not found.routable or found.name != "podman":
        pytest.skip("needs podman as root, to reach hosts by their address")
    return found


@pytest.fixture(scope="module")
def image(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], str]:
    """image("24.04"): built if it is not there yet."""
    cache = tmp_path_factory.mktemp("cache")
    return functools.cache(lambda release: ensure(engine, release, cache, print))


@pytest.fixture(scope="module")
def network(engine: Engine) -> Iterator[str]:
    name = f"lc-test-{secrets.token_hex(3)}"
    engine.run("network", "create", "--disable-dns", "--opt", "mtu=1400", name)
    yield name
    engine.run("network", "rm", name)


@pytest.fixture(scope="module")
def boot(engine: Engine, network: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Booted]]:
    """boot(reference): a host that has begun to boot."""
    made = []

    def booting(reference: str) -> Booted:
        name = f"lc-test-{secrets.token_hex(3)}"
        folder = tmp_path_factory.mktemp(name)
        (folder / "seed").mkdir()
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / "key")], check=True)
        public = (folder / "key.pub").read_text().strip()
        data = {"instance-id": f"i-{name}", "local-hostname": "ip-172-31-0-5", "public-keys": [public]}
        (folder / "seed/meta-data").write_text(json.dumps(data))
        (folder / "seed/user-data").write_text(USER_DATA)
        words = ["create", "-t", "--systemd=always", *engine.limits, "--cap-add", "SYS_BOOT", "--network", network]
        words += ["--hostname", "ip-172-31-0-5", "--memory", "1g", "--cpus", "1"]
        words += ["--volume", f"{folder / 'seed'}:/var/lib/cloud/seed/nocloud:ro", "--name", name]
        made.append(name)
        engine.run(*words, reference, "/sbin/init")
        engine.run("start", name)
        address = engine.run(
            "inspect", "--format", f'{{{{(index .NetworkSettings.Networks "{network}").IPAddress}}}}', name
        )
        return Booted(engine, name, address, folder)

    yield booting
    engine.run("rm", "--force", "--ignore", "--time", "0", *made)


@pytest.fixture(scope="module", params=RELEASES)
def pair(
    request: pytest.FixtureRequest, image: Callable[[str], str], boot: Callable[[str], Booted]
) -> tuple[str, Booted, Booted]:
    """A release, and two hosts of it that are through with their first boot."""
    reference = image(request.param)
    hosts = boot(reference), boot(reference)
    for each in hosts:
        each.wait()
    return request.param, *hosts


def test_a_host_boots_as_ubuntus_own_image_does(pair: tuple[str, Booted, Booted]) -> None:
    release, host, _ = pair
    assert f'VERSION_ID="{release}"' in host.ssh("cat /etc/os-release")
    assert host.ssh("sudo cat /opt/said") == "hello from root"
    status = json.loads(host.ssh("cloud-init status --format json"))
    assert (status["status"], status["extended_status"]) == ("done", "done")
    assert (status["errors"], status["recoverable_errors"]) == ([], {})
    assert host.ssh("systemctl --failed --no-legend; systemctl is-system-running --wait") == "running"
    assert host.ssh("hostname; id --user; id --group").split() == ["ip-172-31-0-5", "1000", "1000"]
    assert "passwordauthentication no" in host.ssh("sudo sshd -T")
    assert host.ssh("git --version && python3 -c 'import apt, debian; print(2)' && locale -a | grep en_US")
    key = host.ssh("cat /etc/ssh/ssh_host_ed25519_key.pub").split()[1]
    assert key in host.engine.run("logs", host.name)
    assert key in (host.folder / "known_hosts").read_text()
    assert host.memory() < MEMORY


def test_two_hosts_share_no_identity(
    engine: Engine, image: Callable[[str], str], pair: tuple[str, Booted, Booted]
) -> None:
    release, one, two = pair
    look = "cat /etc/machine-id /etc/resolv.conf; find /var/lib/apt/lists -size +0 -type f; ls /etc/ssh | grep host_"
    words = ["run", "--rm", "--network", "none", *engine.limits, image(release), "sh", "-c", f"{look}; :"]
    assert engine.run(*words) == ""
    for file in ("/etc/machine-id", "/etc/ssh/ssh_host_ed25519_key.pub"):
        assert one.ssh(f"cat {file}") != two.ssh(f"cat {file}")


def test_a_host_reaches_what_this_machine_reaches(pair: tuple[str, Booted, Booted]) -> None:
    release, host, _ = pair
    # A service starts when it is installed, as it does on EC2; the registry's image forbids it.
    packages = "python3-venv at"
    host.ssh(f"sudo apt-get update && sudo DEBIAN_FRONTEND=noninteractive apt-get install --yes {packages}")
    assert host.ssh("systemctl is-active atd") == "active"
    archive = f"https://archive.ubuntu.com/ubuntu/dists/{RELEASES[release]}/Release"
    assert f"Suite: {RELEASES[release]}" in host.ssh(f"curl --fail --silent --show-error {archive}")
    host.ssh("python3 -m venv venv && venv/bin/pip install --quiet requests uv")
    host.ssh(f"venv/bin/python -c 'import requests; requests.get(\"{archive}\").raise_for_status()'")
    host.ssh("venv/bin/uv pip install --quiet --target by-uv iniconfig")


@pytest.fixture
def behind_tls(tmp_path: Path) -> Iterator[tuple[str, str]]:
    """A server's port and the certificate of the CA, its own, that no distribution knows."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    start = datetime.now(UTC) - timedelta(hours=1)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    public = certificate.public_bytes(serialization.Encoding.PEM).decode()
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    both = tmp_path / "server.pem"
    both.write_bytes(private + public.encode())
    both.chmod(0o600)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(both)
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(tmp_path))
    (tmp_path / "hello").write_text("hello")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"https://127.0.0.1:{server.server_port}/hello", public
        server.shutdown()


def test_the_machines_settings_reach_every_program(
    engine: Engine, image: Callable[[str], str], boot: Callable[[str], Booted], behind_tls: tuple[str, str]
) -> None:
    image("24.04")
    address, certificate = behind_tls
    # An address with a per cent sign and a second one after a space: what systemd, sudo or PAM could spoil.
    index = "https://me:a%40b@index.example/simple https://more.example/simple"
    settings = Settings((certificate,), variables=(("UV_INDEX", index),), pip=(("timeout", "7"),))
    guest = Guest(define(engine, "24.04"), settings)
    guest.build(engine)
    try:
        get = f"curl --fail --silent --noproxy '*' {address}"
        inside = [*engine.limits, "--rm", "--network", "host", guest.reference, "sh", "-c"]
        assert engine.run("run", *inside, get) == "hello"
        with pytest.raises(engines.EngineError):
            engine.run("run", *[image("24.04") if word == guest.reference else word for word in inside], get)
        host = boot(guest.reference)
        host.wait()
        store = "/etc/ssl/certs/ca-certificates.crt"
        for variables in (host.ssh("env"), host.ssh("sudo env"), host.ssh("sudo cat /opt/environment")):
            assert f"UV_INDEX={index}" in variables.splitlines()
            assert f"REQUESTS_CA_BUNDLE={store}" in variables.splitlines()
            assert f"SSL_CERT_FILE={store}" in variables.splitlines()
        pip = host.ssh("cat /etc/pip.conf").splitlines()
        assert pip == ["[global]", f"cert = {store}", "timeout = 7"]
    finally:
        for name in engine.run("ps", "--all", "--quiet", "--filter", f"ancestor={guest.reference}").split():
            engine.run("rm", "--force", "--time", "0", name)
        engine.run("rmi", guest.reference)


def test_what_exists_is_not_made_again(engine: Engine, image: Callable[[str], str], tmp_path: Path) -> None:
    said: list[str] = []
    reference = image("24.04")
    assert ensure(engine, "24.04", tmp_path / "cache", said.append) == reference
    assert said == []
    (mine,) = [built for built in existing(engine) if built.reference == reference]
    assert mine.current
    assert (mine.release, mine.hash) == ("24.04", reference.split(":")[1])
    assert mine.size > 100_000_000


def test_a_changed_setting_costs_seconds_and_leaves_the_earlier_image_marked(
    engine: Engine, image: Callable[[str], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = image("24.04")
    monkeypatch.setenv("PIP_INDEX_URL", "https://index.example/simple")
    said: list[str] = []
    after = ensure(engine, "24.04", tmp_path / "cache", said.append)
    try:
        assert after != before
        assert not [line for line in said if "Installing" in line]
        current = {built.reference: built.current for built in existing(engine)}
        assert (current[before], current[after]) == (False, True)
        words = ["run", "--rm", "--network", "none", *engine.limits, after, "cat", "/etc/pip.conf"]
        assert "index-url = https://index.example/simple" in engine.run(*words)
    finally:
        engine.run("rmi", after)


def test_all_of_ours_are_removed_and_nothing_else(
    engine: Engine, image: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Under names of this test alone: other programs may be using the real ones."""
    kept, prefix = image("24.04"), f"localhost/lc-test-{secrets.token_hex(3)}"
    monkeypatch.setattr(images, "PREFIX", prefix)
    for name in ("base-24.04:1", "ubuntu-24.04:2", "ubuntu-20.04:3", "unfinished-24.04:1"):
        engine.run("tag", kept, f"{prefix}/{name}")
    try:
        engine.run("tag", kept, f"{prefix}/somebody-elses:4")
        assert {(one.release, one.hash, one.current) for one in images.existing(engine)} == {
            ("24.04", "2", False),
            ("20.04", "3", False),
        }
        images.remove_all(engine)
        left = engine.run("images", "--format", "{{.Repository}}:{{.Tag}}").splitlines()
        assert [line for line in left if line.startswith(prefix)] == [f"{prefix}/somebody-elses:4"]
        assert kept in left
    finally:
        engine.run("rmi", f"{prefix}/somebody-elses:4")


def test_a_registry_that_refuses_is_left_at_once(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "IMAGE", "localhost:1/nowhere/ubuntu")
    said: list[str] = []
    start = time.monotonic()
    assert registry.pull(engine, define(engine, "24.04"), said.append) == ""
    assert time.monotonic() - start < registry.ANSWER_WITHIN + 2
    assert "refused" in said[0]


def test_packages_signed_by_another_key_are_not_installed(engine: Engine, tmp_path: Path) -> None:
    home = tmp_path / "gpg"
    home.mkdir(mode=0o700)
    gpg = ["gpg", "--homedir", str(home), "--batch", "--quiet"]
    subprocess.run([*gpg, "--passphrase", "", "--quick-gen-key", "Somebody else", "ed25519", "sign"], check=True)
    definition = define(engine, "24.04")
    key = tmp_path / "other.gpg"
    key.write_bytes(subprocess.run([*gpg, "--export"], check=True, capture_output=True).stdout)
    subprocess.run(["gpgconf", "--homedir", str(home), "--kill", "all"], check=True)
    command = bootstrap.mmdebstrap(definition, key, tmp_path)
    before = engine.run("images", "--quiet", definition.unfinished)
    with pytest.raises(ImageError, match=r"signature of .* is not by Ubuntu's archive key F6ECB3762474.*NO_PUBKEY"):
        bootstrap.run(engine, definition, command, dict(os.environ), tmp_path / "log", print)
    assert engine.run("images", "--quiet", definition.unfinished) == before


def test_what_is_out_of_date_can_be_removed(
    engine: Engine, image: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Under names of this test alone, too."""
    kept, prefix = image("24.04"), f"localhost/lc-test-{secrets.token_hex(3)}"
    for module in ("definition", "guest", "images"):
        monkeypatch.setattr(f"localcloud.image.{module}.PREFIX", prefix)
    stale = f"{prefix}/ubuntu-24.04:000000000000"
    current = kept.replace(kept.rpartition("/")[0], prefix)
    for name in (stale, current):
        engine.run("tag", kept, name)
    try:
        assert [each.reference for each in existing(engine) if not each.current] == [stale]
        assert remove_stale(engine) == [stale]
        assert [each.reference for each in existing(engine)] == [current]
    finally:
        engine.run("rmi", current)
