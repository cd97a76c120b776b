#!/usr/bin/python
# SPDX-License-Identifier: MIT
"""Make the class's project into one archive for all seats."""

from __future__ import annotations

DOCUMENTATION = r"""
module: project_bundle
short_description: Make the class's project into one archive for all seats
description:
  - Runs on the teacher's machine, with the Python that has classlab.
  - Takes a folder or a git address. Of a git work tree it takes what is tracked, and what is new and not ignored.
  - Leaves out C(.git), C(__pycache__), virtual environments, C(.ipynb_checkpoints), C(.DS_Store) and result folders.
  - Refuses links that lead out of the project, files that look like keys or credentials, and more than 200 MB.
  - The same content gives the same archive, which is then not made again.
options:
  project:
    description:
      - A folder, relative to O(base), or a git address with https, ssh or file.
      - Nothing when the class has no project.
    type: str
    required: true
  revision:
    description: Branch, tag or commit, for a git address; its default branch when there is none.
    type: str
    default: ""
  base:
    description: The folder of the class file.
    type: path
    required: true
  folder:
    description: Where the archive and the cache of a git address lie.
    type: path
    required: true
  results:
    description: Folders of the project that hold results. They come to a seat empty.
    type: list
    elements: str
    default: []
author:
  - classlab
"""

EXAMPLES = r"""
- name: Bundle the class's project
  project_bundle:
    project: ../examples/weather
    base: /home/teacher/classlab/classes
    folder: /home/teacher/classlab/.lab/demo/project
    results: [plots]

- name: Bundle a tagged version from a git repository
  project_bundle:
    project: https://git.example.org/lessons/weather.git
    revision: v2
    base: /home/teacher/classlab/classes
    folder: /home/teacher/classlab/.lab/demo/project
"""

RETURN = r"""
bundle:
  description: What the role C(project) brings to the seats; empty without a project.
  returned: always
  type: dict
  sample:
    name: weather
    digest: 6d1f0f6ac2b7d6a0d1c8fbc4b1b0f0a5
    archive: /home/teacher/classlab/.lab/demo/project/6d1f0f6ac2b7d6a0d1c8fbc4b1b0f0a5.tar.gz
    requirements: 9b3c1e0d7a5f42c8
manifest:
  description: What is in the archive.
  returned: with a project
  type: list
  elements: dict
  sample:
    - {path: main.py, kind: file, mode: "0644", sha256: 9f86d081884c}
commit:
  description: The commit that was taken.
  returned: with a git address
  type: str
say:
  description: What the teacher should hear of, such as submodules, which are not fetched.
  returned: when there is something
  type: list
  elements: str
"""

from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

from classlab.errors import ClasslabError
from classlab.project import bundle


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "project": {"type": "str", "required": True},
            "revision": {"type": "str", "default": ""},
            "base": {"type": "path", "required": True},
            "folder": {"type": "path", "required": True},
            "results": {"type": "list", "elements": "str", "default": []},
        },
        # Nothing but the lab folder is touched, and the seats' part cannot be foretold without it.
        supports_check_mode=True,
    )
    asked = module.params
    if not asked["project"]:
        module.exit_json(changed=False, bundle={})
    try:
        made = bundle.make(
            asked["project"], Path(asked["base"]), Path(asked["folder"]), asked["revision"], asked["results"]
        )
    except ClasslabError as error:
        module.fail_json(msg=str(error))
    except OSError as error:
        module.fail_json(msg=f"The project could not be bundled in {asked['folder']}: {error}.")
    told: dict[str, object] = {"say": list(made.notes)} if made.notes else {}
    told |= {"commit": made.commit} if made.commit else {}
    module.exit_json(changed=made.changed, bundle=made.fact, manifest=made.manifest, **told)


if __name__ == "__main__":
    main()
