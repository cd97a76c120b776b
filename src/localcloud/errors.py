"""What can go wrong, as sentences.

    LocalCloudError             anything a person can mend; printed as one line, exit status 1
    ├── UsageError              the call's words are off; exit status 2
    ├── EngineError             podman or docker is missing, does not answer, or refused
    ├── ImageError              the Ubuntu image could not be made
    ├── StandInError            (standin) the packages that stand in for the PPA could not be had
    ├── NetworkError            an address, a route or a packet filter could not be set
    └── StateError              the state folder or the running server is not as it must be

The message says what was wrong and, in the same breath, what mends it.
"""


class LocalCloudError(Exception):
    """Base of all errors that are shown to a person without a traceback."""

    exit_status = 1


class UsageError(LocalCloudError):
    exit_status = 2


class EngineError(LocalCloudError):
    pass


class ImageError(LocalCloudError):
    pass


class NetworkError(LocalCloudError):
    pass


class StateError(LocalCloudError):
    pass
