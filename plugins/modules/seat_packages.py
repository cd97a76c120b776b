#!/usr/bin/python
# SPDX-License-Identifier: MIT
"""Ubuntu packages of a seat."""

from __future__ import annotations

DOCUMENTATION = r"""
module: seat_packages
short_description: Ubuntu packages on a seat that may still be booting
description:
  - Installs what is missing in one go, with what Ubuntu recommends along with it. Nothing is upgraded or removed.
  - Waits for the first boot and for apt's locks, and finishes what an interrupted dpkg has left. This, and that it
    costs no processor time when all are there, is why it is used and not M(ansible.builtin.apt).
options:
  names:
    description: The packages.
    type: list
    elements: str
    required: true
  patience:
    description: Seconds to wait for the first boot to end, and again for apt's locks.
    type: int
    default: 600
author:
  - classlab
"""

EXAMPLES = r"""
- name: Install what every seat has
  seat_packages:
    names: [tmux]
"""

RETURN = r"""
installed:
  description: The packages that were missing.
  returned: always
  type: list
  elements: str
"""

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.seat import packages
from ansible.module_utils.seat.files import SeatError


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "names": {"type": "list", "elements": "str", "required": True},
            "patience": {"type": "int", "default": 600},
        },
        supports_check_mode=True,
    )
    wanted = module.params
    try:
        installed = (
            packages.absent(wanted["names"]) if module.check_mode else packages.ensure(module.run_command, wanted)
        )
    except SeatError as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=bool(installed), installed=installed)


if __name__ == "__main__":
    main()
