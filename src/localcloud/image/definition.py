"""What an Ubuntu host consists of, and the name that follows from it: another definition is another image."""

import hashlib
import os
import re
from dataclasses import dataclass
from functools import cached_property
from importlib import resources

from localcloud.errors import ImageError
from localcloud.hosts.engine import Engine

RELEASES = {"24.04": "noble", "22.04": "jammy"}

# What Ubuntu's own EC2 image gives and a class may ask for, as far as it makes sense in a container. All of it is in
# Ubuntu's "main". Left out on purpose: unattended-upgrades and rsyslog (memory in every host, and the journal has the
# same lines), man-db (slows each installation), snapd (cannot run in a container).
PACKAGES = (
    "apt-utils",
    "bash-completion",
    "ca-certificates",
    "cloud-init",
    "cron",
    "curl",
    "dbus",
    "file",
    "git",
    "gnupg",
    "htop",
    "iproute2",
    "iputils-ping",
    "kmod",
    "less",
    "libpam-systemd",
    "locales",
    "logrotate",
    "lsb-release",
    "nano",
    "netbase",
    "netcat-openbsd",
    "openssh-server",
    "procps",
    "psmisc",
    "python3",
    "python3-apt",
    "python3-debian",
    "rsync",
    "software-properties-common",
    "sudo",
    "systemd",
    "systemd-sysv",
    "tmux",
    "tzdata",
    "udev",
    "unzip",
    "vim-tiny",
    "wget",
    "xz-utils",
    "zip",
)
# No manuals and translations, and no waiting for the disk after each file: it halves the time of an installation, and
# a rehearsal that loses power is begun again. Hosts keep these settings.
DPKG_OPTIONS = (
    "force-unsafe-io",
    "path-exclude=/usr/share/man/*",
    "path-exclude=/usr/share/doc/*",
    "path-include=/usr/share/doc/*/copyright",
    "path-exclude=/usr/share/locale/*",
    "path-include=/usr/share/locale/locale.alias",
)
MIRRORS = {"amd64": "http://archive.ubuntu.com/ubuntu"}
PORTS = "http://ports.ubuntu.com/ubuntu-ports"
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
PREFIX = "localhost/localcloud"


@dataclass(frozen=True)
class Definition:
    """One release for one architecture from one archive."""

    release: str
    architecture: str
    mirror: str

    @property
    def codename(self) -> str:
        return RELEASES[self.release]

    @property
    def suites(self) -> list[str]:
        return [self.codename, f"{self.codename}-updates", f"{self.codename}-security"]

    @cached_property
    def hash(self) -> str:
        scripts = [script("install.sh"), script("setup.sh")]
        return digest("\n".join([self.release, self.architecture, self.mirror, *PACKAGES, *DPKG_OPTIONS, *scripts]))

    @property
    def reference(self) -> str:
        return f"{PREFIX}/base-{self.release}:{self.hash}"

    @property
    def unfinished(self) -> str:
        """The name an image has until it is known to be whole."""
        return f"{PREFIX}/unfinished-{self.release}:{self.hash}"


def define(engine: Engine, release: str) -> Definition:
    if release not in RELEASES:
        raise ImageError(f"There is no image for Ubuntu {release!r}; choose one of {', '.join(RELEASES)}.")
    said = engine.info["host"]["arch"] if engine.name == "podman" else engine.info["Architecture"]
    architecture = ARCHITECTURES.get(said, said)
    mirror = os.environ.get("LOCALCLOUD_UBUNTU_MIRROR") or MIRRORS.get(architecture, PORTS)
    # It is written into scripts and package sources, so nothing in it may need quoting.
    if not re.fullmatch(r"https?://[\w.:@/~%+,-]+", mirror):
        raise ImageError(
            f"LOCALCLOUD_UBUNTU_MIRROR is {mirror!r}; it must be an address such as {MIRRORS['amd64']}, or not set."
        )
    return Definition(release, architecture, mirror.rstrip("/"))


def script(name: str) -> str:
    """A shell script of this package."""
    return resources.files(__package__).joinpath(name).read_text()


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]
