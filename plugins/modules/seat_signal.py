#!/usr/bin/python
# SPDX-License-Identifier: MIT
"""The program by which a seat says that it is ready."""

from __future__ import annotations

DOCUMENTATION = r"""
module: seat_signal
short_description: The program by which a seat says that it is ready
description:
  - Puts C(/usr/local/sbin/classlab-signal) on the seat, and the questions that M(seat_facts) asks beside it.
  - It reads from standard input what the seat should have, and says in one line whether it has it. User data calls it
    where nobody enters a seat to look. Runs as root.
options: {}
author:
  - classlab
"""

EXAMPLES = r"""
- name: Let the seat say by itself that it is ready
  seat_signal:
"""

RETURN = r"""
done:
  description: What was not as wanted until now, in words.
  returned: always
  type: list
  elements: str
  sample: ["/usr/local/sbin/classlab-signal is not there"]
"""

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.seat import signal
from ansible.module_utils.seat.files import SeatError


def main() -> None:
    module = AnsibleModule(argument_spec={}, supports_check_mode=True)
    try:
        reason = signal.missing() if module.check_mode else signal.ensure()
    except SeatError as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=bool(reason), done=[reason] if reason else [])


if __name__ == "__main__":
    main()
