"""What the image takes over from the machine, what it is named after, and what it refuses."""

import lzma
import os
import re
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from localcloud.errors import ImageError
from localcloud.hosts.engine import Engine
from localcloud.image import images, keyring, machine, refusal
from localcloud.image.definition import Definition, define
from localcloud.image.guest import Guest, render
from localcloud.image.machine import Settings

PODMAN = Engine("podman", ("podman",), {"host": {"arch": "amd64"}})
NOBLE = Definition("24.04", "amd64", "http://archive.example/ubuntu")
UNTRUSTED = "0" * 40


def certificate(name: str) -> x509.Certificate:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    start = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )


def pem(*certs: x509.Certificate) -> str:
    return "".join(cert.public_bytes(serialization.Encoding.PEM).decode() for cert in certs)


def write(root: Path, path: str, text: str) -> Path:
    target = root / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text)
    return target


def names(settings: Settings) -> set[str]:
    loaded = [x509.load_pem_x509_certificate(text.encode()) for text in settings.certificates]
    return {cert.subject.rfc4514_string().removeprefix("CN=") for cert in loaded}


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """An environment whose apt and pip have no settings of the machine that runs the tests."""
    empty = write(tmp_path, "apt.conf", 'Dir::Etc "/nowhere";\n')
    return {"PATH": os.environ["PATH"], "APT_CONFIG": str(empty), "HOME": str(tmp_path / "home"), "VIRTUAL_ENV": "/no"}


def test_a_cas_way_into_debian_is_a_way_into_guests(tmp_path: Path, environ: dict[str, str]) -> None:
    known, company, hand, lab = (certificate(name) for name in ("known", "company", "by hand", "lab"))
    write(tmp_path, "usr/share/ca-certificates/mozilla/known.crt", pem(known))
    write(tmp_path, "usr/local/share/ca-certificates/company.crt", pem(company))
    write(tmp_path, "etc/ssl/certs/ca-certificates.crt", pem(known, company, hand))
    environ["REQUESTS_CA_BUNDLE"] = str(write(tmp_path, "home/lab.pem", "Our lab's CA\n" + pem(known, lab)))
    assert names(machine.collect(tmp_path, environ)) == {"company", "by hand", "lab"}


def test_a_cas_way_into_fedora_is_a_way_into_guests(tmp_path: Path, environ: dict[str, str]) -> None:
    known, company = certificate("known"), certificate("company")
    write(tmp_path, "etc/pki/tls/certs/ca-bundle.crt", pem(known, company))
    anchor = write(tmp_path, "etc/pki/ca-trust/source/anchors/company.der", "")
    anchor.write_bytes(company.public_bytes(serialization.Encoding.DER))
    environ["SSL_CERT_FILE"] = str(tmp_path / "etc/pki/tls/certs/ca-bundle.crt")
    assert names(machine.collect(tmp_path, environ)) == {"company"}


def test_pips_cert_counts_as_a_ca_of_the_machine(tmp_path: Path, environ: dict[str, str]) -> None:
    bundle = write(tmp_path, "opt/ca.pem", pem(certificate("proxy")))
    write(tmp_path, "etc/pip.conf", f"[global]\ncert = {bundle}\n")
    settings = machine.collect(tmp_path, environ)
    assert names(settings) == {"proxy"}
    assert "cert = /etc/ssl/certs/ca-certificates.crt" in render(settings)["etc/pip.conf"]


def test_a_machine_without_peculiarities_leaves_no_trace(tmp_path: Path, environ: dict[str, str]) -> None:
    settings = machine.collect(tmp_path, environ)
    assert settings == Settings()
    assert render(settings) == {"etc/localcloud.environment": ""}


def test_pip_settings_follow_pips_own_order(tmp_path: Path, environ: dict[str, str]) -> None:
    write(tmp_path, "etc/pip.conf", "[global]\nindex-url = https://old.example/simple\ntimeout = 60\n")
    write(tmp_path, "home/.config/pip/pip.conf", "[global]\nindex_url = https://index.example/simple\n")
    environ["PIP_EXTRA_INDEX_URL"] = "https://more.example/simple https://most.example/simple"
    environ["PIP_TRUSTED_HOST"] = "more.example"
    assert dict(machine.collect(tmp_path, environ).pip) == {
        "index-url": "https://index.example/simple",
        "extra-index-url": "https://more.example/simple https://most.example/simple",
        "trusted-host": "more.example",
        "timeout": "60",
    }


@pytest.mark.parametrize(
    "address",
    ["/srv/wheels", "file:///srv/simple", "http://localhost:3141/simple", "http://127.0.0.1:3141", "http://[::1]:1/x"],
)
def test_an_index_that_a_guest_cannot_reach_is_left_out_and_named(
    tmp_path: Path, environ: dict[str, str], address: str
) -> None:
    environ["PIP_EXTRA_INDEX_URL"] = f"{address} https://index.example/simple"
    settings = machine.collect(tmp_path, environ)
    assert dict(settings.pip) == {"extra-index-url": "https://index.example/simple"}
    assert settings.left_out == ("pip's extra-index-url",)


def test_proxies_come_in_both_cases_and_never_stand_before_the_metadata(
    tmp_path: Path, environ: dict[str, str]
) -> None:
    environ |= {"HTTPS_PROXY": "http://proxy.example:3128", "no_proxy": ".example, 10.0.0.0/8"}
    variables = dict(machine.collect(tmp_path, environ).variables)
    assert variables["https_proxy"] == variables["HTTPS_PROXY"] == "http://proxy.example:3128"
    assert variables["no_proxy"] == ".example,10.0.0.0/8,localhost,127.0.0.1,169.254.169.254"


def test_a_proxy_on_the_machine_itself_is_left_out_and_named(tmp_path: Path, environ: dict[str, str]) -> None:
    environ |= {"http_proxy": "127.0.0.1:8118", "https_proxy": "proxy.example:3128"}
    settings = machine.collect(tmp_path, environ)
    assert "http_proxy" not in dict(settings.variables)
    assert dict(settings.variables)["https_proxy"] == "proxy.example:3128"
    assert settings.left_out == ("http_proxy",)


def test_apts_own_proxy_is_taken_over(tmp_path: Path, environ: dict[str, str]) -> None:
    if shutil.which("apt-config") is None:
        pytest.skip("this machine has no apt")
    write(tmp_path, "apt.conf", 'Dir::Etc "/nowhere";\nAcquire::http { Proxy "http://cacher.example:3142"; };\n')
    files = render(machine.collect(tmp_path, environ))
    assert 'Acquire::http::Proxy "http://cacher.example:3142";' in files["etc/apt/apt.conf.d/90localcloud-proxy"]


def test_uvs_named_index_is_taken_over(tmp_path: Path, environ: dict[str, str]) -> None:
    environ["UV_INDEX"] = "lab=https://index.example/simple file:///srv/simple"
    settings = machine.collect(tmp_path, environ)
    assert 'UV_INDEX="lab=https://index.example/simple"\n' in render(settings)["etc/localcloud.environment"]


def test_a_new_setting_is_a_new_guest_on_the_same_base() -> None:
    before, after = Guest(NOBLE, Settings()), Guest(NOBLE, Settings(pip=(("index-url", "https://index.example"),)))
    assert before.reference != after.reference
    assert before.base.reference == after.base.reference
    assert before.reference == Guest(NOBLE, Settings()).reference


def test_another_archive_architecture_or_release_is_another_base(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LOCALCLOUD_UBUNTU_MIRROR", raising=False)
    usual = define(PODMAN, "24.04")
    arm = define(Engine("docker", ("docker",), {"Architecture": "aarch64"}), "24.04")
    assert usual.mirror == "http://archive.ubuntu.com/ubuntu"
    assert arm.mirror == "http://ports.ubuntu.com/ubuntu-ports"
    monkeypatch.setenv("LOCALCLOUD_UBUNTU_MIRROR", "http://mirror.example/ubuntu/")
    moved = define(PODMAN, "24.04")
    assert moved.mirror == "http://mirror.example/ubuntu"
    assert len({usual.reference, arm.reference, moved.reference, define(PODMAN, "22.04").reference}) == 4


def test_an_unknown_release_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ImageError, match=r"'18.04'; choose one of 24.04, 22.04"):
        define(PODMAN, "18.04")


@pytest.mark.parametrize(
    "mirror", ["archive.ubuntu.com", "ftp://a.example", "http://a.example/$(reboot)", "http://a'b"]
)
def test_a_mirror_that_is_no_address_is_refused(monkeypatch: pytest.MonkeyPatch, mirror: str) -> None:
    monkeypatch.setenv("LOCALCLOUD_UBUNTU_MIRROR", mirror)
    with pytest.raises(ImageError, match=r"LOCALCLOUD_UBUNTU_MIRROR is .* must be an address"):
        define(PODMAN, "24.04")


def make_key(home: Path, name: str) -> str:
    home.mkdir(mode=0o700, exist_ok=True)
    gpg = ["gpg", "--homedir", str(home), "--batch", "--quiet"]
    subprocess.run([*gpg, "--passphrase", "", "--quick-gen-key", name, "ed25519", "sign"], check=True)
    listed = subprocess.run([*gpg, "--with-colons", "--list-keys", name], check=True, capture_output=True, text=True)
    return next(line.split(":")[9] for line in listed.stdout.splitlines() if line.startswith("fpr"))


def fingerprints(file: Path) -> list[str]:
    shown = subprocess.run(
        ["gpg", "--batch", "--with-colons", "--show-keys", str(file)], check=True, capture_output=True, text=True
    )
    return [line.split(":")[9] for line in shown.stdout.splitlines() if line.startswith("fpr")]


@pytest.fixture(scope="module")
def two_keys(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str, str]]:
    """A keyring of two keys and their fingerprints."""
    folder = tmp_path_factory.mktemp("keys")
    home = folder / "home"
    first, second = make_key(home, "Ubuntu"), make_key(home, "Somebody else")
    ring = folder / "ring.gpg"
    exported = subprocess.run(["gpg", "--homedir", str(home), "--export"], check=True, capture_output=True).stdout
    ring.write_bytes(exported)
    yield ring, first, second
    subprocess.run(["gpgconf", "--homedir", str(home), "--kill", "all"], check=True)


def test_only_the_pinned_key_is_kept(two_keys: tuple[Path, str, str], tmp_path: Path) -> None:
    ring, wanted, other = two_keys
    assert set(fingerprints(ring)) == {wanted, other}
    assert fingerprints(keyring.only(wanted, ring, tmp_path)) == [wanted]


def test_a_keyring_without_the_pinned_key_is_refused(two_keys: tuple[Path, str, str], tmp_path: Path) -> None:
    with pytest.raises(ImageError, match=f"lacks the key {UNTRUSTED}"):
        keyring.only(UNTRUSTED, two_keys[0], tmp_path)


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[tuple[Definition, Path]]:
    """An archive that serves what lies in a folder."""
    folder = tmp_path / "archive"
    folder.mkdir()
    handler = partial(Quiet, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield Definition("24.04", "amd64", f"http://127.0.0.1:{server.server_port}"), folder
        server.shutdown()


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Says nothing."""


def test_an_impostors_archive_is_refused_before_anything_is_installed(
    archive: tuple[Definition, Path], two_keys: tuple[Path, str, str], tmp_path: Path
) -> None:
    definition, folder = archive
    tree = tmp_path / "package"
    write(tree, "DEBIAN/control", "Package: ubuntu-keyring\nVersion: 1\nArchitecture: all\nMaintainer: x <x@example>\n")
    write(tree, keyring.KEYRING, "").write_bytes(two_keys[0].read_bytes())
    (folder / "pool").mkdir()
    subprocess.run(["dpkg-deb", "--build", str(tree), str(folder / "pool/k.deb")], check=True, capture_output=True)
    index = "Package: a\nFilename: pool/a.deb\n\nPackage: ubuntu-keyring\nVersion: 1\nFilename: pool/k.deb\nSize: 1\n"
    write(folder, "dists/noble/main/binary-amd64/Packages.xz", "").write_bytes(lzma.compress(index.encode()))
    got = keyring.download(definition, tmp_path, {})
    assert set(fingerprints(got)) == set(two_keys[1:])
    with pytest.raises(ImageError, match=f"lacks the key {refusal.FINGERPRINT}"):
        keyring.only(refusal.FINGERPRINT, got, tmp_path)


def test_what_is_no_archive_of_ubuntu_is_refused(archive: tuple[Definition, Path], tmp_path: Path) -> None:
    definition, folder = archive
    with pytest.raises(ImageError, match=r"cannot be reached .*File not found.*LOCALCLOUD_UBUNTU_MIRROR"):
        keyring.download(definition, tmp_path, {})
    write(folder, "dists/noble/main/binary-amd64/Packages.xz", "").write_bytes(lzma.compress(b"Package: a\n"))
    with pytest.raises(ImageError, match="does not offer the package ubuntu-keyring"):
        keyring.download(definition, tmp_path, {})


def test_an_archive_that_does_not_answer_is_named_with_the_mend() -> None:
    with pytest.raises(ImageError, match=r"http://127.0.0.1:1/x: .*refused.*set LOCALCLOUD_UBUNTU_MIRROR"):
        keyring.fetch("http://127.0.0.1:1/x", {})


@pytest.mark.parametrize(
    ("log", "sentence"),
    [
        ("Err:1 http://a noble InRelease\n  Could not resolve 'a'\nE: apt-get update failed", "cannot be reached"),
        ("E: Failed to fetch http://a/b.deb  404  Not Found\nE: failed", r"cannot be reached .*b.deb  404"),
        (
            "W: GPG error: http://a InRelease: NO_PUBKEY 871920D1991BC93C\nE: The repository is not signed.",
            "signature of",
        ),
        ("dpkg: error: x: No space left on device\nE: Could not resolve", "disk is full.*TMPDIR"),
        (
            "I: start\nE: the moon is full.\nE: setup failed",
            r"mmdebstrap could not make Ubuntu: the moon is full\. Its",
        ),
    ],
)
def test_a_failed_bootstrap_says_why_in_one_sentence(tmp_path: Path, log: str, sentence: str) -> None:
    said = refusal.explain(write(tmp_path, "log", log), "http://a", "mmdebstrap")
    assert re.search(sentence, said), said
    assert "\n" not in said


def test_too_little_disk_is_told_before_the_work_begins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Engine("podman", ("podman",), {"host": {"arch": "amd64"}, "store": {"graphRoot": str(tmp_path)}})
    images.enough_disk(engine)
    monkeypatch.setattr(images, "NEEDED", 10**18)
    with pytest.raises(ImageError, match=rf"{tmp_path} has \d+ MB free, .*podman image prune"):
        images.enough_disk(engine)


def test_a_cache_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(
        ImageError, match=r"cache folder .*file/cache cannot be made \(Not a directory\); choose another"
    ):
        images.folder_for_logs(tmp_path / "file/cache")


def test_a_second_program_says_that_it_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    order: list[str] = []

    def second() -> None:
        with images.alone(order.append):
            order.append("second has it")

    waiting = threading.Thread(target=second)
    with images.alone(order.append):
        waiting.start()
        for _ in range(500):
            if order:
                break
            time.sleep(0.01)
        order.append("first is through")
    waiting.join()
    assert order == ["Another program is making an image; waiting for it", "first is through", "second has it"]
