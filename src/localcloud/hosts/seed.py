"""The folder from which cloud-init learns who it is: a NoCloud seed, with the user data as the caller sent it."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from localcloud.hosts.facts import Facts

INSIDE = "/var/lib/cloud/seed/nocloud"


def write(folder: Path, facts: Facts, boot_commands: Iterable[list[str]] = ()) -> None:
    """Fill `folder`. JSON is YAML, so json writes what cloud-init reads as YAML."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    meta: dict[str, Any] = {"instance-id": facts.id, "local-hostname": facts.hostname}
    if facts.public_key:
        meta["public-keys"] = [facts.public_key]
    (folder / "meta-data").write_text(json.dumps(meta))
    (folder / "user-data").write_bytes(facts.user_data)
    vendor = {"bootcmd": list(boot_commands)}
    (folder / "vendor-data").write_text("#cloud-config\n" + json.dumps(vendor))
