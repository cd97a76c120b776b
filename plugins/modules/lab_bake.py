#!/usr/bin/python
# SPDX-License-Identifier: MIT
"""An image made of a seat, and the seat ended."""

DOCUMENTATION = r"""
module: lab_bake
short_description: Make an image of the lab's builder
description:
  - The builder is the lab's seat with the tag C(Student=image-builder).
  - With C(step=look), ends a builder that an earlier run has left, and tells whether an image that fits is there. One
    that EC2 is still busy with is waited for.
  - With C(step=make), stops the builder, has EC2 make an image of it, with all tags in that same request, and waits
    until seats can be launched from it.
  - With C(step=clear), ends the builder, and tells whether the lab has anything else that lives.
  - Runs on the controller, with the Python that has the C(classlab) package. Uses boto3's own credential chain.
options:
  step: {description: What is to be done., type: str, choices: [look, make, clear], required: true}
  name: {description: Name of the lab., type: str, required: true}
  region: {description: Its region., type: str, required: true}
  folder: {description: The lab folder., type: path, required: true}
  base: {description: "Ubuntu's image, which the builder was launched from.", type: str, default: ""}
  root: {description: The folder of playbooks and roles., type: path}
  recipe: {description: What else went into the builder; see classlab.image.recipe., type: dict, default: {}}
  tags: {description: Tags of the lab., type: dict, default: {}}
  volume_size: {description: GiB of the builder's disk; the image has as many., type: int, default: 20}
  project: {description: The digest of the project as it is on the builder., type: str, default: ""}
  force: {description: Make another image although one is there that fits., type: bool, default: false}
  port_tag: {description: A tag that tells the port of this machine where SSH answers., type: str, default: ""}
  set_up: {description: Whether the builder was set up and has no identity left., type: bool, default: false}
  class_name: {description: The class as make calls it., type: str, default: demo}
author:
  - classlab
"""

EXAMPLES = r"""
- name: Make the image
  lab_bake:
    step: make
    name: cs101
    region: eu-central-1
    folder: /home/me/classlab/.lab/cs101
    base: ami-0123456789abcdef0
    root: /home/me/classlab
    recipe: {python: "3.11", packages: [tmux], jupyter: false, ppa: [], script: "", project: weather, requirements: ""}
    tags: {Lab: cs101, ManagedBy: classlab}
    set_up: true
"""

RETURN = r"""
image:
  description: Of the image that fits; empty where there is none (yet).
  returned: with C(step=look) and C(step=make)
  type: str
alone:
  description: Whether nothing of the lab lives, so that what the builder needed can go as well.
  returned: with C(step=clear)
  type: bool
say:
  description: What a teacher is told.
  returned: success
  type: list
  elements: str
"""

from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from botocore.exceptions import BotoCoreError, ClientError

from classlab import money
from classlab.cloud.patience import connect
from classlab.cloud.regions import reason
from classlab.errors import ClasslabError
from classlab.image import telling
from classlab.image.bake import Baking, bake, end_builder, fitting
from classlab.image.images import baked, facts, of_lab, tags_for
from classlab.image.recipe import Recipe, recipe
from classlab.labfolder import LabFolder
from classlab.names import make
from classlab.trust import sshconfig


def look(ec2: Any, asked: dict[str, Any], wanted: Recipe) -> dict[str, Any]:
    ended, _ = end_builder(ec2, asked["name"], asked["region"], LabFolder(Path(asked["folder"])))
    say = [f"{each} was left by a bake that was cut off, and is ended." for each in ended]
    image = None if asked["force"] else fitting(ec2, wanted.fingerprint)
    if image:
        say.append(telling.there_already(image, asked["class_name"]))
    return {"changed": bool(ended), "image": image.id if image else "", "say": say}


def make_image(ec2: Any, asked: dict[str, Any], wanted: Recipe) -> dict[str, Any]:
    if not asked["set_up"]:
        raise ClasslabError(
            "No image was made: the seat that it was to be made of could not be set up. It is ended now; when what is "
            f"told above is mended, `{make('bake', asked['class_name'])}` again."
        )
    price = money.times(money.gib_month(asked["region"], "snapshot"), asked["volume_size"])
    told = facts(asked["base"], wanted, str(asked["recipe"].get("python", "")), asked["project"], price)
    made = bake(ec2, Baking(asked["name"], tags_for(asked["tags"], told), telling.description(asked["recipe"])))
    images = baked(ec2)
    image = next(each for each in images if each.id == made)
    older = [each for each in of_lab(images, asked["name"]) if each.id != made]
    return {"changed": True, "image": made, "say": telling.made(image, older, asked["region"], asked["class_name"])}


def clear(ec2: Any, asked: dict[str, Any]) -> dict[str, Any]:
    folder = LabFolder(Path(asked["folder"]))
    ended, others = end_builder(ec2, asked["name"], asked["region"], folder)
    sshconfig.follow(folder, asked["name"], others, asked["port_tag"])
    return {"changed": bool(ended), "alone": not others, "say": []}


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "step": {"type": "str", "choices": ["look", "make", "clear"], "required": True},
            "name": {"type": "str", "required": True},
            "region": {"type": "str", "required": True},
            "folder": {"type": "path", "required": True},
            "base": {"type": "str", "default": ""},
            "root": {"type": "path"},
            "recipe": {"type": "dict", "default": {}},
            "tags": {"type": "dict", "default": {}},
            "volume_size": {"type": "int", "default": 20},
            "project": {"type": "str", "default": ""},
            "force": {"type": "bool", "default": False},
            "port_tag": {"type": "str", "default": ""},
            "set_up": {"type": "bool", "default": False},
            "class_name": {"type": "str", "default": "demo"},
        }
    )
    asked = module.params
    bakes, ends = make("bake", asked["class_name"]), make("down", asked["class_name"])
    try:
        ec2 = connect(asked["region"])
        if asked["step"] == "clear":
            result = clear(ec2, asked)
        else:
            wanted = recipe(Path(asked["root"]), asked["base"], asked["recipe"])
            result = (look if asked["step"] == "look" else make_image)(ec2, asked, wanted)
    except ClasslabError as error:
        module.fail_json(msg=str(error))
    except (ClientError, BotoCoreError) as error:
        module.fail_json(
            msg=f"The image was not made. {reason(error)} What was launched for it may exist, and bill: `{bakes}` ends "
            f"that and begins anew, `{ends}` ends all."
        )
    except OSError as error:
        module.fail_json(msg=f"The lab folder cannot be used: {error}. Make room, or mend its permissions.")
    module.exit_json(**result)


if __name__ == "__main__":
    main()
