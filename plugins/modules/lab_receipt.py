#!/usr/bin/python
"""Prove that a lab is gone, and say what it cost."""

DOCUMENTATION = r"""
module: lab_receipt
short_description: Prove that a lab is gone, and say what it cost
description:
  - Sweeps every enabled region once more, by read-only calls of its own and not by what others reported, and compares
    that with the sweep before.
  - Prints a receipt of what was found, removed and left, of the hours that seats ran, and what they cost about. Saves
    it as text and as JSON in O(folder)C(/receipts).
  - Fails when anything is left, or when a region could not be asked.
  - When all is gone, it removes the lab folder's ssh_config and pinned host keys. Keys, results and receipts stay.
options:
  before:
    description: RV(lab_sweep#module:sweep), from before the removal.
    type: dict
    required: true
  region:
    description: The region that is asked which others there are.
    type: str
    required: true
  folder:
    description: The lab folder; made anew where it was lost.
    type: path
    required: true
  cloud:
    description: What the cloud is called in the receipt.
    type: str
    default: aws
  troubles:
    description: Sentences of steps that failed.
    type: list
    elements: str
    default: []
  why:
    description: Why single things stay, by their id.
    type: dict
    default: {}
  patience:
    description: For how many seconds to ask again about what is still there; AWS may lag behind by some.
    type: int
    default: 10
  volume_size:
    description: GiB of the disk of seats that had ended before; AWS does not tell it any more.
    type: int
    default: 0
  again:
    description: The command that runs all this again.
    type: str
    default: make down
  keep_images:
    description: Baked images, and their snapshots, are to stay.
    type: bool
    default: false
author: [classlab]
attributes:
  check_mode: {description: Sweeps and prints, but saves and tidies nothing., support: full}
"""

EXAMPLES = r"""
- name: Print the receipt
  lab_receipt:
    before: "{{ swept.sweep }}"
    region: eu-central-1
    folder: /home/me/classlab/.lab/cs101
"""

RETURN = r"""
receipt:
  description: The receipt as it was saved as JSON.
  type: dict
  returned: when the sweep could be made
file:
  description: Where the text was saved.
  type: str
  returned: when it was saved
say:
  description: The receipt as lines.
  type: list
  elements: str
  returned: when the sweep could be made
"""

from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from classlab.cloud.regions import connector
from classlab.errors import ClasslabError
from classlab.gone.bill import bill
from classlab.gone.receipt import ON_SCREEN, Receipt, billed, save, tidy
from classlab.gone.sweep import Sweep, sweep
from classlab.labfolder import LabFolder


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "before": {"type": "dict", "required": True},
            "region": {"type": "str", "required": True},
            "folder": {"type": "path", "required": True},
            "cloud": {"type": "str", "default": "aws"},
            "keep_images": {"type": "bool", "default": False},
            "troubles": {"type": "list", "elements": "str", "default": []},
            "why": {"type": "dict", "default": {}},
            "patience": {"type": "int", "default": 10},
            "volume_size": {"type": "int", "default": 0},
            "again": {"type": "str", "default": "make down"},
        },
        supports_check_mode=True,
    )
    asked = module.params
    before = Sweep.from_dict(asked["before"])
    folder = LabFolder(Path(asked["folder"]))
    try:
        patience = 0 if module.check_mode else asked["patience"]
        after = sweep(before.name, asked["region"], connector(), patience, asked["keep_images"])
    except ClasslabError as error:
        module.fail_json(msg=str(error))
    receipt = Receipt(
        cloud=asked["cloud"],
        before=before,
        after=after,
        bill=bill(before, after, asked["volume_size"], billed(folder)),
        troubles=asked["troubles"],
        why=asked["why"],
        again=asked["again"],
    )
    result: dict[str, Any] = {"changed": False, "receipt": receipt.as_dict(), "say": receipt.lines(ON_SCREEN)}
    problems = [] if receipt.complete else [receipt.verdict()]
    if not module.check_mode:
        try:
            result["file"] = str(save(receipt, folder))
            if receipt.complete:
                tidy(folder)
        except ClasslabError as error:
            problems.append(f"The receipt could not be saved. {error}")
        except OSError as error:
            why = f"{error.strerror}. Make room there, or access."
            problems.append(f"The receipt could not be saved in {folder.receipts}: {why}")
    if problems:
        module.fail_json(msg="\n".join(problems), **result)
    result["say"] += [*([""] if result["say"] else []), receipt.verdict()]
    module.exit_json(**result)


if __name__ == "__main__":
    main()
