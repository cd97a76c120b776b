"""Starting, asking and stopping the server from outside."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from localcloud.errors import LocalCloudError, StateError
from localcloud.home import Home, Options, Running

# Nobody signs anything with these: they only have the form that clients insist on.
ACCESS_KEY = "LKIALOCALCLOUD000000"
SECRET_KEY = "localcloud"  # noqa: S105 - not a secret
# A server that is told to stop finishes the boots that are under way.
STOPS_WITHIN = 90


def spawn(home: Home, options: Options, *, parent: int | None = None) -> Running:
    """Start the server in the background and return when it answers."""
    home.make().save_options(options)
    ready, tell = os.pipe()
    words = [sys.executable, "-m", "localcloud", "serve", "--home", str(home.folder), "--ready", str(tell)]
    pipes = [tell]
    if parent is not None:
        words += ["--parent", str(parent)]
        pipes.append(parent)
    with home.log.open("ab") as output:
        child = subprocess.Popen(
            words,
            pass_fds=pipes,
            # podman's monitor leaves a note in this folder when a host runs out of memory.
            cwd=home.folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    os.close(tell)
    with os.fdopen(ready) as answer:
        told = answer.read()
    if not told:
        child.wait()
        raise StateError(f"The server ended before it answered; the end of {home.log} says why:\n{_tail(home)}")
    result = json.loads(told)
    if "error" in result:
        child.wait()
        raise LocalCloudError(result["error"])
    running = home.running()
    if running is None:
        raise StateError(f"The server ended right after it answered; the end of {home.log} says why:\n{_tail(home)}")
    return running


def _tail(home: Home) -> str:
    return "\n".join(home.log.read_text(errors="replace").splitlines()[-5:])


def stop(home: Home) -> bool:
    """Stop the API. The hosts go on running. False when there was nothing to stop."""
    running = home.running()
    if running is None:
        return False
    with suppress(ProcessLookupError):
        os.kill(running.pid, signal.SIGTERM)
    wait(
        lambda: not home.locked,
        STOPS_WITHIN,
        f"The server (process {running.pid}) does not end; {home.log} tells more.",
    )
    return True


def wait(done: Callable[[], bool], seconds: float, sentence: str) -> None:
    until = time.monotonic() + seconds
    while not done():
        if time.monotonic() > until:
            raise StateError(sentence)
        time.sleep(0.05)


def ask(home: Home, method: str, path: str, **told: Any) -> Any:
    """Ask the running server something beside the AWS API."""
    running = home.running()
    if running is None:
        raise StateError("localcloud does not run; `localcloud start` starts it.")
    request = urllib.request.Request(  # noqa: S310 - our own server on the loopback
        f"{running.endpoint}/_localcloud/{path}",
        method=method,
        data=json.dumps(told).encode(),
        headers={"X-Localcloud-Token": running.token, "Content-Type": "application/json"},
    )
    # No proxy, whatever the environment says: the server is on this machine.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=60) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        refusal = json.load(error)
        failure = LocalCloudError(refusal["error"])
        failure.exit_status = refusal.get("status", 1)
        raise failure from error
    except OSError as error:
        raise StateError(f"The server at {running.endpoint} does not answer: {error}.") from error


def environment(running: Running) -> dict[str, str]:
    """What a client of AWS needs to know to talk to this localcloud."""
    told = {
        "AWS_ENDPOINT_URL": running.endpoint,
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        "AWS_DEFAULT_REGION": running.region,
        "AWS_REGION": running.region,
        "LOCALCLOUD_CHECKIP_URL": f"{running.endpoint}/_localcloud/checkip",
    }
    if running.standin:
        told["LOCALCLOUD_PPA_URL"] = running.standin
        told["LOCALCLOUD_PPA_KEY_URL"] = f"{running.standin}/key.asc"
        told["LOCALCLOUD_PPA_FINGERPRINT"] = running.fingerprint
    return told
