#!/usr/bin/python
# SPDX-License-Identifier: MIT
"""A student's virtual environment."""

from __future__ import annotations

DOCUMENTATION = r"""
module: seat_venv
short_description: A student's virtual environment, active at login
description:
  - Makes a virtual environment as its owner, with a current pip in it, and activates it in the owner's shells.
  - One that another Python made, or that is broken, is set aside under a name with the date, and never deleted.
  - Needs a C(pip<python>) in C(/usr/local/bin), which M(seat_pip) brings.
options:
  path:
    description: Where it lies.
    type: path
    required: true
  owner:
    description: Whose it is. pip runs as this user, never as root.
    type: str
    required: true
  python:
    description: The Python that makes it, such as V(3.11), found as C(/usr/bin/python3.11).
    type: str
    required: true
author:
  - classlab
"""

EXAMPLES = r"""
- name: Create the virtual environment
  seat_venv:
    path: /home/ubuntu/venv
    owner: ubuntu
    python: "3.11"
"""

RETURN = r"""
done:
  description: What was done, in words.
  returned: always
  type: list
  elements: str
  sample: ["/home/ubuntu/venv is made", "pip 26.3 is in /home/ubuntu/venv"]
say:
  description: What the teacher should hear of, such as an environment that was set aside.
  returned: when there is something
  type: list
  elements: str
"""

import re

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.seat import venv
from ansible.module_utils.seat.files import SeatError


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "required": True},
            "owner": {"type": "str", "required": True},
            "python": {"type": "str", "required": True},
        },
        supports_check_mode=True,
    )
    wanted = module.params
    if not re.fullmatch(r"/[\w.+@/-]+", wanted["path"]):
        module.fail_json(msg=f"The environment's path {wanted['path']!r} must begin with / and have no spaces in it.")
    try:
        if module.check_mode:
            why = venv.missing(wanted)
            module.exit_json(changed=bool(why), done=[why] if why else [])
        done = venv.ensure(module.run_command, wanted)
    except SeatError as error:
        module.fail_json(msg=str(error))
    aside = [each for each in done if "it is kept as" in each]
    module.exit_json(changed=bool(done), done=done, **({"say": aside} if aside else {}))


if __name__ == "__main__":
    main()
