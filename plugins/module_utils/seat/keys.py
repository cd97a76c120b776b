"""The key by which a package source is trusted: fetched, and put in place only when it is the pinned one."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import time

from .files import Run, SeatError, read_text, write_file

# Seconds before the second and the third try.
PAUSES = (2, 5)
SECONDS = 20
LARGEST = 2**20


def normal(fingerprint: str) -> str:
    """As gpg writes it: 40 hexadecimal digits without spaces."""
    plain = re.sub(r"\s", "", fingerprint).upper().removeprefix("0X")
    if not re.fullmatch(r"[0-9A-F]{40}", plain):
        raise SeatError(f"The fingerprint {fingerprint!r} is not 40 hexadecimal digits; copy it whole.")
    return plain


def ensure(run: Run, url: str, fingerprint: str, place: str) -> bool:
    """True when the key was put in place now. One that is there already and right is not fetched again."""
    pinned = normal(fingerprint)
    if os.path.exists(place) and fingerprints(run, place) == [pinned]:
        return False
    folder = tempfile.mkdtemp(prefix="classlab-key-")
    try:
        fetched = os.path.join(folder, "key.asc")
        write_file(fetched, fetch(url))
        found = fingerprints(run, fetched)
        if found != [pinned]:
            what = f"has fingerprint {' and '.join(found)}" if found else "is no OpenPGP key"
            raise SeatError(f"The key at {url} {what}, pinned is {pinned}: nothing was installed.")
        write_file(place, read_text(fetched))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return True


def fingerprints(run: Run, file: str) -> list[str]:
    """Those of every primary key in the file: one more than the pinned one would be trusted just the same."""
    home = tempfile.mkdtemp(prefix="classlab-gpg-")
    try:
        _, out, _ = run(["gpg", "--batch", "--homedir", home, "--with-colons", "--show-keys", file])
    finally:
        shutil.rmtree(home, ignore_errors=True)
    found, primary = [], False
    for line in out.splitlines():
        fields = line.split(":")
        if fields[0] == "pub":
            primary = True
        elif fields[0] == "fpr" and primary:
            primary = False
            found.append(fields[9])
    return found


def fetch(url: str) -> str:
    """The text at an address. Tried again when the line is bad or the server troubled, not when it says no."""
    if not re.match(r"https?://", url):
        raise SeatError(f"The key's address {url!r} must begin with https://.")
    # Loaded only where it is used: it takes longer than all that is done on a seat where nothing is missing.
    import http.client
    import urllib.error
    import urllib.request

    for pause in (*PAUSES, None):
        try:
            with urllib.request.urlopen(url, timeout=SECONDS) as answer:  # noqa: S310 - http(s) alone comes here
                return str(answer.read(LARGEST).decode("ascii", "replace"))
        except urllib.error.HTTPError as error:
            reason = f"it answers {error.code} {error.reason}"
            if error.code < 500:
                break
        except (OSError, http.client.HTTPException) as error:
            reason = str(getattr(error, "reason", error))
        if pause is not None:
            time.sleep(pause)
    raise SeatError(
        f"The key of the package source cannot be had from {url}: {reason}. Key servers are down at times: try again "
        "later, nothing else is lost."
    )
