"""The real apt of this machine, in a folder of its own and with one source: APT_CONFIG is how apt itself is told so."""

from pathlib import Path

import pytest

CONFIG = """\
Dir::State "{folder}/state";
Dir::State::status "{folder}/status";
Dir::Cache "{folder}/cache";
Dir::Etc::sourcelist "{folder}/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::parts "/dev/null";
Acquire::http::Proxy::127.0.0.1 "DIRECT";
APT::Sandbox::User "root";
"""


def lone_apt(folder: Path, source: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """From here on, apt is that one; returned is where it keeps its lists."""
    lists = folder / "state" / "lists"
    for made in (lists / "partial", folder / "cache" / "archives" / "partial"):
        made.mkdir(parents=True)
    (folder / "status").touch()
    (folder / "sources.list").write_text(f"deb [trusted=yes] {source}\n")
    (folder / "apt.conf").write_text(CONFIG.format(folder=folder))
    monkeypatch.setenv("APT_CONFIG", str(folder / "apt.conf"))
    return lists
