"""
Modules of this computer, run where Ansible is already: in the process that it forks for their task.

The usual way packs a module and all that it imports into an archive, starts a Python for it, and compiles them anew
each time: most of the second that such a task takes. What runs, what it is told and what it answers stay the same.
"""

import gc
import io
import json
from contextlib import redirect_stdout, suppress
from importlib import import_module
from importlib.machinery import SourceFileLoader
from types import ModuleType
from typing import Any, ClassVar

import boto3
from ansible.module_utils import basic
from ansible.module_utils.common.json import Direction, get_module_encoder
from ansible.plugins.action import ActionBase
from botocore.loaders import JSONFileLoader, Loader

PROFILE = "legacy"  # how Ansible writes down what a module is told, and reads what it answers


class Known(JSONFileLoader):
    """botocore's descriptions of AWS's services: megabytes, which each new client would read anew."""

    files: ClassVar[dict[str, Any]] = {}

    def load_file(self, file_path: str) -> Any:
        if file_path not in self.files:
            self.files[file_path] = super().load_file(file_path)
        return self.files[file_path]


# Most modules ask EC2, ours or amazon.aws's. What a client of it needs is read here, so that it is there in each fork;
# as is what the filters of templates import.
for each in ("modules", "ec2"):
    import_module(f"ansible_collections.amazon.aws.plugins.module_utils.{each}")
import_module("ansible.utils.encrypt")
Loader.FILE_LOADER_CLASS = Known
boto3.Session("-", "-", region_name="us-east-1").client("ec2")
# All of it stays. Without this, each fork looks through it for garbage, and copies the memory that it looks at.
gc.freeze()
gc.set_threshold(100_000, 50, 1000)


class ActionModule(ActionBase):
    """The module of the same name as the task's action."""

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        ActionBase.run(self, tmp, task_vars)
        name = self._task.action
        told = dict(self._task.args)
        self._update_module_args(name, told, task_vars or {})
        encoder = get_module_encoder(PROFILE, Direction.CONTROLLER_TO_MODULE)
        basic._ANSIBLE_ARGS = json.dumps({"ANSIBLE_MODULE_ARGS": told}, cls=encoder).encode()
        basic._ANSIBLE_PROFILE = PROFILE
        module = self._shared_loader_obj.module_loader.find_plugin(name)
        # A module ends itself; its answer tells whether it failed.
        with redirect_stdout(io.StringIO()) as said, suppress(SystemExit):
            load(module, "__main__")
        output: Any = {"rc": 0, "stdout": said.getvalue(), "stderr": ""}
        answer = self._parse_returned_data(output, PROFILE)
        answer.remove_internal_keys()
        result: dict[str, Any] = answer.as_result_dict(for_round_trip=True)
        return result


def load(file: str, name: str) -> ModuleType:
    """What is in a file, whatever else is called so; compiled once, as what is imported."""
    found = ModuleType(name)
    found.__file__ = file
    SourceFileLoader(name, file).exec_module(found)
    return found
