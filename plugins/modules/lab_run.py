#!/usr/bin/python
"""Controller side: which run a class is at, and how it went."""

DOCUMENTATION = r"""
module: lab_run
short_description: Which run a class is at, and how it went
description:
  - Without O(outcomes) it chooses the run. One whose outcome was not shown yet is taken again, if it is of the same
    command.
  - With O(outcomes) it shows how the run went on each seat, and fails when it did not end well on one.
options:
  folder: {description: The lab folder., type: path, required: true}
  command: {description: What is run., type: str, default: ""}
  project: {description: The class's project; its folder on a seat is where the command runs., type: str, default: ""}
  base: {description: The folder that O(project) is relative to., type: path, required: true}
  class_name: {description: The class as in CLASS=., type: str, default: demo}
  outcomes: {description: What M(seat_run) has returned on each seat., type: dict}
  students: {description: On whose seats it was to run., type: list, elements: str, default: []}
  seats: {description: Students who have a seat., type: list, elements: str, default: []}
"""

EXAMPLES = r"""
- name: Choose the run
  lab_run:
    folder: "{{ lab_folder }}"
    command: python main.py
    base: /home/teacher/classlab/classes
"""

RETURN = r"""
run: {description: "Its id, command and directory.", type: dict, returned: success}
document: {description: How it went on each seat., type: dict, returned: with outcomes}
say: {description: The same as a grid., type: list, elements: str, returned: with outcomes}
"""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from classlab import clock
from classlab.day import runs
from classlab.errors import ClasslabError
from classlab.labfolder import LabFolder
from classlab.names import make


def main() -> None:
    module = AnsibleModule(
        {
            "folder": {"type": "path", "required": True},
            "command": {"type": "str", "default": ""},
            "project": {"type": "str", "default": ""},
            "base": {"type": "path", "required": True},
            "class_name": {"type": "str", "default": "demo"},
            "outcomes": {"type": "dict"},
            "students": {"type": "list", "elements": "str", "default": []},
            "seats": {"type": "list", "elements": "str", "default": []},
        }
    )
    asked = module.params
    folder, name = LabFolder(Path(asked["folder"])), asked["class_name"]
    try:
        run = runs.choose(folder, asked["command"], asked["project"], Path(asked["base"]), name, clock.now())
        if asked["outcomes"] is None:
            module.exit_json(changed=False, run=asdict(run))
        found = runs.outcomes(asked["outcomes"], asked["students"], asked["seats"])
        runs.close(folder, found)
    except ClasslabError as error:
        module.fail_json(msg=str(error))
    told: dict[str, Any] = {
        "say": runs.grid(found, run),
        "document": {"run": asdict(run), "seats": [asdict(each) for each in found]},
    }
    bad = [each.student for each in found if not each.good and each.state != "running"]
    if bad:
        again = make("run", name, bad[0])
        module.fail_json(
            msg=f"Not well on {len(bad)} of {len(found)} seats: {', '.join(bad)}. All that it said is on the seat, in "
            f"~/.classlab/runs; `{again}` runs it once more on one.",
            **told,
        )
    module.exit_json(changed=False, run=asdict(run), **told)


if __name__ == "__main__":
    main()
