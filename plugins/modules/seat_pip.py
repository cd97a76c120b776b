#!/usr/bin/python
# SPDX-License-Identifier: MIT
"""pip for one Python."""

from __future__ import annotations

DOCUMENTATION = r"""
module: seat_pip
short_description: A current pip for one Python of a seat
description:
  - Installs pip into a folder of its own, and C(pip<python>) in C(/usr/local/bin) that runs it with that Python.
  - The Python itself is not written to, and no script from the network is run as root. The pip that comes with
    C(python<python>-venv) installs its successor.
options:
  python:
    description: The Python that it is for, such as V(3.11), found as C(/usr/bin/python3.11).
    type: str
    required: true
  version:
    description: The version of pip. Empty means the newest for that Python when it is first installed.
    type: str
    default: ""
author:
  - classlab
"""

EXAMPLES = r"""
- name: Install pip for Python 3.11
  seat_pip:
    python: "3.11"
"""

RETURN = r"""
version:
  description: The version of pip that is there now.
  returned: always
  type: str
  sample: "26.3"
"""

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.seat import pip
from ansible.module_utils.seat.files import SeatError


def main() -> None:
    module = AnsibleModule(
        argument_spec={"python": {"type": "str", "required": True}, "version": {"type": "str", "default": ""}},
        supports_check_mode=True,
    )
    wanted = module.params
    try:
        changed = bool(pip.missing(wanted)) if module.check_mode else pip.ensure(module.run_command, wanted)
    except SeatError as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=changed, version=pip.version_in(pip.folder(wanted["python"])))


if __name__ == "__main__":
    main()
