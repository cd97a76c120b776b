"""A notebook server in the student's environment: on the seat's own loopback alone, where SSH leads to it.

Its token is made on the seat, in a file that its owner alone can read, and stays there: it is in no command line, and
Jupyter shows a token that it was given in no log. An image has none: each seat makes its own before the server starts.
"""

from __future__ import annotations

import json
import os
import re
import socket
import time
from typing import Any

from . import pip, venv
from .files import RECORDS, Run, SeatError, read_record, read_text, write_file, write_record
from .pip_words import explain

CONFIG = f"{RECORDS}/jupyter.json"
RECORD = f"{RECORDS}/jupyter-installed.json"
UNITS = "/etc/systemd/system"
UNIT = "classlab-jupyter.service"
TOKEN_MAKER = "/usr/local/sbin/classlab-jupyter-token"  # noqa: S105 - a program
MAKER = """\
#!/bin/sh
# Made by classlab: settings of the notebook server with a token of this seat's own, where it has none yet.
set -eu
umask 077
[ ! -s {config} ] || exit 0
token=$(od -An -N24 -tx1 /dev/urandom | tr -d ' \\n')
sed "s/TOKEN/$token/" >{config}.new <<'END'
{settings}
END
chown {owner} {config}.new
mv -f {config}.new {config}
"""
# One cell that takes too much memory shall cost its notebook, not the server with all notebooks.
TEXT = """\
# Made by classlab: the notebook server of {owner}, which only SSH leads to.
[Unit]
Description=Notebook server of {owner}
After=network.target

[Service]
User={owner}
WorkingDirectory={home}
Environment=PATH={venv}/bin:/usr/local/bin:/usr/bin:/bin VIRTUAL_ENV={venv}
ExecStartPre=+{maker}
ExecStart={venv}/bin/jupyter lab --config={config}
Restart=on-failure
RestartSec=5
OOMPolicy=continue

[Install]
WantedBy=multi-user.target
"""
# It reads thousands of files, and the smallest seats read slowly.
STARTS_WITHIN = 180.0


def missing(wanted: dict[str, Any]) -> str:
    """Why no server answers as wanted; nothing when one does. No process is started to know."""
    path, port = str(wanted["venv"]), int(wanted["port"])
    if why := _not_installed(path, str(wanted["version"])):
        return why
    if read_text(f"{UNITS}/{UNIT}") != _unit(wanted) or not os.path.exists(f"{UNITS}/multi-user.target.wants/{UNIT}"):
        return f"{UNIT} is not in place"
    if read_text(TOKEN_MAKER) != _maker(wanted) or not os.access(TOKEN_MAKER, os.X_OK):
        return f"{TOKEN_MAKER} is not in place"
    if not _token() or _config(port, _token()) != read_record(CONFIG):
        return f"{CONFIG} is not in place"
    return "" if _answers(port) else _silent(port)


def ensure(run: Run, wanted: dict[str, Any]) -> list[str]:
    """Make it so; what was done, in words. A server that answers as wanted is not restarted."""
    path, version, port = str(wanted["venv"]), str(wanted["version"]), int(wanted["port"])
    done: list[str] = []
    why = missing(wanted)
    if not why:
        return done
    if why == _silent(port):  # it may still be starting, as after a boot
        _systemctl(run, "start", UNIT)
        _wait(run, port)
        return [f"the notebook server answers at port {port}"]
    if _not_installed(path, version):
        _install(run, wanted)
        done.append(f"jupyterlab {version} is in {path}")
    user = venv.owner_of({"owner": wanted["owner"], "path": path})
    if token := _token():
        write_file(CONFIG, json.dumps(_config(port, token)) + "\n", 0o600, (user.pw_uid, 0))
    elif os.path.lexists(CONFIG):
        os.unlink(CONFIG)
    write_file(TOKEN_MAKER, _maker(wanted), 0o755)
    write_file(f"{UNITS}/{UNIT}", _unit(wanted))
    _systemctl(run, "daemon-reload")
    _systemctl(run, "stop", UNIT)
    if _answers(port):
        raise SeatError(
            f"Another program on this seat listens at port {port}, which is the notebook server's: on the seat, "
            f"`sudo ss -ltnp sport = {port}` names it; end it, then try again."
        )
    _systemctl(run, "enable", "--now", UNIT)
    _wait(run, port)
    return [*done, f"the notebook server answers at port {port}"]


def _not_installed(path: str, version: str) -> str:
    """A version that the student, or the project's requirements, have put in its place is as good."""
    if not any(package.startswith("jupyterlab==") for package in venv.installed(path)):
        return f"there is no jupyterlab in {path}"
    if read_record(RECORD) != {"venv": path, "version": version}:
        return f"jupyterlab {version} was not yet installed in {path}"
    return ""


def _install(run: Run, wanted: dict[str, Any]) -> None:
    path, version = str(wanted["venv"]), str(wanted["version"])
    if not venv.packages_folder(path):
        raise SeatError(f"There is no virtual environment {path} on this seat; the role venv makes it.")
    command = [f"{path}/bin/python", "-m", "pip", "install", *pip.QUIET, *pip.LAZY, f"jupyterlab=={version}"]
    rc, out, err = run(pip.as_owner(str(wanted["owner"]), command), cwd="/")
    if rc:
        raise SeatError(explain(rc, out + err, path))
    write_record(RECORD, {"venv": path, "version": version})


def _unit(wanted: dict[str, Any]) -> str:
    path, owner = str(wanted["venv"]), str(wanted["owner"])
    home = venv.owner_of({"owner": owner, "path": path}).pw_dir
    return TEXT.format(owner=owner, home=home, venv=path, config=CONFIG, maker=TOKEN_MAKER)


def _maker(wanted: dict[str, Any]) -> str:
    settings = json.dumps(_config(int(wanted["port"]), "TOKEN"))
    return MAKER.format(config=CONFIG, settings=settings, owner=wanted["owner"])


def _config(port: int, token: str) -> dict[str, Any]:
    server = {"ip": "127.0.0.1", "port": port, "port_retries": 0, "open_browser": False}
    return {"IdentityProvider": {"token": token}, "ServerApp": server}


def _token() -> str:
    """The one that there is; nothing where there is none that would do."""
    provider = read_record(CONFIG).get("IdentityProvider")
    token = provider.get("token") if isinstance(provider, dict) else ""
    return token if isinstance(token, str) and re.fullmatch(r"[0-9a-f]{48}", token) else ""


def _silent(port: int) -> str:
    return f"no notebook server answers at port {port}"


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2):
            return True
    except OSError:
        return False


def _wait(run: Run, port: int) -> None:
    until = time.monotonic() + STARTS_WITHIN
    while not _answers(port):
        rc, _, _ = run(["systemctl", "is-active", "--quiet", UNIT])
        if rc or time.monotonic() > until:
            _, said, _ = run(["journalctl", "--unit", UNIT, "--output", "cat", "--lines", "30"])
            why = next((line for line in reversed(said.splitlines()) if "rror" in line), "it did not say why")
            raise SeatError(f"The notebook server does not start: {why.strip()}. On the seat: journalctl -u {UNIT}")
        time.sleep(0.3)


def _systemctl(run: Run, *words: str) -> None:
    rc, out, err = run(["systemctl", *words])
    # To stop what is not there is no failure.
    if rc and words[0] != "stop":
        raise SeatError(f"systemctl {' '.join(words)} failed: {(err or out).strip()}.")
