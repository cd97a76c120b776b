"""Which source offers which version of a package, as `apt-cache policy` tells."""

from __future__ import annotations

import re

from .files import Run

ENVIRONMENT = {"LC_ALL": "C.UTF-8"}
NAME = re.compile(r"^(\S+):$")
VERSION = re.compile(r"^ (?:\*\*\*|   ) (\S+) -?\d+$")
ORIGIN = re.compile(r"^ {8,}-?\d+ (\S+)")


def sources(run: Run, names: list[str]) -> dict[str, dict[str, list[str]]]:
    """name -> version -> addresses, the newest version first."""
    if not names:
        return {}
    _, out, _ = run(["apt-cache", "policy", *names], environ_update=ENVIRONMENT)
    return parse(out)


def parse(said: str) -> dict[str, dict[str, list[str]]]:
    found: dict[str, dict[str, list[str]]] = {}
    versions: dict[str, list[str]] = {}
    addresses: list[str] = []
    for line in said.splitlines():
        if match := NAME.match(line):
            versions = found.setdefault(match[1], {})
        elif match := VERSION.match(line):
            addresses = versions.setdefault(match[1], [])
        elif match := ORIGIN.match(line):
            addresses.append(match[1].rstrip("/"))
    return found


def offered(run: Run, names: list[str], url: str) -> dict[str, str]:
    """name -> the newest version that the source at `url` has."""
    found = {}
    for name, versions in sources(run, names).items():
        here = [version for version, addresses in versions.items() if url in addresses]
        if here:
            found[name] = here[0]
    return found


def pythons(run: Run, url: str) -> list[str]:
    """3.8, 3.9 ...: the Pythons that the source has, for those who asked for another."""
    _, out, _ = run(["apt-cache", "pkgnames", "python3."], environ_update=ENVIRONMENT)
    known = re.findall(r"^python3\.\d+$", out, re.MULTILINE)
    here = [name.removeprefix("python") for name in offered(run, known, url)]
    return sorted(here, key=lambda version: int(version.partition(".")[2]))
