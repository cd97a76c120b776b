"""
What runs the modules that have no action of their own; ansible looks for one of this name here before it takes its own.
amazon.aws's run in ansible's process, too: each would start a Python and import boto3, for one question to the cloud.
"""

from pathlib import Path
from typing import Any

from ansible.plugins import action
from ansible.plugins.connection.local import Connection as Here

from classlab.inplace import ActionModule as InPlace
from classlab.inplace import load

# Its name leads here.
Usual: Any = load(str(Path(action.__file__).with_name("normal.py")), "usual").ActionModule


class ActionModule(InPlace):
    _supports_check_mode = True
    _supports_async = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        if self._task.action.startswith("amazon.aws.") and isinstance(self._connection, Here):
            return super().run(tmp, task_vars)
        tools = self._play_context, self._loader, self._templar, self._shared_loader_obj
        result: dict[str, Any] = Usual(self._task, self._connection, *tools).run(tmp, task_vars)
        return result
