"""The one key that Ubuntu's archive is trusted by. It comes over the network; its fingerprint does not."""

import lzma
import re
import subprocess
import tempfile
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path

from localcloud.errors import ImageError
from localcloud.image.definition import Definition
from localcloud.image.refusal import FINGERPRINT, unreachable

KEYRING = "usr/share/keyrings/ubuntu-archive-keyring.gpg"
ANSWER_WITHIN = 20


def put(definition: Definition, folder: Path, proxies: Mapping[str, str]) -> Path:
    """A keyring in `folder` with this key and no other, so that no other can sign anything."""
    own = Path("/") / KEYRING
    source = own if own.is_file() else download(definition, folder, proxies)
    return only(FINGERPRINT, source, folder)


def download(definition: Definition, folder: Path, proxies: Mapping[str, str]) -> Path:
    """Ubuntu's keyring package out of its archive, unpacked. Nothing in it is trusted yet."""
    index = f"dists/{definition.codename}/main/binary-{definition.architecture}/Packages.xz"
    packages = lzma.decompress(fetch(f"{definition.mirror}/{index}", proxies)).decode()
    found = re.search(r"^Package: ubuntu-keyring\n(?:.+\n)*?Filename: (\S+)$", packages, re.MULTILINE)
    if not found:
        raise ImageError(
            f"{definition.mirror} does not offer the package ubuntu-keyring; is it an archive of Ubuntu "
            f"for {definition.architecture}? See LOCALCLOUD_UBUNTU_MIRROR."
        )
    package = folder / "ubuntu-keyring.deb"
    package.write_bytes(fetch(f"{definition.mirror}/{found[1]}", proxies))
    call("dpkg-deb", "--extract", str(package), str(folder / "ubuntu-keyring"))
    return folder / "ubuntu-keyring" / KEYRING


def only(fingerprint: str, keyring: Path, folder: Path) -> Path:
    """The key of this fingerprint alone; ImageError when the keyring does not have it."""
    single = folder / "archive.gpg"
    with tempfile.TemporaryDirectory(prefix="localcloud-gpg-") as home:
        gpg = ("gpg", "--batch", "--quiet", "--homedir", home, "--no-default-keyring", "--no-auto-check-trustdb")
        single.write_bytes(call(*gpg, "--keyring", str(keyring), "--export", fingerprint))
        shown = call(*gpg, "--with-colons", "--show-keys", str(single)) if single.stat().st_size else b""
    primary = re.findall(r"^pub:.*\n(?:(?!fpr:).*\n)*fpr:+([0-9A-F]{40}):", shown.decode(), re.MULTILINE)
    if primary != [fingerprint]:
        raise ImageError(
            f"The keyring that came from Ubuntu's archive lacks the key {fingerprint}, so nothing in that archive "
            "can be trusted; look at LOCALCLOUD_UBUNTU_MIRROR and at the network in between."
        )
    return single


def fetch(address: str, proxies: Mapping[str, str]) -> bytes:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({**urllib.request.getproxies(), **proxies}))
    try:
        with opener.open(address, timeout=ANSWER_WITHIN) as answer:
            return bytes(answer.read())
    except (urllib.error.URLError, OSError) as error:
        raise ImageError(unreachable(address, getattr(error, "reason", None) or error)) from error


def call(*words: str) -> bytes:
    try:
        return subprocess.run(words, capture_output=True, check=True).stdout
    except FileNotFoundError as error:
        raise ImageError(f"{words[0]} is not installed; apt-get install mmdebstrap gnupg brings it.") from error
    except subprocess.CalledProcessError as error:
        raise ImageError(
            f"{words[0]} could not read Ubuntu's keyring ({error.stderr.decode(errors='replace').strip()}); "
            "look at LOCALCLOUD_UBUNTU_MIRROR and at the network in between."
        ) from error
