"""The CA certificates that this machine trusts beyond those of its distribution.

A guest does not have them, so behind a proxy that inspects TLS nothing could be installed in it.
"""

import base64
import hashlib
import re
import ssl
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

# Where an administrator puts a CA: Debian and Ubuntu, Fedora and its kin (two), SUSE, Arch.
ANCHORS = (
    "usr/local/share/ca-certificates",
    "etc/pki/ca-trust/source/anchors",
    "usr/share/pki/ca-trust-source/anchors",
    "etc/pki/trust/anchors",
    "etc/ca-certificates/trust-source/anchors",
)
# What programs read in the end: Debian, Fedora, SUSE, Alpine and macOS.
BUNDLES = (
    "etc/ssl/certs/ca-certificates.crt",
    "etc/pki/tls/certs/ca-bundle.crt",
    "etc/ssl/ca-bundle.pem",
    "etc/ssl/cert.pem",
)
# Debian keeps the distribution's own certificates apart, so that what was added to the bundle by hand shows as well.
DISTRIBUTION = "usr/share/ca-certificates"
VARIABLES = (
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "PIP_CERT",
    "AWS_CA_BUNDLE",
    "GIT_SSL_CAINFO",
    "NODE_EXTRA_CA_CERTS",
)
PEM = re.compile(r"-----BEGIN CERTIFICATE-----\s+([A-Za-z0-9+/=\s]+?)-----END CERTIFICATE-----")


def additional(root: Path, environ: Mapping[str, str], more: Iterable[str] = ()) -> tuple[str, ...]:
    """The machine's additional certificates in PEM; `more` are files named elsewhere, as in pip's settings."""
    anchors = read(root / place for place in ANCHORS)
    bundles = read(root / place for place in BUNDLES)
    ours = read([root / DISTRIBUTION]) or bundles
    named = [Path(part) for name in VARIABLES for part in environ.get(name, "").split(":") if part]
    added = {**bundles, **read([*named, *map(Path, more)])}
    chosen = anchors | {key: der for key, der in added.items() if key not in ours}
    return tuple(ssl.DER_cert_to_PEM_cert(chosen[key]) for key in sorted(chosen))


def read(places: Iterable[Path]) -> dict[str, bytes]:
    """All certificates in these files and folders, by fingerprint; what does not exist has none."""
    ders = (der for path in _files(places) for der in _certificates(path.read_bytes()))
    return {hashlib.sha256(der).hexdigest(): der for der in ders}


def _files(places: Iterable[Path]) -> Iterator[Path]:
    for place in places:
        if place.is_dir():
            yield from (path for path in sorted(place.rglob("*")) if path.is_file())
        elif place.is_file():
            yield place


def _certificates(data: bytes) -> Iterator[bytes]:
    """The certificates of one file: any number in PEM, or a single one in DER, which Fedora also takes."""
    text = data.decode("latin-1")
    if data[:2] == b"\x30\x82" and "-----BEGIN" not in text:
        yield data
    for match in PEM.finditer(text):
        yield base64.b64decode(match[1])
