"""What can be wrong with an engine, met as a user meets it: one sentence with the mend, and soon."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from localcloud import LocalCloud
from localcloud.errors import EngineError, LocalCloudError
from localcloud.hosts import complaints, preflight
from localcloud.hosts import engine as engines
from localcloud.hosts.engine import Engine

EVERYWHERE = "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
PODMAN = """{"host": {"security": {"rootless": false}, "ociRuntime": {"name": "crun"}, "cgroupVersion": "v1"},
"version": {"Version": "4.3.1"}}"""


@pytest.fixture(autouse=True)
def asked_anew() -> Iterator[None]:
    """No test is told what another test's engine has said."""
    engines.find.cache_clear()
    yield
    engines.find.cache_clear()


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    folder = tmp_path / "programs"
    folder.mkdir()
    return folder


def program(folder: Path, name: str, script: str) -> None:
    file = folder / name
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)


def all_but(folder: Path, *missing: str) -> str:
    """A PATH on which everything is, but for these."""
    for place in map(Path, EVERYWHERE.split(":")):
        for file in place.iterdir() if place.is_dir() else ():
            if file.name not in missing and not (folder / file.name).is_symlink():
                (folder / file.name).symlink_to(file)
    return str(folder)


def start(tmp_path: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    home = tmp_path / "home"
    words = [sys.executable, "-m", "localcloud", "--home", str(home), "start", "--port", "0", "--no-standin"]
    return subprocess.run(words, capture_output=True, text=True, timeout=120, env={**os.environ, **environment})


def refusal(done: subprocess.CompletedProcess[str]) -> str:
    """The one line of a refused start."""
    assert done.returncode == 1, done
    assert not done.stdout
    [line] = done.stderr.splitlines()
    return line


def test_no_engine_at_all(tmp_path: Path, programs: Path) -> None:
    said = refusal(start(tmp_path, PATH=str(programs)))
    assert "podman is not installed" in said
    assert "docker is not installed" in said
    assert "apt-get install podman runc netavark" in said


def test_a_client_without_an_engine(tmp_path: Path, programs: Path) -> None:
    client = shutil.which("docker", path=EVERYWHERE)
    if client is None:
        pytest.skip("there is no docker client here")
    (programs / "docker").symlink_to(client)
    said = refusal(start(tmp_path, PATH=str(programs), DOCKER_HOST=f"unix://{tmp_path}/nobody.sock"))
    assert f"no engine answers it (Cannot connect to the Docker daemon at unix://{tmp_path}/nobody.sock" in said


@pytest.mark.skipif(os.geteuid() != 0, reason="needs another user's socket")
def test_a_socket_that_one_may_not_use(tmp_path: Path) -> None:
    client = shutil.which("docker", path=EVERYWHERE)
    if client is None:
        pytest.skip("there is no docker client here")
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as listening:
        Path(folder).chmod(0o755)
        listening.bind(f"{folder}/docker.sock")
        listening.listen()
        Path(folder, "docker.sock").chmod(0o600)
        environment = {"DOCKER_HOST": f"unix://{folder}/docker.sock", "HOME": "/", "PATH": EVERYWHERE}
        as_nobody = ["setpriv", "--reuid", "nobody", "--clear-groups", client, "info", "--format", "{{json .}}"]
        done = subprocess.run(as_nobody, capture_output=True, text=True, env=environment, timeout=20)
    said = complaints.known("docker", done.stderr + done.stdout)
    assert said is not None
    assert "--groups docker $USER" in said


def test_an_engine_that_hangs_is_not_waited_for(programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor is the process that it has started, and that holds on to its output."""
    program(programs, "podman", "sleep 60; true")
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    monkeypatch.setattr(engines, "ANSWER_WITHIN", 1)
    begun = time.monotonic()
    with pytest.raises(EngineError, match=r"podman info did not end within 1 s"):
        engines.find("podman")
    assert time.monotonic() - begun < 5


@pytest.mark.skipif(not Path("/sys/fs/cgroup/unified").is_dir(), reason="this machine has no hybrid cgroups")
def test_crun_on_hybrid_cgroups_wants_runc(tmp_path: Path, programs: Path) -> None:
    program(programs, "podman", f"echo '{PODMAN}'")
    said = refusal(start(tmp_path, PATH=f"{programs}"))
    assert "install runc" in said


@pytest.mark.parametrize(
    ("printed", "meaning"),
    [
        # As podman 4.3 and docker 20.10 and 28 printed them.
        (
            'time="T" level=error msg="While recovering from a failure"\nError: creating container storage: write '
            "/var/lib/containers/storage/overlay-layers/.tmp-layers.json2: no space left on device",
            "is full; free some, for instance with `podman image prune`",
        ),
        (
            'Error: could not find "netavark" in one of [/usr/lib/podman].  To resolve this error, set the '
            "helper_binaries_dir key in the `[engine]` section of containers.conf",
            "netavark, which makes podman's networks, is not installed",
        ),
        ("Error: netavark: No such file or directory (os error 2)", "apt-get install iptables"),
        (
            'Error: unable to start container "6f2f": /usr/bin/slirp4netns failed: "open(\\"/dev/net/tun\\"): '
            'Permission denied\\nWARNING: Support for seccomp is experimental\\n"',
            "chmod 666 /dev/net/tun",
        ),
        (
            'Error: could not find slirp4netns, the network namespace can\'t be configured: exec: "slirp4netns": '
            "executable file not found in $PATH",
            "apt-get install slirp4netns",
        ),
        (
            'Error: command required for rootless mode with multiple IDs: exec: "newuidmap": executable file not '
            "found in $PATH",
            "apt-get install uidmap",
        ),
        (
            "permission denied while trying to connect to the Docker daemon socket at unix:///run/docker.sock: Get "
            '"http://%2Frun%2Fdocker.sock/v1.50/info": dial unix /run/docker.sock: connect: permission denied',
            "--groups docker",
        ),
    ],
)
def test_known_complaints_are_told_with_their_mend(printed: str, meaning: str) -> None:
    said = complaints.known("podman", printed)
    assert said is not None
    assert meaning in said
    assert "\n" not in said


def test_other_complaints_are_told_in_the_engines_own_words() -> None:
    assert complaints.known("podman", "Error: the sky is falling") is None
    engine = Engine("podman", ("podman",), {})
    assert engine.meaning("noise level=warning\nError: the sky is falling") == "the sky is falling"


@pytest.fixture
def rootful_podman() -> Iterator[None]:
    try:
        routable = engines.find("podman").routable
    except EngineError:
        routable = False
    if not routable:
        pytest.skip("needs root's podman on this machine")
    yield


@pytest.mark.usefixtures("rootful_podman")
@pytest.mark.parametrize("missing", ["nft", "ip", "nsenter", "iptables"])
def test_a_program_that_hosts_need_is_missing(missing: str, programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if missing == "iptables" and engines.find("podman").version >= preflight.WITHOUT_IPTABLES:
        pytest.skip("this podman does without iptables")
    monkeypatch.setenv("PATH", all_but(programs, missing))
    with pytest.raises(EngineError, match=f"without {missing}, not found on the PATH.*apt-get install"):
        preflight.check(engines.find("podman"))


@pytest.mark.usefixtures("rootful_podman")
def test_a_start_asks_what_is_missing(tmp_path: Path, programs: Path) -> None:
    assert "without nft, not found on the PATH" in refusal(start(tmp_path, PATH=all_but(programs, "nft")))


@pytest.mark.usefixtures("rootful_podman")
def test_podman_without_its_network_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = tmp_path / "containers.conf"
    settings.write_text('[network]\nnetwork_backend = "netavark"\n[engine]\nhelper_binaries_dir = ["/nowhere"]\n')
    monkeypatch.setenv("CONTAINERS_CONF", str(settings))
    with pytest.raises(LocalCloudError, match="netavark, which makes podman's networks, is not installed"):
        LocalCloud().__enter__()


@pytest.mark.usefixtures("rootful_podman")
def test_a_full_disk_is_told_before_the_work_begins(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=20m", "tmpfs", disk], check=True)
    try:
        settings = tmp_path / "storage.conf"
        settings.write_text(f'[storage]\ndriver = "overlay"\ngraphroot = "{disk}/g"\nrunroot = "{disk}/r"\n')
        said = refusal(start(tmp_path, CONTAINERS_STORAGE_CONF=str(settings)))
        assert f"{disk}/g has " in said
        assert "MB free, and an Ubuntu image needs 2048 MB" in said
    finally:
        subprocess.run(["umount", "--recursive", disk], check=True)
