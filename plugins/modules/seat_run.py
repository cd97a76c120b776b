#!/usr/bin/python
# SPDX-License-Identifier: MIT
"""A class's command on a seat, run inside tmux."""

from __future__ import annotations

DOCUMENTATION = r"""
module: seat_run
short_description: Run a command as the student, inside tmux
description:
  - Begins the run with this id unless it has begun, waits a while for its end, and tells how it is.
  - The run goes on when the connection is lost. Its output and its exit status are kept in C(~/.classlab/runs).
  - Where another run is under way nothing is begun, and that one is told.
options:
  id:
    description: The run's name, chosen by whoever asks for it. Asked for again, it is the same run.
    type: str
    required: true
  command:
    description: What is run, by a login shell of the owner.
    type: str
    required: true
  directory:
    description: Where. Empty means the owner's home.
    type: str
    default: ""
  owner:
    description: Who runs it.
    type: str
    default: ubuntu
  wait:
    description: So many seconds at most the end is waited for.
    type: float
    default: 0
author:
  - classlab
"""

EXAMPLES = r"""
- name: Run the class's program
  seat_run:
    id: 20261120-180000
    command: python main.py
    directory: /home/ubuntu/weather
    wait: 30
"""

RETURN = r"""
id: {description: The run that is told., returned: success, type: str, sample: 20261120-180000}
command: {description: What it runs., returned: success, type: str, sample: python main.py}
state: {description: "V(running), V(done) or V(cut off).", returned: success, type: str, sample: done}
status: {description: Its exit status; none while it is not done., returned: success, type: int, sample: 0}
seconds: {description: How long it has run., returned: success, type: float, sample: 2.5}
last: {description: The last line of its output., returned: success, type: str, sample: 12 plots drawn}
other: {description: Another run than the one asked for was under way., returned: success, type: bool, sample: false}
"""

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.seat import run
from ansible.module_utils.seat.files import SeatError


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "id": {"type": "str", "required": True},
            "command": {"type": "str", "required": True},
            "directory": {"type": "str", "default": ""},
            "owner": {"type": "str", "default": "ubuntu"},
            "wait": {"type": "float", "default": 0},
        },
    )
    try:
        result = run.ensure(module.run_command, module.params)
    except SeatError as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
