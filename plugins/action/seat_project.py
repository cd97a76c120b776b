"""Bring the project's archive to a seat that needs it, with as few connections as can be."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

# Up to here the archive goes along with the module, in one connection. Above it the seat is asked first.
GOES_ALONG = 1_000_000
NAMED = 5


class ActionModule(ActionBase):
    # It may, but a temporary folder on every seat beforehand would be one connection more.
    TRANSFERS_FILES = False
    _requires_connection = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        variables = task_vars or {}
        asked = dict(self._task.args)
        archive = Path(str(asked.get("archive", "")))
        try:
            size = archive.stat().st_size
            along = base64.b64encode(archive.read_bytes()).decode() if size <= GOES_ALONG else ""
        except OSError as error:
            raise AnsibleActionFail(
                f"The project's archive {archive} cannot be read: {error.strerror}. The role project_bundle makes it."
            ) from error
        result = self._module({**asked, "archive_content": along}, variables)
        if result.get("wants_archive"):
            result = self._with_file(asked, archive, variables)
        if say := said(str(variables.get("inventory_hostname", "")), result):
            result["say"] = say
        return result

    def _with_file(self, asked: dict[str, Any], archive: Path, variables: dict[str, Any]) -> dict[str, Any]:
        try:
            there = self._connection._shell.join_path(self._make_tmp_path(), archive.name)
            self._transfer_file(str(archive), there)
            return self._module({**asked, "archive_on_seat": there}, variables)
        finally:
            self._remove_tmp_path(self._connection._shell.tmpdir)

    def _module(self, arguments: dict[str, Any], variables: dict[str, Any]) -> dict[str, Any]:
        result: dict[str, Any] = self._execute_module(
            module_name="seat_project", module_args=arguments, task_vars=variables
        )
        return result


def said(student: str, result: dict[str, Any]) -> list[str]:
    """What the teacher should hear: whose own work is in the way of the class's, and where it went."""
    lines = []
    if conflicts := result.get("conflicts"):
        lines.append(
            f"{student}: kept the student's own {_named(conflicts)}; FORCE=yes sets them aside and puts the class's."
        )
    if aside := result.get("set_aside"):
        lines.append(f"{student}: the student's own {_named(aside)} is now in {result['aside']}.")
    return lines


def _named(paths: list[str]) -> str:
    more = f" and {len(paths) - NAMED} more" if len(paths) > NAMED else ""
    return ", ".join(paths[:NAMED]) + more
