"""What can go wrong, as sentences for a teacher.

ClasslabError
├── UsageError       the command was called wrongly
├── ClassFileError   the class file cannot be read at all
└── CloudError       the cloud refused, or could not be asked
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
