"""Is a text the public half of an SSH key, as OpenSSH writes it on one line?"""

import base64
import binascii

TYPES = (
    "ssh-ed25519",
    "ssh-rsa",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "sk-ssh-ed25519@openssh.com",
    "sk-ecdsa-sha2-nistp256@openssh.com",
)
_MEND = "give the one line of the .pub file, for example of ~/.ssh/id_ed25519.pub."


def public_key_problem(key: str) -> str:
    """'' for a public key, else how a sentence about it ends. The value is never repeated: it may be a secret."""
    if "PRIVATE KEY" in key or "PuTTY-User-Key-File" in key:
        return (
            "is a PRIVATE key. A private key never leaves its owner's computer: take it out of the file, have the "
            f"student make a new pair (ssh-keygen -t ed25519), and {_MEND}"
        )
    if "BEGIN SSH2 PUBLIC KEY" in key:
        return "is a public key in PuTTY's form: ssh-keygen -i -f that-file tells it in the form that is wanted."
    if "\n" in key.strip():
        return f"has more than one line: {_MEND}"
    kind, _, rest = key.strip().partition(" ")
    if kind == "ssh-dss":
        return "is a DSA key, which Ubuntu's SSH no longer takes: have the student make one by ssh-keygen -t ed25519."
    if kind not in TYPES:
        return f"begins with '{kind[:20]}', and not with ssh-ed25519, ssh-rsa, ecdsa-… or sk-…: {_MEND}"
    body = rest.split(maxsplit=1)[0] if rest.strip() else ""
    if not body or not _begins_with_its_type(body, kind):
        return f"is cut off or changed on its way ({kind} is not followed by such a key): {_MEND}"
    return ""


def _begins_with_its_type(body: str, kind: str) -> bool:
    """A key's body is a list of lengths and parts, and the first part says the type again."""
    try:
        raw = base64.b64decode(body, validate=True)
    except binascii.Error:
        return False
    parts = []
    while raw:
        length = int.from_bytes(raw[:4])
        if len(raw) < 4 + length or len(raw) < 4:
            return False
        parts.append(raw[4 : 4 + length])
        raw = raw[4 + length :]
    return len(parts) >= 2 and parts[0] == kind.encode() and len(parts[1]) > 0
