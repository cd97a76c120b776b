"""What can go wrong, as sentences for a teacher.

ClasslabError
├── UsageError             the command was called wrongly
├── ClassFileError         the class file cannot be read at all
├── ProjectError           the project cannot be handed out           (project/files.py)
├── UserDataError          a seat's user data would be too large      (cloud/userdata.py)
├── KeyFileError           a key of the lab folder is unusable        (trust/keys.py)
├── NothingToExtendError   the lab has no seats, or hours are absurd  (cloud/extend.py)
└── CloudError             the cloud refused, or could not be asked
"""


class ClasslabError(Exception):
    """One or two sentences: what was wrong, the value given, what mends it, what now exists and bills."""

    exit_status = 1


class UsageError(ClasslabError):
    exit_status = 2


class ClassFileError(ClasslabError):
    exit_status = 2


class CloudError(ClasslabError):
    pass
