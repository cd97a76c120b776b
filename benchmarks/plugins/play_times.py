"""Notes when each play of a run began, and what processor time this machine had spent by then."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: play_times
type: aggregate
short_description: when each play began, for benchmarks
description:
  - Appends a line of JSON to the file named in E(PLAY_TIMES) when a play begins and when the run ends.
"""


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "play_times"
    CALLBACK_NEEDS_ENABLED = True

    def v2_playbook_on_play_start(self, play: Any) -> None:
        self._note(play.get_name().strip())

    def v2_playbook_on_stats(self, stats: Any) -> None:
        self._note("")

    def _note(self, play: str) -> None:
        words = Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]
        line = json.dumps({"play": play, "at": time.monotonic(), "stat": [int(word) for word in words]})
        with Path(os.environ["PLAY_TIMES"]).open("a") as out:
            out.write(f"{line}\n")
