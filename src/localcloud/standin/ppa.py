"""Can the real PPA be reached from here? Where it can, nobody needs the stand-in."""

import http.client
import threading
import urllib.request

ADDRESS = "https://ppa.launchpadcontent.net/deadsnakes/ppa/ubuntu"
# What apt itself asks for first.
RELEASE = f"{ADDRESS}/dists/noble/Release"


def ppa_reachable(timeout: float = 3, address: str = RELEASE) -> bool:
    """True when the PPA's Release file is answered within `timeout` seconds, and not by a proxy's refusal.

    The question is asked in a thread that is left behind when time is up: a name server that does not answer
    holds a caller far longer than any timeout given to the connection.
    """
    answers: list[bool] = []
    asking = threading.Thread(target=lambda: answers.append(_answers(address, timeout)), daemon=True)
    asking.start()
    asking.join(timeout)
    return any(answers)


def _answers(address: str, timeout: float) -> bool:
    question = urllib.request.Request(address, method="HEAD")  # noqa: S310 - our own constant, or a test's own server
    try:
        with urllib.request.urlopen(question, timeout=timeout):  # noqa: S310 - as above
            return True
    except (OSError, http.client.HTTPException):
        # No address, no route, bad certificate, not HTTP, an error page: guests could not use it either.
        return False
