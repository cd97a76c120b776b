"""The programs that make the repository (apt-get, dpkg-deb, gpg): called in one way, failing with a sentence."""

import os
import subprocess
from pathlib import Path

from localcloud.errors import LocalCloudError

# A download on a slow line may take minutes; what takes longer will not end.
WITHIN = 600
MISSING = {
    "gpg": "install it (apt-get install gnupg)",
    "gpgconf": "install it (apt-get install gnupg)",
}
NO_APT = "it comes with Debian and Ubuntu only; on this machine, let guests reach the deadsnakes PPA instead"


class StandInError(LocalCloudError):
    """The stand-in for the deadsnakes PPA could not be made."""


def run(*words: str | Path, cwd: Path | None = None, env: dict[str, str] | None = None) -> str:
    """Run one program and return what it printed; its last complaint becomes the error."""
    program = str(words[0])
    # Untranslated messages, so that what is read from them is the same everywhere.
    environment = {**os.environ, "LC_ALL": "C", **(env or {})}
    try:
        done = subprocess.run(
            words, cwd=cwd, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=WITHIN
        )
    except FileNotFoundError as missing:
        mend = MISSING.get(program, NO_APT)
        raise StandInError(f"Making the stand-in for the deadsnakes PPA needs {program}: {mend}.") from missing
    except subprocess.TimeoutExpired as expired:
        raise StandInError(f"{program} did not end within {WITHIN} s.") from expired
    if done.returncode:
        raise StandInError(f"{program}: {_complaint(done.stderr)}")
    return done.stdout


def _complaint(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()] or ["no reason given"]
    first_error = next((line for line in lines if line.startswith("E: ")), lines[-1])
    return first_error.removeprefix("E: ")
