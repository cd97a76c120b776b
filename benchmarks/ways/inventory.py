"""(c)'s machines, by the names that the ssh_config has for them."""

import os

CHECKED = {"ssh_config_file": f"{os.environ['BENCH_FOLDER']}/ssh_config", "ssh_strict_host_key_checking": "yes"}
hosts = [(student, CHECKED) for student in os.environ["BENCH_STUDENTS"].split()]
