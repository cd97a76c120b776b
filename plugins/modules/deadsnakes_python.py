#!/usr/bin/python
# SPDX-License-Identifier: MIT
"""A Python from the deadsnakes PPA."""

from __future__ import annotations

DOCUMENTATION = r"""
module: deadsnakes_python
short_description: A Python from the deadsnakes PPA, beside the system's own
description:
  - Makes the PPA a package source, trusted by one pinned key, and installs C(python<version>), C(-venv) and C(-dev).
  - Waits for the first boot and for apt's locks, and finishes what an interrupted dpkg has left.
  - Checks afterwards that every package of that Python came from the PPA, and that C(/usr/bin/python3) is as it was.
options:
  version:
    description: Which one, such as V(3.11).
    type: str
    required: true
  url:
    description: Where the PPA is.
    type: str
    default: https://ppa.launchpadcontent.net/deadsnakes/ppa/ubuntu
  key_url:
    description: Where its key is. Over plain HTTP only when written so; the fingerprint decides in any case.
    type: str
    default: https://keyserver.ubuntu.com/pks/lookup?op=get&search=0xF23C5A6CF475977595C89F51BA6932366A755776
  fingerprint:
    description: The fingerprint of that key. Another key is refused.
    type: str
    default: F23C5A6CF475977595C89F51BA6932366A755776
  patience:
    description: Seconds to wait for the first boot to end, and again for apt's locks.
    type: int
    default: 600
author:
  - classlab
"""

EXAMPLES = r"""
- name: Install Python 3.11
  deadsnakes_python:
    version: "3.11"
"""

RETURN = r"""
done:
  description: What was done, in words.
  returned: always
  type: list
  elements: str
  sample: ["the PPA's key is in place", "the PPA is a package source", "python3.11 3.11.14-1+noble1 is installed"]
"""

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.seat import python
from ansible.module_utils.seat.files import SeatError

KEY_URL = "https://keyserver.ubuntu.com/pks/lookup?op=get&search=0xF23C5A6CF475977595C89F51BA6932366A755776"


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "version": {"type": "str", "required": True},
            "url": {"type": "str", "default": "https://ppa.launchpadcontent.net/deadsnakes/ppa/ubuntu"},
            "key_url": {"type": "str", "default": KEY_URL, "no_log": False},
            "fingerprint": {"type": "str", "default": "F23C5A6CF475977595C89F51BA6932366A755776"},
            "patience": {"type": "int", "default": 600},
        },
        supports_check_mode=True,
    )
    try:
        if module.check_mode:
            why = python.missing(module.params)
            module.exit_json(changed=bool(why), done=[why] if why else [])
        done = python.ensure(module.run_command, module.params)
    except SeatError as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=bool(done), done=done)


if __name__ == "__main__":
    main()
