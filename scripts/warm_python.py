"""
A Python that has started already: a program or an Ansible module is a fork of it, and finds boto3 imported.

Most of the second that each of them takes is Python's start. What runs is unchanged, and so is what it is told: the
interpreter of `warm_python` hands its words, environment, folder and open files to the fork, and ends as that does.
"""

import atexit
import functools
import gc
import importlib
import json
import os
import runpy
import select
import socket
import subprocess
import sys
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NoReturn

import boto3
import botocore.session

INTERPRETER = """#!{python} -SEI
import json, os, socket, sys
with socket.socket(socket.AF_UNIX) as server:
    server.connect("{place}")
    told = {{"words": sys.argv[1:], "environment": dict(os.environ), "folder": os.getcwd()}}
    socket.send_fds(server, [b"."], [0, 1, 2])
    server.sendall(json.dumps(told).encode())
    server.shutdown(socket.SHUT_WR)
    sys.exit(int(server.recv(9) or 1))
"""
IMPORTED = (
    "ansible.module_utils.basic",
    "ansible.module_utils._internal._ansiballz._loader",
    "ansible_collections.amazon.aws.plugins.module_utils.ec2",
    "ansible_collections.amazon.aws.plugins.module_utils.modules",
    "awscli.clidriver",
)
# To be imported again by the fork, since a module brings parts of these packages along.
AGAIN = ("ansible", "ansible.module_utils", "ansible.modules")
SERVICES = ("ec2", "iam", "s3", "service-quotas", "ssm", "sts")


@contextmanager
def warm_python(folder: Path) -> Iterator[Path]:
    """The path of an interpreter, as long as the context lasts."""
    interpreter, place = folder / "python", folder / "socket"
    interpreter.write_text(INTERPRETER.format(python=sys.executable, place=place))
    interpreter.chmod(0o700)
    # What it reads ends with us, however we end.
    end, ours = os.pipe()
    with subprocess.Popen([sys.executable, __file__, place], stdin=end, stdout=subprocess.PIPE, text=True) as server:
        os.close(end)
        if server.stdout:
            server.stdout.readline()  # it listens
        try:
            yield interpreter
        finally:
            os.close(ours)


def serve(place: str) -> int:
    """Fork for each that calls, until the run that has started this ends."""
    prepare()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(place)
        listener.listen(64)
        print("listening", flush=True)
        knock, end = listener.fileno(), 0
        while select.select([knock, end], [], [])[0] == [knock]:
            caller, _ = listener.accept()
            if os.fork() == 0:
                listener.close()
                answer(caller)
            caller.close()
            with suppress(ChildProcessError):
                while os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG):
                    pass
    return 0


def prepare() -> None:
    share_models()
    session = boto3.session.Session("none", "none", region_name="us-east-1")
    for service in SERVICES:
        session.client(service)  # type: ignore[call-overload]  # the names are literals only to boto3
    for name in IMPORTED:
        importlib.import_module(name)
    sys.modules["awscli.clidriver"].create_clidriver()
    for name in AGAIN:
        sys.modules.pop(name, None)
    gc.collect()
    gc.freeze()


def share_models() -> None:
    """Each session of boto3 would read the same megabytes of JSON anew."""
    botocore.session.create_loader = functools.cache(botocore.session.create_loader)


def answer(caller: socket.socket) -> NoReturn:
    status = 1
    try:
        run(caller)
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
    except BaseException:
        traceback.print_exc()
    finally:
        # As Python ends, but for taking all to pieces: that would copy the memory that the forks share.
        threading._shutdown()  # type: ignore[attr-defined]
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
        caller.sendall(str(status).encode())
        os._exit(status)


def run(caller: socket.socket) -> None:
    files = socket.recv_fds(caller, 1, 3)[1]
    told: dict[str, Any] = json.loads(b"".join(iter(lambda: caller.recv(65536), b"")))
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    os.chdir(told["folder"])
    os.environ.clear()
    os.environ.update(told["environment"])
    sys.argv = told["words"] or ["-"]
    if told["words"]:
        importlib.reload(sys.modules["awscli"])  # it adds to the environment
        runpy.run_path(sys.argv[0], run_name="__main__")
    else:
        exec(compile(sys.stdin.read(), "<stdin>", "exec"), {"__name__": "__main__"})  # noqa: S102 - as Python does


if __name__ == "__main__":
    sys.exit(serve(sys.argv[1]))
