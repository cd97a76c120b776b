"""What this machine's apt sources offer, and fetching it, without changing anything on the machine."""

import re
import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from localcloud.standin.tools import StandInError, run

# 'address' file-name size hash: one line of `apt-get download --print-uris`.
LINE = re.compile(r"^'[^']+' (?P<file>\S+) \d+ SHA256:(?P<sha256>[0-9a-f]{64})$", re.MULTILINE)
OPTIONS = (
    # Downloads go to a folder of ours, into which apt's own unprivileged user may not write.
    "APT::Sandbox::User=root",
    "Acquire::Retries=2",
    "Acquire::http::Timeout=20",
    "Acquire::https::Timeout=20",
)


@dataclass(frozen=True)
class Offer:
    """One package file as apt's signed lists describe it."""

    file: str
    sha256: str

    @property
    def name(self) -> str:
        return self.file.split("_")[0]

    @property
    def version(self) -> str:
        return self.file.split("_")[1].replace("%3a", ":")


@dataclass(frozen=True)
class Apt:
    """apt-get with this machine's sources.

    `own` is a folder for package lists beside the machine's: only root may refresh the machine's, and localcloud
    does so not even then.
    """

    own: Path | None = None

    @property
    def _options(self) -> list[str]:
        options = [*OPTIONS]
        if self.own is not None:
            options += [f"Dir::State::Lists={self.own / 'lists'}/", f"Dir::Cache={self.own / 'cache'}/"]
        return [word for option in options for word in ("-o", option)]

    def has_lists(self) -> bool:
        """Container images come without package lists; then apt knows of nothing but what is installed."""
        setting = run("apt-config", *self._options, "shell", "lists", "Dir::State::Lists/d").strip()
        folder = Path(shlex.split(setting.removeprefix("lists="))[0])
        return any(folder.glob("*_Packages*"))

    def update(self) -> None:
        if self.own is None:
            raise StandInError("The machine's own package lists are not ours to refresh.")
        for name in ("lists/partial", "cache/archives/partial"):
            (self.own / name).mkdir(parents=True, exist_ok=True)
        run("apt-get", *self._options, "update", "--error-on=any")

    def offers(self, names: Iterable[str]) -> list[Offer]:
        """The newest version of each package that a source offers, in the order of their names."""
        printed = run("apt-get", *self._options, "download", "--print-uris", *names)
        found = [Offer(match["file"], match["sha256"]) for match in LINE.finditer(printed)]
        return sorted(found, key=lambda offer: offer.name)

    def download(self, offers: Iterable[Offer], into: Path) -> None:
        """Fetch exactly these files; apt-get itself checks them against its signed lists."""
        run("apt-get", *self._options, "download", *(f"{offer.name}={offer.version}" for offer in offers), cwd=into)
