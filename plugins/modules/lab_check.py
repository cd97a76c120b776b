#!/usr/bin/python
"""Controller side: is all well, here, in the account, with the lab? Thin: the logic is in classlab.check."""

DOCUMENTATION = r"""
module: lab_check
short_description: Is all well, on this computer, in the account and with the lab
description:
  - Looks at this computer, asks the cloud and enters each seat that runs. Changes nothing, writes nothing.
  - A lab that is not up is no fault.
  - What is on the seats is looked at after this, by M(seat_facts); M(lab_verdict) tells the end of it.
options:
  settings: {description: The class's settings as they are., type: dict, required: true}
  class_file: {description: The class file., type: path, required: true}
  defaults: {description: The folder whose files name every known setting., type: path, required: true}
  requirements: {description: The lock that says which packages there should be., type: path, required: true}
  cloud: {description: What the cloud is called., type: str, required: true}
  answers: {description: Whether the cloud can be asked., type: bool, default: true}
  trouble: {description: "Why it cannot, where that is a fault.", type: str, default: ""}
  hosts: {description: Whether seats are made on this computer., type: bool, default: false}
  folder: {description: The lab folder., type: path, required: true}
  students: {description: Whose seats are looked at; empty means all., type: list, elements: str, default: []}
  port_tag:
    description: A tag that tells at which port of this machine a seat's SSH answers; empty means port 22.
    type: str
    default: ""
  class_name: {description: The class as in CLASS=., type: str, default: demo}
"""

EXAMPLES = r"""
- name: Look at everything
  lab_check:
    settings: {lab_name: cs101, lab_students: [ada, grace]}
    class_file: "{{ lab_class_file }}"
    defaults: "{{ playbook_dir }}/../group_vars/all"
    requirements: "{{ playbook_dir }}/../requirements.txt"
    cloud: aws
    folder: "{{ lab_folder }}"
"""

RETURN = r"""
findings: {description: "What was found: {group, what, ok, said, students}.", type: list, returned: always}
seats: {description: "Seats that were entered: {student, ssh, ends_at, public_key}.", type: list, returned: always}
project: {description: Name and digest of the class's project., type: dict, returned: always}
say: {description: The findings as lines., type: list, elements: str, returned: always}
"""

from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

from classlab.check.checkup import Asked, checkup
from classlab.errors import ClasslabError
from classlab.labfolder import LabFolder
from classlab.plan import Request


def main() -> None:
    module = AnsibleModule(
        {
            "settings": {"type": "dict", "required": True},
            "class_file": {"type": "path", "required": True},
            "defaults": {"type": "path", "required": True},
            "requirements": {"type": "path", "required": True},
            "cloud": {"type": "str", "required": True},
            "answers": {"type": "bool", "default": True},
            "trouble": {"type": "str", "default": ""},
            "hosts": {"type": "bool", "default": False},
            "folder": {"type": "path", "required": True},
            "students": {"type": "list", "elements": "str", "default": []},
            "port_tag": {"type": "str", "default": ""},
            "class_name": {"type": "str", "default": "demo"},
        },
        supports_check_mode=True,
    )
    given = module.params
    request = Request(
        settings=given["settings"],
        class_file=Path(given["class_file"]),
        defaults=Path(given["defaults"]),
        cloud=given["cloud"],
        lab_folder=Path(given["folder"]),
    )
    asked = Asked(
        request=request,
        folder=LabFolder(Path(given["folder"])),
        requirements=Path(given["requirements"]),
        answers=given["answers"],
        trouble=given["trouble"],
        hosts=given["hosts"],
        students=given["students"],
        port_tag=given["port_tag"],
        class_name=given["class_name"],
    )
    try:
        found = checkup(asked)
    except ClasslabError as error:
        module.fail_json(msg=str(error))
    module.exit_json(
        changed=False, findings=found.told(), seats=found.seats, project=found.project, say=found.say(request.cloud)
    )


if __name__ == "__main__":
    main()
