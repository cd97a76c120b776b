"""Why apt, dpkg or mmdebstrap gave up, in one sentence with the mend."""

import re
from pathlib import Path

from localcloud.hosts.engine import last_words

# Ubuntu's own, "Ubuntu Archive Automatic Signing Key (2018)", which signs all releases that are offered here.
FINGERPRINT = "F6ECB3762474EDA9D21B7022871920D1991BC93C"
SIGNATURE = re.compile(r".*(?:NO_PUBKEY|BADSIG|EXPKEYSIG|REVKEYSIG|KEYEXPIRED|NODATA|is not signed).*")
NETWORK = re.compile(r"(?:Failed to fetch|Could not resolve|Could not connect|Unable to connect).*")


def explain(log: Path, mirror: str, program: str) -> str:
    text = log.read_text(errors="replace")
    if "No space left on device" in text:
        return (
            "The disk is full: an Ubuntu image needs 2 GB while it is made. Free some, or set TMPDIR to another disk."
        )
    if found := SIGNATURE.search(text):
        return (
            f"The signature of {mirror} is not by Ubuntu's archive key {FINGERPRINT} ({found[0].strip()}); "
            "look at LOCALCLOUD_UBUNTU_MIRROR and at the network in between."
        )
    if found := NETWORK.search(text):
        return unreachable(mirror, found[0].strip())
    errors = re.findall(r"^(?:E|dpkg|dpkg-deb): (.*)$", text, re.MULTILINE) or [last_words(text)]
    return f"{program} could not make Ubuntu: {errors[0].rstrip('.')}. Its whole log is {log}."


def unreachable(address: str, reason: object) -> str:
    return (
        f"Ubuntu's archive cannot be reached ({address}: {reason}). "
        "Check the network and its proxy, or set LOCALCLOUD_UBUNTU_MIRROR to an archive that answers."
    )
