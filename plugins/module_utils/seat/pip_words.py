"""What pip's own words mean to a teacher. pip says much, and the line that matters is seldom the last."""

from __future__ import annotations

import re

from .files import disk_hint

UNREACHABLE = re.compile(
    r"NewConnectionError|NameResolutionError|ConnectTimeoutError|ReadTimeoutError|ProxyError|MaxRetryError"
    r"|ProtocolError|IncompleteRead|SSLError|Could not fetch URL|Temporary failure in name resolution"
    r"|50[0234] Server Error"
)
HASHES_DIFFER = re.compile(r"DO NOT MATCH THE HASHES.*?\n\s+(\S+).*?\n\s+Expected", re.DOTALL)
HASHES_MISSING = re.compile(r"Hashes are required in --require-hashes mode.*?\n\s+(\S+)", re.DOTALL)
NOT_PINNED = re.compile(r"must have their versions pinned with ==.*?\n\s+(\S+)", re.DOTALL)
NO_VERSION = re.compile(r"No matching distribution found for ([^\n]+)")
OTHER_PYTHON = re.compile(r"versions that require a different python version: ([^\n]+)")
NOT_LOCAL = re.compile(r"(Could not open requirements file|Invalid requirement): ([^\n]+)")
CONFLICT = re.compile(r"Cannot install ([^\n]+?) because these package versions have conflicting dependencies")
NOT_BUILT = re.compile(
    r"(?:Failed building wheel for|Failed to build installable wheels for some pyproject.toml based projects"
    r"|Failed to build|Building wheel for) (?:\()?['\"]?([\w.-]+)"
)
# A process that the kernel ended for want of memory: -9 as Python tells it, 137 as a shell does.
KILLED = (-9, 137)


def explain(rc: int, said: str, where: str = "/") -> str:
    """One or two sentences about a pip that ended with `rc` after it had said `said`."""
    full = disk_hint(where)
    if "No space left on device" in said or full:
        return "pip could not write." + (full or " The disk was full: remove files, or set a larger lab_volume_size.")
    if rc in KILLED or "MemoryError" in said:
        return "The seat ran out of memory while pip worked: choose a larger lab_instance_type."
    return _hashes(said) or _versions(said) or _other(said) or f"pip failed: {_last(said)}"


def _hashes(said: str) -> str:
    if found := HASHES_DIFFER.search(said):
        return (
            f"What the package index has for {found[1]} does not match the hash in the requirements, and was not "
            "installed. Make the hashes anew if you changed the version; else somebody tampered with the package."
        )
    if found := HASHES_MISSING.search(said):
        return (
            f"The requirements have hashes, but not for {found[1].partition('--')[0].strip()}. Lock all of them: "
            "pip-compile --generate-hashes."
        )
    if found := NOT_PINNED.search(said):
        return f"The requirements have hashes, so every version must be pinned with ==; {found[1]} is not."
    return ""


def _versions(said: str) -> str:
    if found := NO_VERSION.search(said):
        wanted = found[1].strip()
        # Without an answer pip knows of no version at all, and says so in the same words.
        if UNREACHABLE.search(said):
            return _unreachable(said)
        name, _, version = wanted.partition("==")
        other = OTHER_PYTHON.search(said)
        if asks := re.search(rf"(?:^|; ){re.escape(version)} Requires-Python ([^;\n]+)", other[1] if other else ""):
            return f"{wanted} is not for this Python: it asks for Python {asks[1]}. Pin an older version."
        if "(from versions: none)" in said:
            # pip says the same of an index that answers "not now".
            return (
                f"The package index has nothing called {name}: is the name right? If it is, the index is in trouble: "
                "try again later."
            )
        return f"The package index has no {wanted} for this Python: correct the version in the requirements."
    if found := CONFLICT.search(said):
        return f"The requirements contradict each other: {found[1]} cannot be had together. Loosen a version."
    return ""


def _other(said: str) -> str:
    if found := NOT_LOCAL.search(said):
        return f"The requirements cannot be read: {found[1]}: {found[2].strip()}."
    if UNREACHABLE.search(said):
        return _unreachable(said)
    if found := NOT_BUILT.search(said):
        return (
            f"{found[1]} has no ready-made wheel for this Python and could not be built on the seat. Pin a version "
            "that has a wheel, or add what its build needs to lab_packages."
        )
    return ""


def _unreachable(said: str) -> str:
    host = re.search(r"host='([^']+)'|Could not fetch URL https?://([^/\s]+)", said)
    name = (host[1] or host[2]) if host else "it"
    reason = re.search(r"(Connection refused|Name or service not known|timed out|CERTIFICATE_VERIFY_FAILED)", said)
    why = f" ({reason[1]})" if reason else ""
    return f"The package index does not answer: {name}{why}. Try again later; what is installed stays."


def _last(said: str) -> str:
    """pip's last error, without its decoration."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith(("ERROR:", "error:"))]
    return (errors or lines or ["it said nothing"])[-1].removeprefix("ERROR:").strip()
