"""What went wrong, as sentences for a teacher: Ansible's, ssh's and AWS's words in, ours out, with what mends it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

# How ansible-core begins what no module said on purpose: a crash, a template that does not work out.
ACCIDENT = "Task failed: "
LAST_LINES = 5  # of a failed program's output

# What ssh says of a seat that it cannot enter -> what that means here. docs/troubleshooting.md has each text.
UNREACHABLE = {
    "REMOTE HOST IDENTIFICATION HAS CHANGED": "Its host key is not the one pinned at the first contact, so nothing was "
    "sent to it. Do not trust it before you know why; terminate it in the cloud to get a new one by {again}.",
    "Host key verification failed": "Its host key is not pinned in the lab folder, so nothing was sent to it. {again} "
    "pins the key of a seat that it meets for the first time.",
    "UNPROTECTED PRIVATE KEY FILE": "Others on this computer could read the teacher's private key, so ssh refuses it. "
    "chmod 400 on teacher.pem in the lab folder, then {again}.",
    "Permission denied (publickey": "It does not accept the teacher's key. teacher.pem in the lab folder must be the "
    "key that the seat was launched with: put it back, or terminate the seat in the cloud, then {again}.",
    "timed out": "It does not answer. If your own address has changed since, `make allow` lets the new one in; "
    "otherwise {again}, which makes a new seat where the old one is gone.",
    "Timeout (": "It is too busy to answer in time. Wait a minute, then {again}.",
    "Connection refused": "It runs, but its SSH does not answer yet. Wait a minute, then {again}.",
    "Could not resolve hostname": "The lab's ssh_config has no address for it. {again} writes it anew.",
    "Can't open user config file": "The lab's ssh_config is missing. {again} writes it anew.",
    "Connection closed": "It hung up: it shuts down, restarts, or is very busy. Wait a minute, then {again}.",
    "Connection reset": "It hung up: it shuts down, restarts, or is very busy. Wait a minute, then {again}.",
    "No route to host": "There is no way to its address. Is this computer online? Then {again}.",
    "Network is unreachable": "There is no way to its address. Is this computer online? Then {again}.",
}

# What may be met in the middle of anything -> the sentence that is added to it.
ANYWHERE = {
    "ExpiredToken": "Your AWS login has run out: log in again (`aws sso login`), then {again}.",
    "RequestExpired": "AWS takes this computer's clock for wrong: set it, then {again}.",
    "UnauthorizedOperation": "Your AWS user may not do this: docs/aws-permissions.md has what classlab needs.",
    "AccessDenied": "Your AWS user may not do this: docs/aws-permissions.md has what classlab needs.",
    "RequestLimitExceeded": "AWS is asked too often at the moment, by all of your account: wait, then {again}.",
    "Could not connect to the endpoint URL": "The cloud cannot be reached. Is this computer online? Then {again}.",
    "No space left on device": "A disk is full. On a seat: make room there, or have larger ones (lab_volume_size).",
}


@dataclass(frozen=True)
class Failure:
    """What is told of one failed task on one host."""

    sentences: tuple[str, ...]

    @property
    def brief(self) -> str:
        """For a table: without what mends it."""
        return re.split(r"(?<=[.!?])\s", self.sentences[0], maxsplit=1)[0].rstrip(":")

    def same_as_of(self, host: str) -> tuple[str, ...]:
        """Without the host's name, to find others that failed in the same way."""
        return tuple(re.sub(rf"\b{re.escape(host)}\b", "*", each) for each in self.sentences)


def unreachable(result: Mapping[str, Any], again: str) -> Failure:
    """What ssh said, as a sentence; `again` is the command that tries once more."""
    said = str(result.get("msg", ""))
    meaning = _look_up(UNREACHABLE, said, again)
    if not meaning:
        last = _last_line(said).removeprefix(ACCIDENT).removeprefix("Failed to connect to the host via ssh: ")
        meaning = f"It cannot be reached: {last.rstrip('.')}. Wait a minute, then `{again}`."
    return Failure((meaning,))


def failed(result: Mapping[str, Any], again: str) -> Failure:
    """What a module said when it gave up, without JSON; what it did not say itself is called a bug."""
    if "censored" in result:
        return Failure(("It failed, and what it said may hold a secret, so it is not shown.",))
    said = str(result.get("msg", "")).strip()
    if "module_stderr" in result:
        output = f"{result.get('module_stdout', '')}\n{result['module_stderr']}"
        said = f"{ACCIDENT}{_last_line(output) or 'the module ended without a word'}"
    elif result.get("cmd") and "non-zero return code" in said:
        return _program(result)
    known = _look_up(ANYWHERE, said, again)
    if said.startswith(ACCIDENT):
        what = " ".join(said.removeprefix(ACCIDENT).split()).rstrip(".")
        said = f"{what}." if known else _bug(what)
    lines = [line.strip().removeprefix("- ") for line in said.splitlines() if line.strip()]
    return Failure((*(lines or ["It failed, and did not say why."]), *([known] if known else [])))


def _program(result: Mapping[str, Any]) -> Failure:
    """A command that ended badly: its last words are the best explanation there is."""
    cmd = result["cmd"]
    command = " ".join(map(str, cmd)) if isinstance(cmd, Sequence) and not isinstance(cmd, str) else str(cmd)
    output = str(result.get("stderr") or result.get("stdout") or "").strip()
    last = [line.rstrip() for line in output.splitlines()[-LAST_LINES:]]
    return Failure((f"`{command}` ended with {result['rc']}{':' if last else '.'}", *last))


def _bug(what: str) -> str:
    return f"This is a bug in classlab, not in your class file: {what}. VERBOSE=1 shows where."


def _look_up(known: Mapping[str, str], said: str, again: str) -> str:
    found = next((meaning for text, meaning in known.items() if text.lower() in said.lower()), "")
    return found.replace("{again}", f"`{again}`")


def _last_line(text: str) -> str:
    return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "")
