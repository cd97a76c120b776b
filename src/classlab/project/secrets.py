"""Does a file of the project hold a secret? What is on a seat is read by its student, so none may get there."""

import re
from pathlib import PurePosixPath

# By name, whatever is in them. A template such as .env.example is meant to be handed out.
NAMES = {".env", ".netrc", ".git-credentials", ".pgpass", "id_rsa", "id_dsa", "id_ecdsa", "id_ed25519"}
SUFFIXES = {".ppk", ".p12", ".pfx"}
TEMPLATES = {".example", ".sample", ".template", ".dist"}

# The line alone may stand in a lesson about keys; a key has its letters below it. JSON writes \n for the line's end.
PRIVATE_KEY = re.compile(
    rb"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----(?:\s|\\n)+(?:[A-Za-z-]+:[^\n]*\n|\s)*[A-Za-z0-9+/=]{40}"
)
AWS_SECRET = re.compile(
    rb"""aws_?secret_?(?:access_?)?key["']?\s*[=:]\s*["']?([A-Za-z0-9/+]{40})(?![A-Za-z0-9/+])""", re.I
)
AWS_KEY_ID = re.compile(rb"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b")
FORTY = re.compile(rb"(?<![A-Za-z0-9/+=])[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])")
EXAMPLES = (b"EXAMPLE", b"EXAMPLEKEY")  # AWS's own documentation ends its keys so


def looks_like(path: str, head: bytes) -> str:
    """Say what secret a file seems to hold, from its name and its beginning; '' for none."""
    name = PurePosixPath(path)
    if name.name in NAMES or name.suffix in SUFFIXES:
        return "a file of secrets"
    if name.name.startswith(".env.") and name.suffix not in TEMPLATES:
        return "a file of secrets"
    if PRIVATE_KEY.search(head):
        return "a private key"
    if any(not secret.endswith(EXAMPLES) for secret in AWS_SECRET.findall(head)):
        return "AWS credentials"
    # Also without the words, as in the CSV file that the console offers: an id, and a secret's forty letters.
    ids = [each for each in AWS_KEY_ID.findall(head) if not each.endswith(EXAMPLES)]
    if ids and any(not secret.endswith(EXAMPLES) for secret in FORTY.findall(head)):
        return "AWS credentials"
    return ""
