"""
What Ansible does over and over for each task of each seat, done as seldom as will do. It takes a processor of this
computer, and on localcloud the seats live on the same ones.
"""

from typing import Any

from ansible import constants as C  # noqa: N812 - Ansible's own name for it
from ansible.parsing.dataloader import DataLoader

PAUSE = "DEFAULT_INTERNAL_POLL_INTERVAL"
OWN_PAUSE = C.config.get_config_value(PAUSE)
# Seconds until Ansible looks again what is done. It looks at each host each time: by its own setting, a thousandth, it
# keeps a processor busy as long as seats work. So the more there are, the seldomer, and it does as much in a second
# whatever their number; a seat's task takes longer than anybody waits for that.
FOR_EACH, AT_LEAST = 0.01, 0.05

_parsed: dict[tuple[str, bool], Any] = {}
_load = DataLoader.load_from_file


def look_for(seats: int) -> None:
    """From here on Ansible's tasks are on so many seats; 0: on this computer alone."""
    vars(C)[PAUSE] = max(AT_LEAST, FOR_EACH * seats) if seats else OWN_PAUSE


def _once(self: DataLoader, file_name: str, cache: str = "all", *words: Any, **more: Any) -> Any:
    """`vaulted` is what a play's vars_files are asked for with: Ansible parses them anew for each task on each host."""
    if cache != "vaulted":
        return _load(self, file_name, cache, *words, **more)
    key = file_name, bool(more.get("trusted_as_template"))
    if key not in _parsed:
        _parsed[key] = _load(self, file_name, cache, *words, **more)
    return _parsed[key]


def read_vars_files_once() -> None:
    DataLoader.load_from_file = _once  # type: ignore[method-assign]  # in place of Ansible's
