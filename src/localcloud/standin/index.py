"""The files by which apt finds packages in a repository: Packages, and Release that vouches for it."""

import gzip
import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path

from localcloud.standin.tools import run

# Shown by `apt-cache policy` in every guest: nobody shall take it for the PPA.
ORIGIN = "localcloud-deadsnakes-stand-in"


def packages(root: Path, debs: Iterable[Path]) -> str:
    """The Packages index: what each file says of itself, and where it lies under `root`."""
    return "\n".join(_entry(root, deb) for deb in sorted(debs))


def _entry(root: Path, deb: Path) -> str:
    control = run("dpkg-deb", "--field", deb).rstrip()
    content = deb.read_bytes()
    where = f"Filename: {deb.relative_to(root)}\nSize: {len(content)}\nSHA256: {hashlib.sha256(content).hexdigest()}\n"
    return f"{control}\n{where}"


def write_suite(root: Path, suite: str, architecture: str, debs: Iterable[Path]) -> Path:
    """Write the indexes of one suite and return its Release file, which is still to be signed."""
    dist = root / "dists" / suite
    folder = dist / "main" / f"binary-{architecture}"
    folder.mkdir(parents=True)
    index = packages(root, debs).encode()
    (folder / "Packages").write_bytes(index)
    (folder / "Packages.gz").write_bytes(gzip.compress(index, mtime=0))
    lines = [
        f"Origin: {ORIGIN}",
        f"Label: {ORIGIN}",
        f"Suite: {suite}",
        f"Codename: {suite}",
        f"Date: {format_datetime(datetime.now(UTC), usegmt=True)}",
        f"Architectures: {architecture}",
        "Components: main",
        "Description: Python 3.11 where the deadsnakes PPA cannot be reached",
        "SHA256:",
    ]
    for path in sorted(folder.iterdir()):
        content = path.read_bytes()
        lines.append(f" {hashlib.sha256(content).hexdigest()} {len(content)} {path.relative_to(dist)}")
    release = dist / "Release"
    release.write_text("\n".join(lines) + "\n")
    return release
