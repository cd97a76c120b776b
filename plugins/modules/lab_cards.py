#!/usr/bin/python
"""Controller side: what each student is handed."""

DOCUMENTATION = r"""
module: lab_cards
short_description: What each student is handed
description:
  - For each student a folder and a zip with their own key, an ssh_config, the host key of their seat, and a card that
    tells how to use them; and one page with all cards, to be printed.
  - Asks the cloud where the seats are. A hand-out whose seat is gone or asleep is removed, since it leads nowhere.
options:
  name: {description: Name of the lab., type: str, required: true}
  region: {description: The region of the lab., type: str, required: true}
  folder: {description: "The lab folder; hand-outs are written into its folder C(cards).", type: path, required: true}
  students: {description: As C(lab_students) in the class file., type: list, elements: raw, default: []}
  roster: {description: As C(lab_roster) in the class file., type: str, default: ""}
  base: {description: The folder that O(roster) and O(project) are relative to., type: path, required: true}
  only: {description: Whose hand-outs; empty means all., type: list, elements: str, default: []}
  project: {description: The class's project; its folder is where files are copied to., type: str, default: ""}
  results: {description: Folders of it that hold results., type: list, elements: str, default: []}
  notebook: {description: Tell how to open the notebook., type: bool, default: false}
  port_tag:
    description: A tag that tells at which port of this machine a seat's SSH answers; empty means port 22.
    type: str
    default: ""
  class_name: {description: The class as in CLASS=., type: str, default: demo}
"""

EXAMPLES = r"""
- name: Make the hand-outs
  lab_cards:
    name: cs101
    region: us-east-1
    folder: "{{ lab_folder }}"
    students: [ada, {name: grace, full_name: Grace Hopper}]
    base: /home/teacher/classlab/classes
"""

RETURN = r"""
seat_failures: {description: "Who can have none now: {student, reason}.", type: list, returned: always}
document: {description: "C(cards), where each hand-out is, and C(all), the page.", type: dict, returned: always}
say: {description: What a teacher is told., type: list, elements: str, returned: success}
"""

from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from botocore.exceptions import BotoCoreError, ClientError

from classlab import roster
from classlab.cards.make import ALL, Lesson, make_cards
from classlab.cloud import seats
from classlab.cloud.patience import connect
from classlab.cloud.regions import reason
from classlab.display.recap import listed
from classlab.errors import ClassFileError, ClasslabError
from classlab.labfolder import LabFolder
from classlab.project.bundle import name_of

PORT = 8888


def main() -> None:
    module = AnsibleModule(
        {
            "name": {"type": "str", "required": True},
            "region": {"type": "str", "required": True},
            "folder": {"type": "path", "required": True},
            "students": {"type": "list", "elements": "raw", "default": []},
            "roster": {"type": "str", "default": ""},
            "base": {"type": "path", "required": True},
            "only": {"type": "list", "elements": "str", "default": []},
            "project": {"type": "str", "default": ""},
            "results": {"type": "list", "elements": "str", "default": []},
            "notebook": {"type": "bool", "default": False},
            "port_tag": {"type": "str", "default": ""},
            "class_name": {"type": "str", "default": "demo"},
        }
    )
    asked = module.params
    folder, base = LabFolder(Path(asked["folder"])), Path(asked["base"])
    try:
        on_it, problems = roster.students({"lab_students": asked["students"], "lab_roster": asked["roster"]}, base)
        if problems:
            raise ClassFileError("\n".join(problems))
        lesson = _lesson(asked, base)
        found = seats.of_lab(connect(asked["region"]), asked["name"])
        made = make_cards(folder, lesson, on_it, asked["only"], found, asked["port_tag"])
    except ClasslabError as error:
        module.fail_json(msg=str(error))
    except OSError as error:
        module.fail_json(msg=f"The hand-outs cannot be written: {error}. Make room, or mend the permissions.")
    except (ClientError, BotoCoreError) as error:
        module.fail_json(msg=f"The cloud cannot be asked where the seats are. {reason(error)}")
    near = Path(*folder.cards.parts[-3:])
    one = "1 hand-out" if len(made.places) == 1 else f"{len(made.places)} hand-outs"
    told: dict[str, Any] = {
        "changed": made.changed,
        "seat_failures": [{"student": who, "reason": why} for who, why in sorted(made.refused.items())],
        "document": made.as_document(folder),
    }
    if made.places:
        told["say"] = [
            f"{one} in {near}: {listed(list(made.places))}.",
            "Each zip has its student's private key: give it to that student alone. To print all cards, open",
            f"  {near / ALL}",
        ]
    if made.refused:
        module.fail_json(msg="\n".join(f"{who}: {why}" for who, why in sorted(made.refused.items())), **told)
    module.exit_json(**told)


def _lesson(asked: dict[str, Any], base: Path) -> Lesson:
    """Where a student's work lies: in the project's folder, and what is fetched is its results, or all of it."""
    place = name_of(asked["project"], base) if asked["project"] else ""
    folders = [*asked["results"], ""] if place else ["results"]
    results = "/".join(filter(None, [place, folders[0]]))
    port = PORT if asked["notebook"] else 0
    return Lesson(asked["name"], asked["class_name"], place, results, port)


if __name__ == "__main__":
    main()
