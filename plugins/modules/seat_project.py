#!/usr/bin/python
# SPDX-License-Identifier: MIT
"""The class's project in a student's home."""

from __future__ import annotations

DOCUMENTATION = r"""
module: seat_project
short_description: The class's project in a student's home, and its requirements in the virtual environment
description:
  - Brings the files of an archive that M(project_bundle) made, as their owner, and installs C(requirements.txt).
  - A file that the student changed is never overwritten or deleted, and files that the student added are not touched.
    What was handed out before and left as it was is updated, or removed when it is no longer in the project.
  - The archive travels only to a seat that needs it.
  - Runs as root, since its records lie in C(/etc/classlab).
options:
  path:
    description: Where the project lies on the seat.
    type: path
    required: true
  owner:
    description: Whose it is.
    type: str
    required: true
  digest:
    description: The archive's digest.
    type: str
    required: true
  archive:
    description: The archive on the teacher's machine.
    type: path
    required: true
  venv:
    description: The virtual environment for the requirements; none are installed when it is empty.
    type: str
    default: ""
  force:
    description:
      - Put the class's files in the place of those that the student changed.
      - The student's are moved to C(<path>.set-aside/<time>) first.
    type: bool
    default: false
  archive_content:
    description: Set by the action plugin, the archive itself where it is small. Not for use in a task.
    type: str
    default: ""
  archive_on_seat:
    description: Set by the action plugin, where it has put the archive. Not for use in a task.
    type: path
author:
  - classlab
"""

EXAMPLES = r"""
- name: Bring the project
  seat_project:
    path: /home/ubuntu/weather
    owner: ubuntu
    digest: "{{ hostvars['localhost'].project_bundle_result.bundle.digest }}"
    archive: "{{ hostvars['localhost'].project_bundle_result.bundle.archive }}"
    venv: /home/ubuntu/venv
  become: true
"""

RETURN = r"""
put:
  description: How many files were written.
  returned: always
  type: int
removed:
  description: Files that are no longer in the project.
  returned: always
  type: list
  elements: str
kept:
  description: Files of the class that the student changed, and that were left as they are.
  returned: always
  type: list
  elements: str
conflicts:
  description: Those of RV(kept) for which the class has something newer.
  returned: always
  type: list
  elements: str
set_aside:
  description: The student's files that were moved, with O(force).
  returned: always
  type: list
  elements: str
aside:
  description: Where they are now.
  returned: always
  type: str
say:
  description: The same for the teacher, when there is something to tell.
  returned: when there is something
  type: list
  elements: str
"""

import base64
import io
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.seat import project
from ansible.module_utils.seat.files import SeatError


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "required": True},
            "owner": {"type": "str", "required": True},
            "digest": {"type": "str", "required": True},
            "archive": {"type": "path", "required": True},
            "venv": {"type": "str", "default": ""},
            "force": {"type": "bool", "default": False},
            "archive_content": {"type": "str", "default": "", "no_log": False},
            "archive_on_seat": {"type": "path"},
        },
        supports_check_mode=True,
        no_log=True,  # the archive is no line for the seat's log
    )
    wanted = dict(module.params)
    content, file = wanted.pop("archive_content"), wanted.pop("archive_on_seat")
    invocation: dict[str, Any] = {"invocation": {"module_args": wanted}}
    try:
        why = project.missing(wanted)
        if not why or module.check_mode:
            module.exit_json(changed=bool(why), why=why, **invocation)
        if project.files_missing(wanted) and not content and not file:
            module.exit_json(changed=False, wants_archive=True, **invocation)
        if file:
            with open(file, "rb") as packed:
                done = project.ensure(module.run_command, wanted, packed)
        else:
            along = io.BytesIO(base64.b64decode(content)) if content else None
            done = project.ensure(module.run_command, wanted, along)
    except SeatError as error:
        module.fail_json(msg=str(error), **invocation)
    except OSError as error:
        module.fail_json(msg=f"The project could not be brought to {wanted['path']}: {error}.", **invocation)
    module.exit_json(changed=True, why=why, **done, **invocation)


if __name__ == "__main__":
    main()
