#!/usr/bin/python
# SPDX-License-Identifier: MIT
"""The baked images of a region."""

DOCUMENTATION = r"""
module: lab_images
short_description: List the baked images of a region, or remove those that no longer fit
description:
  - Lists the account's baked images, with what they cost and whether they fit the class as it is now.
  - With O(prune), removes those of this lab that do not fit, or that a newer one has replaced; and snapshots that no
    image of it holds. Images of other labs are theirs.
  - Runs on the controller, with the Python that has the C(classlab) package. Uses boto3's own credential chain.
options:
  name: {description: Name of the lab., type: str, required: true}
  region: {description: Its region., type: str, required: true}
  base: {description: "Ubuntu's image, which new seats stem from.", type: str, required: true}
  root: {description: The folder of playbooks and roles., type: path, required: true}
  recipe: {description: What else goes into a seat; see classlab.image.recipe., type: dict, required: true}
  prune: {description: Remove what does not fit., type: bool, default: false}
  class_name: {description: The class as make calls it., type: str, default: demo}
author:
  - classlab
attributes:
  check_mode: {description: Tells what it would remove., support: full}
"""

EXAMPLES = r"""
- name: List the images
  lab_images:
    name: cs101
    region: eu-central-1
    base: ami-0123456789abcdef0
    root: /home/me/classlab
    recipe: {python: "3.11", packages: [tmux], jupyter: false, ppa: [], script: "", project: weather, requirements: ""}
"""

RETURN = r"""
document:
  description: The images, each with id, lab, made, state, gib, dollars_a_month, fits and why_not.
  returned: success
  type: dict
removed:
  description: Ids of what was removed.
  returned: success
  type: list
  elements: str
say:
  description: The same for the teacher.
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
from classlab.image import telling
from classlab.image.images import baked
from classlab.image.recipe import recipe
from classlab.image.stock import prune, stock


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "region": {"type": "str", "required": True},
            "base": {"type": "str", "required": True},
            "root": {"type": "path", "required": True},
            "recipe": {"type": "dict", "required": True},
            "prune": {"type": "bool", "default": False},
            "class_name": {"type": "str", "default": "demo"},
        },
        supports_check_mode=True,
    )
    asked = module.params
    name, region = asked["name"], asked["region"]
    try:
        ec2, wanted = connect(region), recipe(Path(asked["root"]), asked["base"], asked["recipe"])
        there = stock(baked(ec2), name, wanted)
        removed, stays = prune(ec2, name, region, there, dry=module.check_mode) if asked["prune"] else ([], [])
        gone = {each.id for each in removed}
        there = [each for each in there if each.image.id not in gone]
    except ClasslabError as error:
        module.fail_json(msg=str(error))
    except (ClientError, BotoCoreError) as error:
        module.fail_json(msg=f"The cloud could not be asked about images. {reason(error)}")
    if stays:
        module.fail_json(msg="\n".join(f"{each.thing.id} stays, and bills. {each.why}" for each in stays))
    module.exit_json(
        changed=bool(removed),
        removed=[each.id for each in removed],
        document={"images": [each.as_document(region) for each in there]},
        say=telling.stock(there, removed, name, region, asked["class_name"]),
    )


if __name__ == "__main__":
    main()
