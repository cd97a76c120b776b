#!/usr/bin/python
# SPDX-License-Identifier: MIT
"""What is missing on a seat."""

from __future__ import annotations

DOCUMENTATION = r"""
module: seat_facts
short_description: What is missing on a seat, asked once
description:
  - Asks each thing of a seat whether it is as wanted, and sets the fact C(seat_missing).
  - The roles of a seat are then skipped where nothing is to be done. Each start of a module costs a seat some tenths
    of a second of its processor; this one start takes the place of all of them.
  - Each thing is asked by the same function that decides whether the thing's own module does its work, so the two
    cannot disagree. It reads files and starts no process.
  - A thing that is left out is not asked. Runs as root.
options:
  access:
    description: What M(seat_access) takes.
    type: dict
  deadline:
    description: What M(seat_deadline) takes.
    type: dict
  packages:
    description: What M(seat_packages) takes.
    type: dict
  python:
    description: What M(deadsnakes_python) takes.
    type: dict
  pip:
    description: What M(seat_pip) takes.
    type: dict
  venv:
    description: What M(seat_venv) takes.
    type: dict
  jupyter:
    description: What M(seat_jupyter) takes.
    type: dict
  project:
    description: What M(seat_project) takes.
    type: dict
author:
  - classlab
"""

EXAMPLES = r"""
- name: Ask the seat what is missing
  seat_facts:
    packages: {names: [tmux]}
    pip: {python: "3.11"}
"""

RETURN = r"""
ansible_facts:
  description: Facts about the seat.
  returned: always
  type: dict
  contains:
    seat_missing:
      description: The names of what is missing, in the order in which it is to be brought.
      type: list
      elements: str
      sample: [venv, project]
why:
  description: The reason for each of them.
  returned: always
  type: dict
  sample: {"venv": "there is no /home/ubuntu/venv", "project": "it stands on venv"}
"""

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.seat import access, deadline, jupyter, packages, pip, project, python, venv
from ansible.module_utils.seat.facts import missing

# In the order in which they are brought.
THINGS = {
    "access": access.missing,
    "deadline": deadline.missing,
    "packages": packages.missing,
    "python": python.missing,
    "pip": pip.missing,
    "venv": venv.missing,
    "jupyter": jupyter.missing,
    "project": project.missing,
}


def main() -> None:
    module = AnsibleModule(argument_spec={name: {"type": "dict"} for name in THINGS}, supports_check_mode=True)
    why = missing(THINGS, module.params)
    module.exit_json(changed=False, ansible_facts={"seat_missing": list(why)}, why=why)


if __name__ == "__main__":
    main()
