#!/usr/bin/python
# SPDX-License-Identifier: MIT
"""The image that new seats are launched from."""

DOCUMENTATION = r"""
module: lab_image
short_description: Choose the image that new seats are launched from
description:
  - Takes a baked image when its fingerprint is exactly that of what a seat of the class would become, and Ubuntu's
    otherwise; says which, and why. Asks EC2 only where a seat is to be launched. Changes nothing.
  - Runs on the controller, with the Python that has the C(classlab) package. Uses boto3's own credential chain.
options:
  name: {description: Name of the lab., type: str, required: true}
  region: {description: Its region., type: str, required: true}
  base: {description: "Ubuntu's image.", type: str, required: true}
  root_device: {description: Name of its root disk., type: str, default: ""}
  root: {description: The folder of playbooks and roles., type: path, required: true}
  recipe: {description: What else goes into a seat; see classlab.image.recipe., type: dict, required: true}
  volume_size: {description: GiB of a seat's disk., type: int, required: true}
  needed: {description: Whether a seat is to be launched at all., type: bool, default: true}
  class_name: {description: The class as make calls it., type: str, default: demo}
author:
  - classlab
"""

EXAMPLES = r"""
- name: Choose the image of new seats
  lab_image:
    name: cs101
    region: eu-central-1
    base: ami-0123456789abcdef0
    root: /home/me/classlab
    recipe: {python: "3.11", packages: [tmux], jupyter: false, ppa: [], script: "", project: weather, requirements: ""}
    volume_size: 20
"""

RETURN = r"""
image:
  description: Has id, root_device, base, baked (whether it is a baked one), project (the digest of what is in it).
  returned: success
  type: dict
say:
  description: Which image it is, and why.
  returned: success
  type: list
  elements: str
"""

from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from botocore.exceptions import BotoCoreError, ClientError

from classlab.cloud.patience import connect
from classlab.cloud.regions import reason
from classlab.errors import ClasslabError
from classlab.image.choice import choose
from classlab.image.images import PROJECT, baked
from classlab.image.recipe import recipe


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "region": {"type": "str", "required": True},
            "base": {"type": "str", "required": True},
            "root_device": {"type": "str", "default": ""},
            "root": {"type": "path", "required": True},
            "recipe": {"type": "dict", "required": True},
            "volume_size": {"type": "int", "required": True},
            "needed": {"type": "bool", "default": True},
            "class_name": {"type": "str", "default": "demo"},
        },
        supports_check_mode=True,
    )
    asked = module.params
    image = {
        "id": asked["base"],
        "root_device": asked["root_device"],
        "base": asked["base"],
        "baked": False,
        "project": "",
    }
    say = []
    try:
        if asked["needed"]:
            wanted = recipe(Path(asked["root"]), asked["base"], asked["recipe"])
            images = baked(connect(asked["region"]))
            choice = choose(images, asked["name"], wanted, asked["volume_size"], asked["class_name"])
            say = [choice.say]
            if found := choice.image:
                project = found.tags.get(PROJECT, "")
                image |= {"id": found.id, "root_device": found.root_device, "baked": True, "project": project}
    except ClasslabError as error:
        module.fail_json(msg=str(error))
    except (ClientError, BotoCoreError) as error:
        module.fail_json(msg=f"Which images there are could not be asked. {reason(error)} Nothing was launched.")
    module.exit_json(changed=False, image=image, say=say)


if __name__ == "__main__":
    main()
