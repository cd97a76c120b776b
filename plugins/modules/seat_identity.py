#!/usr/bin/python
# SPDX-License-Identifier: MIT
"""What makes a seat this one seat, taken away."""

from __future__ import annotations

DOCUMENTATION = r"""
module: seat_identity
short_description: Take away what makes a seat this one seat
description:
  - Removes host keys, ways in, the machine's id, cloud-init's state, the deadline, a notebook's token, logs, histories
    and temporary files, so that an image can be made of the seat.
  - Looks again afterwards, and fails when something is left.
  - The connection that is open stays, and no other will be let in.
options:
  ends_after:
    description: After so long the seat powers itself off, should nobody have stopped it. As systemd writes it.
    type: str
    default: 30min
author:
  - classlab
"""

EXAMPLES = r"""
- name: Take away what makes the seat this one seat
  seat_identity:
  become: true
"""

RETURN = r"""
removed:
  description: How many files and folders were removed.
  returned: success
  type: int
"""

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.seat import identity
from ansible.module_utils.seat.files import SeatError


def main() -> None:
    module = AnsibleModule(argument_spec={"ends_after": {"type": "str", "default": "30min"}}, supports_check_mode=True)
    try:
        removed = 0 if module.check_mode else identity.remove(module.run_command, module.params["ends_after"])
    except SeatError as error:
        module.fail_json(msg=str(error))
    except OSError as error:
        module.fail_json(msg=f"{error.filename} could not be removed: {error.strerror}. No image was made.")
    module.exit_json(changed=True, removed=removed)


if __name__ == "__main__":
    main()
