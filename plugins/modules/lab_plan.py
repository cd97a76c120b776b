#!/usr/bin/python
"""Thin: the logic is in classlab.plan, typed and tested."""

DOCUMENTATION = r"""
module: lab_plan
short_description: Check a class and its cloud, and plan the lab
description:
  - Reads the settings of a class and asks the cloud, read-only, everything that C(make up) needs to know.
  - Fails once, with all problems as sentences that carry their mend, before anything is changed.
  - Otherwise returns the plan, and tells what the lab will cost.
  - Runs on the controller, with the Python that has the C(classlab) package. Uses boto3's own credential chain.
author: classlab
options:
  settings:
    description:
      - The class's settings (C(lab_name), C(lab_students) and so on), as they are.
      - A value of the wrong kind is one of the problems told.
    type: dict
    required: true
  class_file:
    description:
      - The class file. Its keys are checked for unknown settings; paths in the settings are relative to its folder.
    type: path
    required: true
  defaults:
    description:
      - The folder whose files name every known setting, with a default of the right kind.
    type: path
    required: true
  cloud:
    description:
      - On C(aws) the tags Owner, Email, Project and Task are required, and what is billed is told as such.
    type: str
    default: localcloud
  lab_folder:
    description:
      - The lab's folder. The region is remembered there, so that a changed one is noticed; so is AWS's price list.
    type: path
  purpose:
    description:
      - V(seats) plans the class's seats; V(image) one that an image is made of; with V(look) nothing is to be made, and
        what would only keep seats from being launched is no problem.
    type: str
    choices: [seats, image, look]
    default: seats
  prune:
    description:
      - Seats of students who left the roster are about to be removed, and do not count into the cost.
    type: bool
    default: false
attributes:
  check_mode:
    support: full
    description: Nothing in the cloud is ever changed.
"""

EXAMPLES = r"""
- name: Plan the lab
  lab_plan:
    settings:
      lab_name: cs101
      lab_students: [ada, grace]
      lab_region: eu-west-1
    class_file: "{{ lab_class_file }}"
    defaults: "{{ playbook_dir }}/../group_vars/all"
    cloud: aws
"""

RETURN = r"""
lab:
  description:
    - What is to be made, and of what; locked to the image and the deadline of the seats that are there.
    - >-
      Has name, region, account, vpc_id, tags, ends_at, ssh_cidrs, web, key_type, image_id, image_name, root_device,
      ubuntu, instance_type, volume_size, spot, placements, user_data, seats, leaving, new, hourly and total.
  returned: success
  type: dict
say:
  description: Lines for the teacher, the cost first.
  returned: success
  type: list
  elements: str
problems:
  description: All that is wrong, one sentence or two each; C(msg) has them as lines.
  returned: failure
  type: list
  elements: str
"""

from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

from classlab.errors import ClasslabError
from classlab.plan import IMAGE, LOOK, SEATS, Request, check, remember


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "settings": {"type": "dict", "required": True},
            "class_file": {"type": "path", "required": True},
            "defaults": {"type": "path", "required": True},
            "cloud": {"type": "str", "default": "localcloud"},
            "lab_folder": {"type": "path"},
            "purpose": {"type": "str", "choices": [SEATS, IMAGE, LOOK], "default": SEATS},
            "prune": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    options = module.params
    request = Request(
        settings=options["settings"],
        class_file=Path(options["class_file"]),
        defaults=Path(options["defaults"]),
        cloud=options["cloud"],
        lab_folder=Path(options["lab_folder"]) if options["lab_folder"] else None,
        purpose=options["purpose"],
        prune=options["prune"],
    )
    try:
        checked = check(request)
        if checked.plan and not module.check_mode and request.purpose != LOOK:
            remember(request, checked)
    except ClasslabError as error:
        module.fail_json(msg=str(error), problems=[str(error)])
    if problems := checked.problems:
        first = f"{len(problems)} things are to be mended first; nothing was made.\n" if len(problems) > 1 else ""
        module.fail_json(msg=first + "\n".join(problems), problems=problems)
    module.exit_json(changed=False, lab=checked.plan, say=checked.say)


if __name__ == "__main__":
    main()
