#!/usr/bin/python
# SPDX-License-Identifier: MIT
"""When a seat ends itself."""

from __future__ import annotations

DOCUMENTATION = r"""
module: seat_deadline
short_description: When a seat ends itself
description:
  - Moves the time at which a seat powers itself off, which ends it and its bill. It is armed at boot already, by user
    data; the same script does both, and the time that was told last counts, also after a reboot.
  - Ten minutes before, everybody who is logged in is told. Runs as root.
options:
  ends_at:
    description: The time, in UTC. One that has come powers the seat off at once.
    type: str
    required: true
  script:
    description: The text of the script that arms a deadline, C(arm-deadline.sh) of the role C(deadline).
    type: str
    required: true
author:
  - classlab
"""

EXAMPLES = r"""
- name: Move the deadline
  seat_deadline:
    ends_at: "2026-11-20T18:00:00Z"
    script: "{{ lookup('ansible.builtin.file', 'arm-deadline.sh') }}"
"""

RETURN = r"""
done:
  description: What was not as wanted until now, in words.
  returned: always
  type: list
  elements: str
  sample: ["the deadline is 2026-11-20T18:00:00Z, not 2026-11-20T20:00:00Z"]
"""

import re

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.seat import deadline
from ansible.module_utils.seat.files import SeatError


def main() -> None:
    module = AnsibleModule(
        argument_spec={"ends_at": {"type": "str", "required": True}, "script": {"type": "str", "required": True}},
        supports_check_mode=True,
    )
    wanted = module.params
    if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", wanted["ends_at"]):
        module.fail_json(msg=f"The deadline {wanted['ends_at']!r} is no time such as 2026-11-20T18:00:00Z.")
    try:
        if module.check_mode:
            reason = deadline.missing(wanted)
        else:
            reason = deadline.ensure(module.run_command, wanted, wanted["script"])
    except SeatError as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=bool(reason), done=[reason] if reason else [])


if __name__ == "__main__":
    main()
