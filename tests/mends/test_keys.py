"""Key pairs: AWS's fingerprints, found by name and id, refused when they are none."""

import base64
import hashlib
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from test_launch import refusal

Aws = Callable[..., Any]


def public_key(folder: Path, kind: str) -> bytes:
    file = folder / kind
    subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", "", "-f", str(file)], check=True)
    return file.with_suffix(".pub").read_bytes()


def colons(digest: str) -> str:
    return ":".join(digest[place : place + 2] for place in range(0, len(digest), 2))


def test_an_imported_ed25519_key(aws: Aws, tmp_path: Path) -> None:
    """What ssh-keygen says of it, without its prefix and with base64's padding."""
    ec2, material = aws("ec2"), public_key(tmp_path, "ed25519")
    said = ec2.import_key_pair(KeyName="mine", PublicKeyMaterial=material)["KeyFingerprint"]
    listed = subprocess.run(
        ["ssh-keygen", "-l", "-f", str(tmp_path / "ed25519.pub")], check=True, capture_output=True, text=True
    )
    assert said == listed.stdout.split()[1].removeprefix("SHA256:") + "="
    [seen] = ec2.describe_key_pairs(KeyNames=["mine"])["KeyPairs"]
    assert (seen["KeyFingerprint"], seen["KeyType"]) == (said, "ed25519")


def test_an_imported_rsa_key(aws: Aws, tmp_path: Path) -> None:
    ec2, material = aws("ec2"), public_key(tmp_path, "rsa")
    der = serialization.load_ssh_public_key(material).public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    said = ec2.import_key_pair(KeyName="mine", PublicKeyMaterial=material)["KeyFingerprint"]
    assert said == colons(hashlib.new("md5", der, usedforsecurity=False).hexdigest())


def test_a_created_rsa_key(aws: Aws) -> None:
    made = aws("ec2").create_key_pair(KeyName="theirs")
    der = serialization.load_pem_private_key(made["KeyMaterial"].encode(), None).private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    assert made["KeyFingerprint"] == colons(hashlib.new("sha1", der, usedforsecurity=False).hexdigest())


def test_a_created_ed25519_key(aws: Aws) -> None:
    ec2 = aws("ec2")
    made = ec2.create_key_pair(KeyName="theirs", KeyType="ed25519")
    private = serialization.load_ssh_private_key(made["KeyMaterial"].encode(), None)
    line = private.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    digest = hashlib.sha256(base64.b64decode(line.split()[1])).digest()
    assert made["KeyFingerprint"] == base64.b64encode(digest).decode()


@pytest.mark.parametrize("junk", [b"ssh-rsa AAAA", b"hello", b"---- BEGIN SSH2 PUBLIC KEY ----", b"\xff\xfe"])
def test_junk_is_no_key(aws: Aws, junk: bytes) -> None:
    said = refusal(aws("ec2").import_key_pair, KeyName="junk", PublicKeyMaterial=junk)
    assert said == ("InvalidKey.Format", "Key is not in valid OpenSSH public key format")


def test_an_ecdsa_key_is_not_for_ec2(aws: Aws, tmp_path: Path) -> None:
    material = public_key(tmp_path, "ecdsa")
    assert refusal(aws("ec2").import_key_pair, KeyName="k", PublicKeyMaterial=material)[0] == "InvalidKey.Format"


def test_unknown_type_and_format_are_refused(aws: Aws) -> None:
    create = aws("ec2").create_key_pair
    assert refusal(create, KeyName="k", KeyType="dsa")[0] == "InvalidParameterValue"
    assert refusal(create, KeyName="k", KeyFormat="der")[0] == "InvalidParameterValue"


def test_found_by_name_id_and_filter(aws: Aws, tmp_path: Path) -> None:
    ec2, material = aws("ec2"), public_key(tmp_path, "ed25519")
    tags = [{"ResourceType": "key-pair", "Tags": [{"Key": "Lab", "Value": "demo"}]}]
    mine = ec2.import_key_pair(KeyName="mine", PublicKeyMaterial=material, TagSpecifications=tags)
    ec2.create_key_pair(KeyName="other")
    for asked in (
        {"KeyNames": ["mine"]},
        {"KeyPairIds": [mine["KeyPairId"]]},
        {"Filters": [{"Name": "tag:Lab", "Values": ["demo"]}]},
        {"Filters": [{"Name": "fingerprint", "Values": [mine["KeyFingerprint"]]}]},
    ):
        [seen] = ec2.describe_key_pairs(**asked)["KeyPairs"]
        assert (seen["KeyName"], seen["Tags"]) == ("mine", [{"Key": "Lab", "Value": "demo"}])
        assert "PublicKey" not in seen
    [seen] = ec2.describe_key_pairs(KeyNames=["mine"], IncludePublicKey=True)["KeyPairs"]
    assert seen["PublicKey"].encode() == material
    assert refusal(ec2.describe_key_pairs, KeyNames=["x"]) == (
        "InvalidKeyPair.NotFound",
        "The key pair 'x' does not exist",
    )
    assert refusal(ec2.describe_key_pairs, KeyPairIds=["key-0"])[0] == "InvalidKeyPair.NotFound"
    assert refusal(ec2.describe_key_pairs, Filters=[{"Name": "colour", "Values": ["red"]}]) == (
        "InvalidParameterValue",
        "The filter 'colour' is invalid",
    )
    assert refusal(ec2.create_key_pair, KeyName="mine")[0] == "InvalidKeyPair.Duplicate"


def test_deleted_by_id_and_by_name(aws: Aws) -> None:
    ec2 = aws("ec2")
    made = ec2.create_key_pair(KeyName="one")
    ec2.create_key_pair(KeyName="two")
    assert ec2.delete_key_pair(KeyPairId=made["KeyPairId"])["Return"] is True
    assert [each["KeyName"] for each in ec2.describe_key_pairs()["KeyPairs"]] == ["two"]
    ec2.delete_key_pair(KeyName="two")
    assert ec2.describe_key_pairs()["KeyPairs"] == []
    ec2.delete_key_pair(KeyName="two")
