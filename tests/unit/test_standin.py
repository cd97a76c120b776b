"""The stand-in for the deadsnakes PPA, made by the real apt-get, dpkg-deb and gpg from a small source of our own."""

import hashlib
import http.client
import shutil
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from wsgiref.simple_server import WSGIRequestHandler, make_server
from wsgiref.types import WSGIApplication

import pytest
from lone_apt import lone_apt

from localcloud import standin
from localcloud.standin import index, packages, repository, tools
from localcloud.standin.apt import Offer

pytestmark = pytest.mark.skipif(
    not all(map(shutil.which, ("apt-get", "dpkg-deb", "gpg", "gpgv"))), reason="needs apt-get, dpkg-deb, gpg and gpgv"
)


class Source:
    """An apt source in a folder, and an apt that knows of no other."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.pool = folder / "pool"
        self.pool.mkdir(parents=True)
        self.lists = lone_apt(folder, f"copy:{self.pool} ./", monkeypatch)

    def offer(self, version: str, names: tuple[str, ...] = packages.FETCHED) -> None:
        """Replace what the source offers; apt learns of it only by `update`."""
        for deb in self.pool.glob("*.deb"):
            deb.unlink()
        for name in names:
            self.pack(name, version)
        (self.pool / "Packages").write_text(index.packages(self.pool, self.pool.glob("*.deb")))

    def pack(self, name: str, version: str) -> Path:
        tree = self.pool.parent / "tree" / name
        module = tree / "usr/lib/python3.11" / name.removeprefix("python3-") / "__init__.py"
        licence = tree / "usr/share/doc" / name / "copyright"
        control = tree / "DEBIAN" / "control"
        for file, text in (
            (module, f"version = '{version}'\n"),
            (licence, "free\n"),
            (control, f"Package: {name}\nVersion: {version}\nArchitecture: all\nMaintainer: T\nDescription: test\n"),
        ):
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        control.parent.chmod(0o755)
        deb = self.pool / f"{name}_{version}_all.deb"
        subprocess.run(["dpkg-deb", "--build", tree, deb], check=True, capture_output=True)
        return deb

    def update(self) -> None:
        subprocess.run(["apt-get", "update", "--error-on=any"], check=True, capture_output=True)


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Source:
    made = Source(tmp_path / "source", monkeypatch)
    made.offer("3.11.2-6")
    made.update()
    return made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "stand-in"


@pytest.fixture
def said() -> list[str]:
    return []


def verified(made: standin.StandIn, suite: str, tmp_path: Path) -> bool:
    """What apt does: does gpgv find the Release files signed by the key that is offered along with them?"""
    ring, dist = tmp_path / "ring.gpg", made.path / "dists" / suite
    subprocess.run(["gpg", "--yes", "--dearmor", "-o", ring, made.path / "key.asc"], check=True, capture_output=True)
    gpgv: list[str | Path] = ["gpgv", "--status-fd", "1", "--keyring", ring]
    checks = [[*gpgv, dist / "InRelease"], [*gpgv, dist / "Release.gpg", dist / "Release"]]
    done = [subprocess.run(check, capture_output=True, text=True) for check in checks]
    return all(it.returncode == 0 and f"VALIDSIG {made.fingerprint}" in it.stdout for it in done)


@pytest.mark.parametrize("suite", ["noble", "jammy"])
def test_the_repository_is_complete_and_signed(
    source: Source, folder: Path, said: list[str], suite: str, tmp_path: Path
) -> None:
    made = standin.ensure(folder, said.append)
    assert verified(made, suite, tmp_path)
    assert {"python3.11", "python3.11-venv", "python3.11-dev"} <= made.versions.keys()
    assert made == standin.load(folder)
    dist = made.path / "dists" / suite
    release = (dist / "Release").read_text()
    assert "Origin: localcloud-deadsnakes-stand-in\n" in release
    architecture = subprocess.check_output(["dpkg", "--print-architecture"], text=True).strip()
    listed = dist / "main" / f"binary-{architecture}" / "Packages"
    assert hashlib.sha256(listed.read_bytes()).hexdigest() in release
    names = {line.split()[1] for line in listed.read_text().splitlines() if line.startswith("Package: ")}
    assert names == set(packages.SUITES[suite])
    assert made.notice("http://10.0.0.1:80").count("\n") == 0
    assert all(word in made.notice("http://10.0.0.1:80") for word in ("http://10.0.0.1:80", made.fingerprint, "3.11.2"))


def test_what_is_up_to_date_is_left_alone(source: Source, folder: Path, said: list[str]) -> None:
    made = standin.ensure(folder, said.append)
    assert said
    before, spoken = _moments(made.path), len(said)
    assert standin.ensure(folder, said.append) == made
    assert _moments(made.path) == before
    assert len(said) == spoken


def _moments(root: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in root.rglob("*")}


def test_a_newer_python_renews_it_under_the_same_key(source: Source, folder: Path, tmp_path: Path) -> None:
    old = standin.ensure(folder, print)
    source.offer("3.11.9-1")
    source.update()
    new = standin.ensure(folder, print)
    assert new.versions["python3.11"] == "3.11.9-1"
    assert new.fingerprint == old.fingerprint
    assert verified(new, "noble", tmp_path)
    assert [path.name for path in new.path.rglob("python3.11_*.deb")] == ["python3.11_3.11.9-1_all.deb"]
    assert sum(1 for path in folder.iterdir() if (path / "record.json").exists() and not path.is_symlink()) == 1


def test_package_lists_older_than_the_source_are_read_anew(source: Source, folder: Path, said: list[str]) -> None:
    source.offer("3.11.9-1")
    machine_lists = {path.name: path.read_bytes() for path in source.lists.glob("*_Packages")}
    assert standin.ensure(folder, said.append).versions["python3.11"] == "3.11.9-1"
    assert any("out of date" in line for line in said)
    assert machine_lists == {path.name: path.read_bytes() for path in source.lists.glob("*_Packages")}
    spoken = len(said)
    standin.ensure(folder, said.append)
    assert len(said) == spoken


def test_a_machine_without_package_lists(source: Source, folder: Path, said: list[str]) -> None:
    for path in source.lists.glob("*_Packages"):
        path.unlink()
    assert standin.ensure(folder, said.append).versions["python3.11"] == "3.11.2-6"
    spoken = len(said)
    standin.ensure(folder, said.append)
    assert len(said) == spoken
    assert not list(source.lists.glob("*_Packages"))


@pytest.mark.parametrize(
    ("version", "names", "complaint"),
    [
        ("1.0", ("bash",), "do not offer"),
        ("3.11.0~rc1-1~22.04.1", packages.FETCHED, "from before its release"),
    ],
)
def test_a_source_that_will_not_do(
    source: Source, folder: Path, said: list[str], version: str, names: tuple[str, ...], complaint: str
) -> None:
    made = standin.ensure(folder, print)
    source.offer(version, names)
    source.update()
    with pytest.raises(standin.StandInError, match=complaint) as refused:
        standin.ensure(folder.with_name("other"), said.append)
    assert "Debian 12" in str(refused.value)
    assert standin.load(folder.with_name("other")) is None
    # What was made earlier still serves, and it is said that it is not renewed.
    assert standin.ensure(folder, said.append) == made
    assert said[-1].startswith("Keeping the stand-in")


def test_parts_in_different_versions_are_refused() -> None:
    offers = [Offer("python3.11_3.11.2-6_amd64.deb", "0" * 64), Offer("python3.11-venv_3.11.2-7_all.deb", "0" * 64)]
    with pytest.raises(standin.StandInError, match=r"3\.11\.2-6, 3\.11\.2-7"):
        packages.check(offers)


@pytest.mark.parametrize(
    "moment", ["repository._fetch", "packages.repack", "repository.keyring", "repository._put_in_place"]
)
def test_killed_while_it_is_made(source: Source, folder: Path, moment: str, tmp_path: Path) -> None:
    module, name = moment.split(".")
    script = (
        "import os, signal, sys\nfrom pathlib import Path\nfrom localcloud import standin\n"
        f"from localcloud.standin import {module}\n"
        f"{module}.{name} = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)\n"
        "standin.ensure(Path(sys.argv[1]), print)\n"
    )
    killed = subprocess.run([sys.executable, "-c", script, folder], capture_output=True)
    assert killed.returncode == -9
    assert standin.load(folder) is None
    made = standin.ensure(folder, print)
    assert verified(made, "noble", tmp_path)
    assert not [path for path in folder.iterdir() if path.name.startswith("unfinished")]


def test_a_changed_release_is_refused(source: Source, folder: Path, tmp_path: Path) -> None:
    made = standin.ensure(folder, print)
    assert verified(made, "noble", tmp_path)
    dist = made.path / "dists" / "noble"
    for name in ("Release", "InRelease"):
        kept = (dist / name).read_text()
        (dist / name).write_text(kept.replace("Components: main", "Components: mine"))
        assert not verified(made, "noble", tmp_path), name
        (dist / name).write_text(kept)
    assert verified(made, "noble", tmp_path)


def test_the_key_is_kept_from_others(source: Source, folder: Path) -> None:
    made = standin.ensure(folder, print)
    assert (folder / "key").stat().st_mode & 0o777 == 0o700
    assert (folder / "key" / "secret.asc").stat().st_mode & 0o077 == 0
    assert not [path for path in made.path.rglob("*") if path.is_file() and b"PRIVATE KEY" in path.read_bytes()]


def test_an_index_entry_is_the_packages_own_words_and_its_place(source: Source) -> None:
    deb = source.pack("python3.11", "3.11.2-6")
    entry = dict(line.split(": ", 1) for line in index.packages(source.pool, [deb]).splitlines())
    assert entry["Package"] == "python3.11"
    assert entry["Version"] == "3.11.2-6"
    assert entry["Filename"] == "python3.11_3.11.2-6_all.deb"
    assert entry["Size"] == str(deb.stat().st_size)
    assert entry["SHA256"] == hashlib.sha256(deb.read_bytes()).hexdigest()


def test_a_repacked_package_holds_the_modules_and_the_licence(source: Source, tmp_path: Path) -> None:
    deb = source.pack("python3-distutils", "3.11.2-3")
    made = packages.repack(deb, "python3.11-distutils", tmp_path)
    again = packages.repack(deb, "python3.11-distutils", source.pool)
    assert made.read_bytes() == again.read_bytes()
    assert tools.run("dpkg-deb", "--field", made, "Depends").strip() == "libpython3.11-stdlib, python3.11-lib2to3"
    files = [line.split()[-1] for line in tools.run("dpkg-deb", "--contents", made).splitlines()]
    assert [file for file in files if not file.endswith("/")] == [
        "./usr/lib/python3.11/distutils/__init__.py",
        "./usr/share/doc/python3.11-distutils/copyright",
    ]


def test_the_definition_is_what_the_repository_is_made_from() -> None:
    offer = Offer("python3.11_3.11.2-6_amd64.deb", "0" * 64)
    one = repository.definition("amd64", [offer])
    assert one == repository.definition("amd64", [Offer(offer.file, offer.sha256)])
    assert len({one, *_others(offer)}) == 4


def _others(offer: Offer) -> list[str]:
    return [
        repository.definition("arm64", [offer]),
        repository.definition("amd64", [Offer(offer.file, "1" * 64)]),
        repository.definition("amd64", [Offer("python3.11_3.11.3-1_amd64.deb", offer.sha256)]),
    ]


@pytest.mark.parametrize(
    ("call", "mend"),
    [
        (lambda folder: tools.run("gpg", "--version"), "apt-get install gnupg"),
        (lambda folder: standin.ensure(folder, print), "reach the deadsnakes PPA"),
    ],
)
def test_a_missing_program_is_named_with_its_mend(
    folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, call: Callable[[Path], object], mend: str
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(standin.StandInError, match=mend):
        call(folder)


def test_a_place_that_cannot_be_written(source: Source, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(standin.StandInError, match="cannot be written"):
        standin.ensure(tmp_path / "file" / "stand-in", print)


class Quiet(WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def serving(application: WSGIApplication, certificate: Path | None = None) -> Iterator[int]:
    server = make_server("127.0.0.1", 0, application, handler_class=Quiet)
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def ask(tmp_path: Path) -> Iterator[Callable[..., tuple[int, bytes, http.client.HTTPMessage]]]:
    """ask("GET", "/path"): the answer of a served folder beside which lies a secret."""
    root = tmp_path / "served"
    (root / "pool").mkdir(parents=True)
    (root / "pool" / "a+b~c.deb").write_bytes(b"\0" * 600_000)
    (root / "key.asc").write_text("key")
    (tmp_path / "secret").write_text("secret")
    (root / "way-out").symlink_to(tmp_path / "secret")
    with serving(standin.application(root)) as port:

        def ask(method: str, path: str) -> tuple[int, bytes, http.client.HTTPMessage]:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request(method, path)
            answer = connection.getresponse()
            return answer.status, answer.read(), answer.headers

        yield ask


def test_files_are_served(ask: Callable[..., tuple[int, bytes, http.client.HTTPMessage]]) -> None:
    assert ask("GET", "/key.asc")[:2] == (200, b"key")
    status, content, _ = ask("GET", "/pool/a%2bb~c.deb")
    assert (status, len(content)) == (200, 600_000)
    status, content, headers = ask("HEAD", "/pool/a+b~c.deb")
    assert (status, content, headers["Content-Length"]) == (200, b"", "600000")


@pytest.mark.parametrize(
    "path",
    [
        *("/", "/pool", "/pool/", "/none", "/a%00b", "/" + "x" * 5000),
        *("/../secret", "/%2e%2e/secret", "/pool/../../secret", "/way-out", "//etc/passwd"),
    ],
)
def test_nothing_else_is(ask: Callable[..., tuple[int, bytes, http.client.HTTPMessage]], path: str) -> None:
    status, content, _ = ask("GET", path)
    assert (status, content) == (404, b"404 Not Found\n")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_nothing_can_be_changed(ask: Callable[..., tuple[int, bytes, http.client.HTTPMessage]], method: str) -> None:
    status, _, headers = ask(method, "/key.asc")
    assert (status, headers["Allow"]) == (405, "GET, HEAD")
    assert ask("GET", "/key.asc")[:2] == (200, b"key")


@pytest.mark.parametrize(
    ("status", "reachable"),
    [("200 OK", True), *((each, False) for each in ("403 Forbidden", "404 Not Found", "500 Internal Server Error"))],
)
def test_a_ppa_that_answers(status: str, reachable: bool) -> None:
    def answer(environ: object, start_response: Callable[..., object]) -> Iterable[bytes]:
        start_response(status, [("Content-Length", "0")])
        return []

    with serving(answer) as port:
        assert standin.ppa_reachable(address=f"http://127.0.0.1:{port}/Release") is reachable


def test_a_ppa_that_does_not_answer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        started = time.monotonic()
        assert not standin.ppa_reachable(0.3, f"http://127.0.0.1:{silent.getsockname()[1]}/Release")
        assert time.monotonic() - started < 2
        port = silent.getsockname()[1]
    assert not standin.ppa_reachable(address=f"http://127.0.0.1:{port}/Release")
    assert not standin.ppa_reachable(address="http://no-such-host.invalid/Release")


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl to make a certificate")
def test_a_certificate_that_nobody_vouches_for(tmp_path: Path) -> None:
    certificate = tmp_path / "certificate.pem"
    words = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=localhost"]
    words += ["-addext", "subjectAltName=DNS:localhost", "-keyout", str(tmp_path / "key"), "-out", str(certificate)]
    subprocess.run(["openssl", *words], check=True, capture_output=True)
    certificate.write_text(certificate.read_text() + (tmp_path / "key").read_text())
    with serving(standin.application(tmp_path), certificate) as port:
        assert not standin.ppa_reachable(address=f"https://localhost:{port}/key")
