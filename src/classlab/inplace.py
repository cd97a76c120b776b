"""
Modules of this computer, run where Ansible is already: in the process that it forks for their task.

The usual way packs a module and all that it imports into an archive, starts a Python for it, and compiles them anew
each time: most of the second that such a task takes. What runs, what it is told and what it answers stay the same.
"""

import io
import json
import runpy
from contextlib import redirect_stdout, suppress
from typing import Any

import boto3  # noqa: F401 - most of them need it: imported here it is there in each fork
from ansible.module_utils import basic
from ansible.module_utils.common.json import Direction, get_module_encoder
from ansible.plugins.action import ActionBase

PROFILE = "legacy"  # how Ansible writes down what a module is told, and reads what it answers


class ActionModule(ActionBase):
    """The module of the same name as the task's action."""

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        name = self._task.action
        told = dict(self._task.args)
        self._update_module_args(name, told, task_vars or {})
        encoder = get_module_encoder(PROFILE, Direction.CONTROLLER_TO_MODULE)
        basic._ANSIBLE_ARGS = json.dumps({"ANSIBLE_MODULE_ARGS": told}, cls=encoder).encode()
        basic._ANSIBLE_PROFILE = PROFILE
        module = self._shared_loader_obj.module_loader.find_plugin(name)
        # A module ends itself; its answer tells whether it failed.
        with redirect_stdout(io.StringIO()) as said, suppress(SystemExit):
            runpy.run_path(module, run_name="__main__")
        output: Any = {"rc": 0, "stdout": said.getvalue(), "stderr": ""}
        answer = self._parse_returned_data(output, PROFILE)
        answer.remove_internal_keys()
        result: dict[str, Any] = answer.as_result_dict(for_round_trip=True)
        return result
