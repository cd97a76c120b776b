"""What lets this machine reach the outside: CA certificates, proxies, package indexes. Guests take it over.

Only what a guest can use is kept: a folder or a file:// address does not exist in it, and 127.0.0.1 there is itself.
"""

import configparser
import ipaddress
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from localcloud.image import certificates

PROXIES = ("http_proxy", "https_proxy", "ftp_proxy", "all_proxy")
# A guest must reach itself and its instance metadata directly, whatever lies between it and the world.
NEVER_PROXIED = ("localhost", "127.0.0.1", "169.254.169.254")
PIP_ADDRESSES = ("index-url", "extra-index-url", "find-links", "proxy")
PIP_WORDS = ("trusted-host", "timeout", "default-timeout", "retries")
UV_ADDRESSES = ("UV_INDEX_URL", "UV_EXTRA_INDEX_URL", "UV_DEFAULT_INDEX", "UV_INDEX", "UV_FIND_LINKS")
UV_WORDS = ("UV_INSECURE_HOST", "UV_INDEX_STRATEGY", "UV_HTTP_TIMEOUT")


@dataclass(frozen=True)
class Settings:
    """`left_out` names, in words for a person, what a guest could not have used."""

    certificates: tuple[str, ...] = ()
    variables: tuple[tuple[str, str], ...] = ()
    pip: tuple[tuple[str, str], ...] = ()
    apt_proxies: tuple[tuple[str, str], ...] = ()
    left_out: tuple[str, ...] = ()


def collect(root: Path = Path("/"), environ: Mapping[str, str] | None = None) -> Settings:
    """The settings of the machine whose files are under `root`."""
    environ = os.environ if environ is None else environ
    left_out: list[str] = []

    def usable(name: str, value: str) -> str:
        kept = [word for word in value.split() if reachable(word)]
        if len(kept) < len(value.split()):
            left_out.append(name)
        return " ".join(kept)

    pip = pip_settings(root, environ)
    pip_kept = {key: usable(f"pip's {key}", pip[key]) for key in PIP_ADDRESSES if key in pip}
    pip_kept |= {key: " ".join(pip[key].split()) for key in PIP_WORDS if key in pip}

    variables = {name: usable(name, value) for name in PROXIES if (value := either_case(environ, name))}
    if any(variables.values()):
        direct = [word for word in re.split(r"[,\s]+", either_case(environ, "no_proxy")) if word]
        variables["no_proxy"] = ",".join(dict.fromkeys([*direct, *NEVER_PROXIED]))
    variables |= {name.upper(): value for name, value in variables.items()}
    variables |= {name: usable(name, environ[name]) for name in UV_ADDRESSES if name in environ}
    variables |= {name: environ[name] for name in UV_WORDS if name in environ}

    apt = {scheme: usable("apt's proxy", value) for scheme, value in apt_proxies(environ)}
    return Settings(
        certificates=certificates.additional(root, environ, [pip["cert"]] if "cert" in pip else []),
        variables=_given(variables),
        pip=_given(pip_kept),
        apt_proxies=_given(apt),
        left_out=tuple(dict.fromkeys(left_out)),
    )


def either_case(environ: Mapping[str, str], name: str) -> str:
    return environ.get(name) or environ.get(name.upper(), "")


def reachable(address: str) -> bool:
    """Can a guest use this address, such as http://proxy:3128, proxy:3128 or, for uv, name=https://index/simple?"""
    address = re.sub(r"^[\w.-]+=(?=\w+:)", "", address)
    if "://" not in address and not re.match(r"^[\w.-]+:\d+$", address):
        return False
    parts = urlsplit(address if "://" in address else f"//{address}")
    if parts.scheme == "file" or not parts.hostname:
        return False
    try:
        return not ipaddress.ip_address(parts.hostname).is_loopback
    except ValueError:
        # A name, not an address.
        return parts.hostname != "localhost"


def pip_settings(root: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """pip's settings as pip itself would see them: its files from the general to the particular, then PIP_…"""
    settings: dict[str, str] = {}
    for path in pip_files(root, environ):
        parser = configparser.RawConfigParser()
        try:
            parser.read(path, encoding="utf-8")
        except (configparser.Error, UnicodeDecodeError):
            # pip refuses to run at all with such a file, so nothing that works outside is lost.
            continue
        for section in ("global", "install"):
            if parser.has_section(section):
                settings |= {key.lower().replace("_", "-"): value for key, value in parser.items(section)}
    for key in (*PIP_ADDRESSES, *PIP_WORDS, "cert"):
        if value := environ.get("PIP_" + key.upper().replace("-", "_")):
            settings[key] = value
    return settings


def pip_files(root: Path, environ: Mapping[str, str]) -> Iterator[Path]:
    if environ.get("PIP_CONFIG_FILE") == os.devnull:
        return
    home = Path(environ.get("HOME") or root / "root")
    for folder in environ.get("XDG_CONFIG_DIRS", "/etc/xdg").split(":"):
        yield root / folder.lstrip("/") / "pip/pip.conf"
    yield root / "etc/pip.conf"
    yield root / "Library/Application Support/pip/pip.conf"
    yield home / ".pip/pip.conf"
    yield Path(environ.get("XDG_CONFIG_HOME") or home / ".config") / "pip/pip.conf"
    yield home / "Library/Application Support/pip/pip.conf"
    yield Path(environ.get("VIRTUAL_ENV") or sys.prefix) / "pip.conf"
    if named := environ.get("PIP_CONFIG_FILE"):
        yield Path(named)


def own_proxies() -> dict[str, str]:
    """The proxies, by scheme, for what this machine itself fetches; apt's own setting goes before the general one."""
    general = {scheme: either_case(os.environ, f"{scheme}_proxy") for scheme in ("http", "https")}
    return {scheme: address for scheme, address in {**general, **dict(apt_proxies(os.environ))}.items() if address}


def apt_proxies(environ: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The proxies that this machine's apt is told to use, where there is an apt."""
    if shutil.which("apt-config") is None:
        return
    dump = subprocess.run(["apt-config", "dump"], env=dict(environ), capture_output=True, text=True, check=False).stdout
    for scheme, address in re.findall(r'^Acquire::(https?)::Proxy "([^"]+)";$', dump, re.MULTILINE | re.IGNORECASE):
        if address.upper() != "DIRECT":
            yield scheme.lower(), address


def _given(settings: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((key, value) for key, value in settings.items() if value))
