#!/usr/bin/python
"""Controller side: what is missing on each seat of a lab."""

DOCUMENTATION = r"""
module: seat_facts
short_description: What is missing on each seat of a lab, asked once
description:
  - Asks all seats at once, each over one SSH connection, whether each thing on it is as wanted. Changes nothing.
  - Runs on the controller. Only the seats that lack something need a play of their own after it, and in that only the
    roles of what they lack.
  - Each thing is asked by the same function that decides whether the thing's own module does its work, so the two
    cannot disagree. It reads files and starts no process.
  - A thing that is left out is not asked. A seat that cannot be asked does not hold up the others.
options:
  folder:
    description: The lab folder, absolute. Its C(ssh_config) leads to the seats; students' public keys are in it.
    type: path
    required: true
  lab:
    description: Name of the lab.
    type: str
    required: true
  seats:
    description:
      - The seats, each with C(student); where they are its own, also with C(public_key), C(ends_at) (empty, the
        deadline is not asked) and C(ssh), the options of ssh that lead to it in place of C(ssh_config).
    type: list
    elements: dict
    required: true
  public_keys:
    description: Student -> their own public key, of those who brought one.
    type: dict
    default: {}
  access:
    description: What M(seat_access) takes but for the key, which is the student's.
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
  class_name:
    description: The class as in CLASS=, for commands in sentences.
    type: str
    default: demo
author:
  - classlab
"""

EXAMPLES = r"""
- name: Ask each seat what is missing on it
  seat_facts:
    folder: "{{ lab_folder }}"
    lab: cs101
    seats: [{student: ada}, {student: grace}]
    packages: {names: [tmux]}
    pip: {python: "3.11"}
"""

RETURN = r"""
answers:
  description:
    - By student C(why), the reason for each thing that is missing, in the order in which they are to be brought.
    - Of a seat that could not be asked, C(msg).
  returned: always
  type: dict
  sample: {ada: {why: {venv: there is no /home/ubuntu/venv, project: it stands on venv}}, grace: {why: {}}}
seats_asked:
  description: Whose seats these are.
  returned: always
  type: list
  elements: str
lacking:
  description: The seats that lack something, each with the names of the things as C(missing), and C(public_key).
  returned: always
  type: list
  elements: dict
seat_failures:
  description: Seats that could not be asked, and why.
  returned: always
  type: list
  elements: dict
"""

from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

from classlab.labfolder import LabFolder
from classlab.names import make
from classlab.probe.asking import Probe

THINGS = ("access", "deadline", "packages", "python", "pip", "venv", "jupyter", "project")
MODULES = Path(__file__).resolve().parents[1] / "module_utils" / "seat"


def main() -> None:
    module = AnsibleModule(
        {
            "folder": {"type": "path", "required": True},
            "lab": {"type": "str", "required": True},
            "seats": {"type": "list", "elements": "dict", "required": True},
            # Public halves are no secrets, whatever their name sounds like.
            "public_keys": {"type": "dict", "default": {}, "no_log": False},
            "class_name": {"type": "str", "default": "demo"},
            **{thing: {"type": "dict"} for thing in THINGS},
        },
        supports_check_mode=True,
    )
    given = module.params
    wanted = {thing: given[thing] for thing in THINGS if given[thing]}
    probe = Probe(LabFolder(Path(given["folder"])), given["lab"], wanted, given["public_keys"], MODULES)
    asked = probe.all(given["seats"])
    again = {each.student: make("up", given["class_name"], each.student) for each in asked}
    module.exit_json(
        changed=False,
        seats_asked=[each.student for each in asked],
        answers={each.student: each.told for each in asked},
        lacking=[
            {**seat, "missing": list(each.why), "public_key": each.public_key}
            for seat, each in zip(given["seats"], asked, strict=True)
            if each.why
        ],
        seat_failures=[
            {"student": each.student, "reason": each.reason(again[each.student])} for each in asked if each.why is None
        ],
    )


if __name__ == "__main__":
    main()
