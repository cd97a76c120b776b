#!/usr/bin/python
# SPDX-License-Identifier: MIT
"""A notebook server for a seat's student."""

from __future__ import annotations

DOCUMENTATION = r"""
module: seat_jupyter
short_description: A notebook server in a student's virtual environment
description:
  - Installs JupyterLab into the environment, as its owner, and has systemd run it as the owner from now on.
  - It listens on the seat's loopback alone, and wants a token that is made on the seat and kept in
    C(/etc/classlab/jupyter.json), which its owner alone can read.
  - Another version than the one asked for, which the student or the class's project has installed since, is left alone.
options:
  venv:
    description: The virtual environment, which M(seat_venv) makes.
    type: path
    required: true
  owner:
    description: Whose it is, and who runs the server.
    type: str
    required: true
  version:
    description: The version of JupyterLab.
    type: str
    required: true
  port:
    description: The port of the seat's loopback at which it listens.
    type: int
    default: 8888
author:
  - classlab
"""

EXAMPLES = r"""
- name: Bring the notebook server
  seat_jupyter:
    venv: /home/ubuntu/venv
    owner: ubuntu
    version: 4.6.6
"""

RETURN = r"""
done:
  description: What was done, in words.
  returned: always
  type: list
  elements: str
  sample: ["jupyterlab 4.6.6 is in /home/ubuntu/venv", "the notebook server answers at port 8888"]
"""

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.seat import jupyter
from ansible.module_utils.seat.files import SeatError


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "venv": {"type": "path", "required": True},
            "owner": {"type": "str", "required": True},
            "version": {"type": "str", "required": True},
            "port": {"type": "int", "default": 8888},
        },
        supports_check_mode=True,
    )
    wanted = module.params
    try:
        if module.check_mode:
            why = jupyter.missing(wanted)
            module.exit_json(changed=bool(why), done=[why] if why else [])
        done = jupyter.ensure(module.run_command, wanted)
    except SeatError as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=bool(done), done=done)


if __name__ == "__main__":
    main()
