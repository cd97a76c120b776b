#!/usr/bin/python
# SPDX-License-Identifier: MIT
"""A student's way into their seat."""

from __future__ import annotations

DOCUMENTATION = r"""
module: seat_access
short_description: A student's way into their seat
description:
  - Puts the student's public key into C(authorized_keys), as one line that ends in C(classlab-student). A key that was
    the student's before is taken out again.
  - The teacher's line, and lines that the student added, stay as they are. Runs as root.
options:
  user:
    description: As whom the student logs in.
    type: str
    default: ubuntu
  public_key:
    description: The key's public half, as in its .pub file. Its comment does not matter.
    type: str
    required: true
author:
  - classlab
"""

EXAMPLES = r"""
- name: Let the student in
  seat_access:
    public_key: "{{ lookup('ansible.builtin.file', '.lab/cs101/keys/ada.pem.pub') }}"
"""

RETURN = r"""
done:
  description: What was not as wanted until now, in words.
  returned: always
  type: list
  elements: str
  sample: ["the student's key is not there"]
"""

import re

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.seat import access
from ansible.module_utils.seat.files import SeatError


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "user": {"type": "str", "default": "ubuntu"},
            "public_key": {"type": "str", "required": True},
        },
        supports_check_mode=True,
    )
    wanted = module.params
    # Never repeated in the sentence: it may be a private key.
    if not re.fullmatch(r"(ssh-|ecdsa-|sk-)[\w@.-]+ [A-Za-z0-9+/]+=*( [^\n]*)?", wanted["public_key"].strip()):
        module.fail_json(
            msg="The student's key is no public key. That is one line, beginning with ssh-ed25519, ssh-rsa, ecdsa, sk."
        )
    try:
        reason = access.missing(wanted) if module.check_mode else access.ensure(wanted)
    except SeatError as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=bool(reason), done=[reason] if reason else [])


if __name__ == "__main__":
    main()
