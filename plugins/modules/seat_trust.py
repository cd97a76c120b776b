#!/usr/bin/python
# SPDX-License-Identifier: MIT
"""The pinned host keys of a lab's seats."""

DOCUMENTATION = r"""
module: seat_trust
short_description: Pin the host keys of a lab's seats, without asking anybody
description:
  - Every seat is born with a one-use host key, which travels in its user data. At the first contact, over one SSH
    connection, the seat makes a host key of its own, and that one is pinned in the lab's C(known_hosts) from then on.
  - A seat that shows another key gets nothing sent. The others are not held up by it.
  - Writes C(ssh_config) of the lab folder, by which C(ssh -F .../ssh_config ada) and Ansible reach the seats.
  - Runs on the controller. Whatever it was interrupted at, the next run finishes it.
options:
  folder:
    description: The lab folder, absolute.
    type: path
    required: true
  lab:
    description: Name of the lab; a seat is also called C(<lab>-<student>).
    type: str
    required: true
  seats:
    description: All seats of the lab as they were found in the cloud, each with student, id, address and port.
    type: list
    elements: dict
    required: true
  only:
    description: Meet only these students' seats; empty means all.
    type: list
    elements: str
    default: []
  meet:
    description: Enter new seats, to have them make host keys of their own. Otherwise those they were born with stay.
    type: bool
    default: true
  again:
    description: The command that brings the lab up; sentences about what went wrong tell it.
    type: str
    default: make up
  wait:
    description: So many seconds a seat has, from now on, to answer for the first time.
    type: int
    default: 300
author:
  - classlab
"""

EXAMPLES = r"""
- name: Pin the seats' host keys
  seat_trust:
    folder: "{{ lab_folder }}"
    lab: cs101
    seats: "{{ lab_seats_found }}"
"""

RETURN = r"""
met:
  description: Students whose seats were met for the first time.
  returned: always
  type: list
  sample: [ada]
seat_failures:
  description: Seats that cannot be trusted, and why. Nothing may be sent to them.
  returned: always
  type: list
  sample: [{student: ada, reason: "ada (i-0abc) answered with another host key than the one it was born with ..."}]
say:
  description: What the teacher should know.
  returned: always
  type: list
"""

from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

from classlab.errors import ClasslabError
from classlab.labfolder import LabFolder
from classlab.names import BUILDER
from classlab.trust import contact, sshconfig
from classlab.trust.sshconfig import Seat


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "folder": {"type": "path", "required": True},
            "lab": {"type": "str", "required": True},
            "seats": {"type": "list", "elements": "dict", "required": True},
            "only": {"type": "list", "elements": "str", "default": []},
            "meet": {"type": "bool", "default": True},
            "again": {"type": "str", "default": "make up"},
            "wait": {"type": "int", "default": 300},
        }
    )
    asked = module.params
    folder = LabFolder(Path(asked["folder"]))
    seats = [Seat(each["student"], each["id"], each["address"] or "", each["port"] or 22) for each in asked["seats"]]
    say = []
    try:
        outcome = contact.establish(
            contact.Contact(folder, asked["lab"], asked["wait"], asked["again"]), seats, asked["only"], asked["meet"]
        )
        config = Path("~/.ssh/config").expanduser()
        if set(outcome.met) - {BUILDER} and not sshconfig.included(folder, config):
            say = [
                f"For plain `ssh {seats[0].student}`, put this at the top of {config}:",
                sshconfig.include_line(folder),
            ]
    except ClasslabError as error:
        module.fail_json(msg=str(error))
    except OSError as error:
        module.fail_json(msg=f"The lab folder cannot be used: {error}. Make room, or mend its permissions.")
    module.exit_json(changed=outcome.changed, met=outcome.met, seat_failures=outcome.failures, say=say)


if __name__ == "__main__":
    main()
