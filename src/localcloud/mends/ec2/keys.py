"""Key pairs with AWS's own fingerprints, found by name, id or filter."""

import base64
import hashlib
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from moto.core.responses import ActionResult
from moto.ec2 import utils
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models import key_pairs
from moto.ec2.models.key_pairs import KeyPair, KeyPairBackend
from moto.ec2.responses.key_pairs import KeyPairs
from moto.ec2.utils import is_tag_filter

from localcloud.mends.ec2.filters import unknown_filter
from localcloud.mends.mend import mend

BAD_KEY = "Key is not in valid OpenSSH public key format"


def colons(digest: str) -> str:
    return ":".join(digest[place : place + 2] for place in range(0, len(digest), 2))


def ed25519_fingerprint(public_key: Ed25519PublicKey) -> str:
    """As `ssh-keygen -l` prints it, but without "SHA256:" and with base64's padding: so AWS does."""
    line = public_key.public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    digest = hashlib.sha256(base64.b64decode(line.split()[1])).digest()
    return base64.b64encode(digest).decode()


def public_key_fingerprint(moto: Any, public_key: Any, hash_constructor: Any) -> str:
    if isinstance(public_key, Ed25519PublicKey):
        return ed25519_fingerprint(public_key)
    return str(moto(public_key, hash_constructor))


# moto's models hold the function under a name of their own.
mend(key_pairs)(public_key_fingerprint)
mend(utils)(public_key_fingerprint)


@mend(key_pairs)
def random_rsa_key_pair(moto: Any) -> Any:
    """AWS knows the private key of a pair that it made, and prints that one's SHA-1."""
    details = moto()
    private_key = serialization.load_pem_private_key(details["material"], password=None)
    der = private_key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    # It is AWS's format, not a protection.
    details["fingerprint"] = colons(hashlib.sha1(der, usedforsecurity=False).hexdigest())
    return details


def check_choice(name: str, value: str | None, allowed: tuple[str, ...]) -> None:
    if value not in (None, *allowed):
        raise EC2ClientError("InvalidParameterValue", f"Value ({value}) for parameter {name} is invalid.")


@mend(KeyPairs)
def create_key_pair(moto: Any, self: Any) -> ActionResult:
    check_choice("KeyType", self._get_param("KeyType"), ("rsa", "ed25519"))
    check_choice("KeyFormat", self._get_param("KeyFormat"), ("pem", "ppk"))
    answer: ActionResult = moto(self)
    return answer


@mend(KeyPairBackend, "create_key_pair")
def _create(moto: Any, self: Any, name: str, key_type: str | None, tags: dict[str, str]) -> KeyPair:
    made: KeyPair = moto(self, name, key_type or "rsa", tags)
    return made


@mend(KeyPairBackend)
def import_key_pair(moto: Any, self: Any, key_name: str, public_key_material: bytes, tags: dict[str, str]) -> KeyPair:
    try:
        utils.public_key_parse(public_key_material)
    except (ValueError, IndexError, UnsupportedAlgorithm) as error:
        raise EC2ClientError("InvalidKey.Format", BAD_KEY) from error
    made: KeyPair = moto(self, key_name, public_key_material, tags)
    return made


@mend(KeyPairBackend)
def describe_key_pairs(
    moto: Any, self: Any, key_names: list[str] | None = None, filters: Any = None, ids: list[str] | None = None
) -> list[KeyPair]:
    for name in key_names or []:
        if name not in self.key_pairs:
            raise EC2ClientError("InvalidKeyPair.NotFound", f"The key pair '{name}' does not exist")
    by_id = {pair.id: pair for pair in self.key_pairs.values()}
    for each in ids or []:
        if each not in by_id:
            raise EC2ClientError("InvalidKeyPair.NotFound", f"The key pair ID '{each}' does not exist")
    for name in filters or {}:
        check_filter(name)
    found: list[KeyPair] = moto(self, key_names or [], filters)
    return [pair for pair in found if not ids or pair.id in ids]


@mend(KeyPairs, "describe_key_pairs")
def _describe(moto: Any, self: Any) -> ActionResult:
    pairs = self.ec2_backend.describe_key_pairs(
        self._get_param("KeyNames", []), self._filters_from_querystring(), self._get_param("KeyPairIds", [])
    )
    with_key = self._get_bool_param("IncludePublicKey", False)
    return ActionResult(
        {
            "KeyPairs": [
                {
                    "KeyPairId": pair.id,
                    "KeyName": pair.key_name,
                    "KeyType": pair.key_type,
                    "KeyFingerprint": pair.key_fingerprint,
                    "CreateTime": pair.create_time,
                    "Tags": pair.get_tags(),
                    "PublicKey": pair.public_key if with_key else None,
                }
                for pair in pairs
            ]
        }
    )


def check_filter(name: str) -> None:
    if name not in ("key-name", "key-pair-id", "fingerprint") and not is_tag_filter(name):
        raise unknown_filter(name)


@mend(KeyPairs)
def delete_key_pair(moto: Any, self: Any) -> ActionResult:
    """By name or id; that there is none is no error."""
    self.error_on_dryrun()
    wanted = (self._get_param("KeyName"), self._get_param("KeyPairId"))
    if wanted == (None, None):
        raise EC2ClientError("MissingParameter", "The request must contain the parameter KeyName or KeyPairId")
    for pair in list(self.ec2_backend.key_pairs.values()):
        if pair.key_name == wanted[0] or pair.id == wanted[1]:
            self.ec2_backend.delete_key_pair(pair.key_name)
            self.ec2_backend.tags.pop(pair.id, None)
            return ActionResult({"Return": True, "KeyPairId": pair.id})
    return ActionResult({"Return": True})
