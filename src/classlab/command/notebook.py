"""`make jupyter`: the way through SSH to a seat's notebook server, open for as long as this command runs."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from types import FrameType
from typing import IO

from classlab.classfile import ClassFile
from classlab.command.asking import Environment
from classlab.command.entering import ways_into
from classlab.command.makevars import Wishes
from classlab.command.running import as_a_part
from classlab.day.ways import ssh
from classlab.display import failures
from classlab.errors import ClasslabError, CloudError, UsageError
from classlab.names import make

# Where the role jupyter keeps the server's port and token, which the seat's student alone can read.
CONFIG = "/etc/classlab/jupyter.json"
# The usual one, so that the address stays the same from day to day where nothing else has it.
PORT = 8888
OPENS_WITHIN = 30.0


@dataclass(frozen=True)
class Server:
    """A seat's, as the seat tells it. Its token is shown to whoever asks here, and is in no command line."""

    student: str
    port: int
    token: str


def lead(this: ClassFile, environment: Environment, wanted: Wishes, on_roster: list[str]) -> int:
    """Open the way, say where it leads, and hold it until Ctrl-C."""
    students = wanted.students or on_roster
    if len(students) != 1:
        raise UsageError(
            f"make jupyter leads to one seat, and {len(students)} are meant: add STUDENT=, for example "
            f"{make('jupyter', this.name, students[0])}."
        )
    if not (this.defaults | this.settings)["lab_jupyter"]:
        raise UsageError(
            f"The class {this.name} has no notebook servers: write lab_jupyter: true into classes/{this.name}.yml, "
            f"then `{make('up', this.name)}`."
        )
    [student] = students
    if no_way := ways_into(this, environment, students)[student].why:
        raise CloudError(no_way)
    server, port = _ask(this, student, environment), _free_port()
    with tempfile.TemporaryFile("w+") as said:
        return _hold(this, server, port, environment, said, wanted.as_json)


def _ask(this: ClassFile, student: str, environment: Environment) -> Server:
    again = make("up", this.name, student)
    words = [*ssh(this.folder, this.lab_name, student, "-o", "BatchMode=yes"), f"cat {CONFIG}"]
    done = subprocess.run(words, env=environment, capture_output=True, text=True)
    if done.returncode == 1:  # cat's own; the file is the last thing but one that the role makes
        raise ClasslabError(f"{student}'s seat has no notebook server yet: `{again}` brings it.")
    if done.returncode:
        raise CloudError(failures.unreachable({"msg": done.stderr}, again).sentences[0])
    try:
        told = json.loads(done.stdout)
        return Server(student, int(told["ServerApp"]["port"]), str(told["IdentityProvider"]["token"]))
    except (ValueError, LookupError, TypeError) as error:
        raise ClasslabError(
            f"{CONFIG} on {student}'s seat is not as it was made: `{make('ssh', this.name, student)} "
            f"CMD='sudo rm {CONFIG}'`, then `{again}`, make it anew."
        ) from error


def _hold(this: ClassFile, server: Server, port: int, environment: Environment, said: IO[str], as_json: bool) -> int:
    """0 when it was closed here; an error when it did not open, or was lost."""
    came: list[int] = []

    def close(number: int, _: FrameType | None) -> None:
        came.append(number)
        tunnel.terminate()

    heeded = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)
    options = ["-N", "-L", f"127.0.0.1:{port}:127.0.0.1:{server.port}"]
    options += ["-o", "BatchMode=yes", "-o", "ExitOnForwardFailure=yes"]
    # What comes while there is a tunnel and nobody who notes it would end us, and the tunnel would stay.
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, heeded)
    try:
        tunnel = subprocess.Popen(
            ssh(this.folder, this.lab_name, server.student, *options),
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            preexec_fn=as_a_part(os.getpid(), mask),  # no threads here that it could disturb
        )
        before = {number: signal.signal(number, close) for number in heeded}
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    again, open_again = make("up", this.name, server.student), make("jupyter", this.name, server.student)
    try:
        opened = _opens(tunnel, port)
        silent = not opened and tunnel.poll() is None
        if opened:
            _tell(this, server, port, as_json)
            tunnel.wait()
    finally:
        tunnel.terminate()
        tunnel.wait()
        for number, handler in before.items():
            signal.signal(number, handler)
    if came:
        print(f"\nThe way is closed. {server.student}'s notebook server goes on; `{open_again}` leads to it again.")
        return 0
    said.seek(0)
    if opened:
        raise CloudError(f"The way to {server.student}'s seat was lost: `{open_again}` opens it again.")
    if silent:
        raise ClasslabError(f"{server.student}'s notebook server does not answer: `{again}` mends it.")
    raise CloudError(failures.unreachable({"msg": said.read()}, again).sentences[0])


def _opens(tunnel: subprocess.Popen[bytes], port: int) -> bool:
    """Does a notebook server answer at the near end, before it is too late?"""
    until = time.monotonic() + OPENS_WITHIN
    while tunnel.poll() is None and time.monotonic() < until:
        asked = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            asked.request("GET", "/api")  # tells Jupyter's version, to everybody
            if asked.getresponse().status == http.client.OK:
                return True
        except (OSError, http.client.HTTPException):
            time.sleep(0.2)
        finally:
            asked.close()
    return False


def _free_port() -> int:
    for port in (PORT, 0):
        with socket.socket() as one:
            try:
                one.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(one.getsockname()[1])
    raise ClasslabError("No port of this computer is free for the way to the seat: end programs that hold many.")


def _tell(this: ClassFile, server: Server, port: int, as_json: bool) -> None:
    url = f"http://localhost:{port}/lab?token={server.token}"
    if as_json:
        document = {"verb": "jupyter", "class": this.name, "lab": this.lab_name, "ok": True}
        print(json.dumps({**document, "student": server.student, "url": url}), file=sys.__stdout__, flush=True)
    print(f"{server.student}'s notebooks, for as long as this runs:\n  {url}\nCtrl-C closes the way.", flush=True)
