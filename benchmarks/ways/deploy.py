"""(c) The same with pyinfra, which asks what is there and then does what is missing; run by its own command."""

import os
from pathlib import Path

from pyinfra import host
from pyinfra.facts.server import LsbRelease
from pyinfra.operations import apt, files, pip, server

HOME = "/home/ubuntu"
FOLDER, PROJECT = Path(os.environ["BENCH_FOLDER"]), Path(os.environ["BENCH_PROJECT"])
PYTHON, OPTIONS = os.environ["BENCH_PYTHON"], os.environ["BENCH_PIP_OPTIONS"]
KEYRING = "/etc/apt/keyrings/deadsnakes.gpg"

server.shell(name="Wait for the first boot", commands=["cloud-init status --wait >/dev/null || [ $? -eq 2 ]"])
server.user_authorized_keys(
    name="Let the student in", user="ubuntu", public_keys=[(FOLDER / f"{host.name}.pem.pub").read_text().strip()]
)
apt.packages(
    name="Install what the next step needs", packages=["gpg", "wget"], cache_time=3600, update=True, _sudo=True
)
apt.key(name="Bring the PPA's key", src=os.environ["LAB_PPA_KEY_URL"], dest=KEYRING, _sudo=True)
ppa = apt.sources_file(
    name="Add the PPA",
    filename="deadsnakes",
    uris=os.environ["LAB_PPA_URL"],
    suites=host.get_fact(LsbRelease)["codename"],
    components="main",
    signed_by=KEYRING,
    _sudo=True,
)
apt.update(name="Ask it what it has", _sudo=True, _if=ppa.did_change)
apt.packages(
    name="Install Python and the class's packages",
    packages=[f"python{PYTHON}{part}" for part in ("", "-venv", "-dev")] + os.environ["BENCH_PACKAGES"].split(),
    no_recommends=True,
    _sudo=True,
)
for where, as_root in (("/opt/plain", True), (f"{HOME}/venv", False)):
    made = pip.venv(name=f"Make {where}", path=where, python=f"/usr/bin/python{PYTHON}", _sudo=as_root)
    server.shell(
        name=f"Bring a current pip into {where}",
        commands=[f"{where}/bin/pip install {OPTIONS} --upgrade pip"],
        _sudo=as_root,
        _if=made.did_change,
    )
files.link(
    name="Call it by its name", path=f"/usr/local/bin/pip{PYTHON}", target=f"/opt/plain/bin/pip{PYTHON}", _sudo=True
)
files.line(name="Have the environment active at login", path=f"{HOME}/.profile", line=". ~/venv/bin/activate")
project = files.sync(name="Copy the project", src=str(PROJECT), dest=f"{HOME}/{PROJECT.name}", add_deploy_dir=False)
server.shell(
    name="Install what it requires",
    commands=[f"{HOME}/venv/bin/pip install {OPTIONS} -r {HOME}/{PROJECT.name}/requirements.txt"],
    _if=project.did_change,
)
