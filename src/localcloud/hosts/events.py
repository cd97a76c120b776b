"""Hears of it when a host ends: the engine's own stream of events, taken up again whenever it breaks off."""

import json
import subprocess
import threading
from collections.abc import Callable

from localcloud.hosts.engine import Engine


class Events:
    """Calls `ended(container name)` for every container of the given name's beginning that ends."""

    def __init__(self, engine: Engine, beginning: str, ended: Callable[[str], None]) -> None:
        self._engine = engine
        self._beginning = beginning
        self._ended = ended
        self._stop = threading.Event()
        self._process: subprocess.Popen[str] | None = None
        self._thread = threading.Thread(target=self._listen, name="events", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        if self._process is not None:
            self._process.terminate()
        self._thread.join(timeout=10)

    def _listen(self) -> None:
        form, event = ("json", "died") if self._engine.name == "podman" else ("{{json .}}", "die")
        words = [*self._engine.command, "events", "--format", form, "--filter", "type=container"]
        while not self._stop.is_set():
            with subprocess.Popen(
                [*words, "--filter", f"event={event}"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
            ) as self._process:
                for line in self._process.stdout or ():
                    name = _container(line)
                    if name.startswith(self._beginning):
                        self._ended(name)
            self._stop.wait(1)


def _container(line: str) -> str:
    """podman says {"Name": …}, docker {"Actor": {"Attributes": {"name": …}}}."""
    told = json.loads(line)
    return str(told.get("Name") or told.get("Actor", {}).get("Attributes", {}).get("name", ""))
