"""Parameters as a log may keep them: secrets masked, very long values cut."""

from typing import Any

MASK = "(masked)"
LONGEST = 4096
SECRETS = frozenset(
    {
        "userdata",
        "privatekey",
        "certificateprivatekey",
        "secretaccesskey",
        "sessiontoken",
        "securitytoken",
        "secretstring",
        "secretbinary",
        "plaintext",
        "presharedkey",
        "webidentitytoken",
        "samlassertion",
        "tokencode",
        "authenticationcode1",
        "authenticationcode2",
        "ssecustomerkey",
        "copysourcessecustomerkey",
        "clientsecret",
    }
)


def masked(service: str, action: str, parameters: dict[str, Any]) -> dict[str, Any]:
    kept: dict[str, Any] = _masked(parameters)
    # A SecureString, and a value whose kind is not told: then it keeps the kind that it was stored with.
    may_be_secret = (service, action) == ("ssm", "PutParameter") and parameters.get("Type") not in (
        "String",
        "StringList",
    )
    # ec2 modify-instance-attribute --attribute userData --value ...
    names_a_secret = str(parameters.get("Attribute", "")).lower() in SECRETS
    if "Value" in kept and (may_be_secret or names_a_secret):
        kept["Value"] = MASK
    return kept


def _masked(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: MASK if _is_secret(key, item) else _masked(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_masked(item) for item in value]
    if isinstance(value, str) and len(value) > LONGEST:
        return f"{value[:LONGEST]}... ({len(value)} characters)"
    return value


def _is_secret(key: str, value: Any) -> bool:
    # Parameters that could not be read by their model keep the wire's dotted names.
    names = key.lower().split(".")
    if SECRETS.intersection(names):
        return True
    # Only text: "AllowUsersToChangePassword" is a yes or no.
    return isinstance(value, str) and names[-1].endswith("password")
