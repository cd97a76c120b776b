"""SSH keys made on this computer. Only public halves ever leave it."""

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key

from classlab.errors import ClasslabError
from classlab.labfolder import LabFolder

ED25519, RSA = "ed25519", "rsa"
RSA_BITS = 3072
# ssh refuses a private key that others may read ("unprotected private key file").
ONLY_MINE = 0o400
# An RSA key takes a quarter of a second of one core; cryptography lets other threads work meanwhile.
AT_ONCE = 4


class KeyFileError(ClasslabError):
    pass


@dataclass
class Keys:
    """The keys of a lab, as they are on this computer now."""

    public_key: str  # the teacher's, as EC2 takes it
    made: list[str] = field(default_factory=list)  # whose were made: students, or "teacher"
    replaces: bool = False  # EC2 has another key than this computer: nothing was made
    of_students: dict[str, str] = field(default_factory=dict)  # public keys


def private_key(kind: str) -> bytes:
    """A new private key, without passphrase: OpenSSH's own format, or for RSA the .pem that PuTTY and others read."""
    if kind == RSA:
        return generate_private_key(65537, RSA_BITS).private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
        )
    return Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
    )


def public_half(file: Path) -> str:
    """`ssh-ed25519 AAAA…` of a private key's file."""
    try:
        line = (
            _load(file.read_bytes())
            .public_key()
            .public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
        )
    except (ValueError, TypeError, UnsupportedAlgorithm, OSError) as error:
        raise KeyFileError(
            f"{file} is no private key that can be used: {error}. Put the right one back, or move it away: the next "
            "`make up` makes another."
        ) from error
    return line.decode()


def _load(text: bytes) -> Ed25519PrivateKey | RSAPrivateKey:
    key: object
    if b"OPENSSH PRIVATE KEY" in text:
        key = serialization.load_ssh_private_key(text, password=None)
    else:
        # A test of its numbers takes longer than making an ed25519 key, and there may be hundreds of them.
        key = serialization.load_pem_private_key(text, password=None, unsafe_skip_rsa_key_validation=True)
    if not isinstance(key, Ed25519PrivateKey | RSAPrivateKey):
        raise TypeError("it is neither ed25519 nor RSA")
    return key


def same(one: str, other: str) -> bool:
    """Two public keys are one key when type and body are; the comment behind says nothing."""
    return one.split()[:2] == other.split()[:2] != []


def ensure(folder: LabFolder, file: Path, kind: str, comment: str) -> bool:
    """See that a private key and its public half are there, made or kept; True when a file was written or mended."""
    changed = False
    if not file.exists():
        folder.write(file, private_key(kind), ONLY_MINE)
        changed = True
    elif file.stat().st_mode & 0o777 != ONLY_MINE:
        file.chmod(ONLY_MINE)
        changed = True
    half, public_file = public_half(file), file.with_name(f"{file.name}.pub")
    if not public_file.exists() or not same(public_file.read_text(errors="replace"), half):
        folder.write(public_file, f"{half} {comment}\n", 0o644)
        changed = True
    return changed


def ensure_all(
    folder: LabFolder,
    lab: str,
    kind: str,
    students: Iterable[str],
    cloud_key: str = "",
    own: Mapping[str, str] = MappingProxyType({}),
) -> Keys:
    """The teacher's key and one for each of these students. What exists is kept, also of students who have left.

    `own` are the public keys of students who have brought one, by the roster: none is made for them.

    `cloud_key` is the public half that EC2 has: when this computer has another, or none, nothing is made, so that the
    folder with the right one can still be brought back.
    """
    teacher = folder.teacher_key
    if cloud_key and not (teacher.exists() and same(public_half(teacher), cloud_key)):
        return Keys("", replaces=True)
    folder.make()
    files = {"teacher": teacher} | {student: folder.student_key(student) for student in students}
    with ThreadPoolExecutor(AT_ONCE) as pool:
        changed = pool.map(lambda who: ensure(folder, files[who], kind, f"{lab}-{who}"), files)
        made = [who for who, new in zip(files, changed, strict=True) if new]
    public = {student: of_student(folder, student, own) for student in (*students, *own)}
    return Keys(f"{public_half(teacher)} {lab}-teacher", made, of_students=public)


def of_student(folder: LabFolder, student: str, own: Mapping[str, str]) -> str:
    """By which public key a student enters their seat: their own, if they have brought one, else the one made here."""
    file = folder.student_key(student)
    try:
        return own.get(student) or file.with_name(f"{file.name}.pub").read_text().strip()
    except FileNotFoundError:
        return ""


def first_key(folder: LabFolder, student: str) -> tuple[str, str]:
    """The one-use host key a seat is born with: private and public half.

    It is on disk before the launch and is used again as long as it is there: a launch that was interrupted is then
    repeated with the very same user data, and the seat it may have made is known by this key.
    """
    file = folder.first_key(student)
    ensure(folder, file, ED25519, f"{student}-first")
    return file.read_text(), public_half(file)
