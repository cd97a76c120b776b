"""KMS keys can be stored: encrypted volumes bring one with them, and moto keeps in it what does not pickle."""

from typing import Any

from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from moto.kms.utils import ECDSAPrivateKey, RSAPrivateKey

from localcloud.mends.mend import mend


def _store_as_text(kind: type) -> None:
    @mend(kind, "__getstate__")
    def get_state(moto: Any, self: Any) -> dict[str, Any]:
        text = self.private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return {**self.__dict__, "private_key": text}

    @mend(kind, "__setstate__")
    def set_state(moto: Any, self: Any, state: dict[str, Any]) -> None:
        self.__dict__.update({**state, "private_key": load_pem_private_key(state["private_key"], None)})


_store_as_text(RSAPrivateKey)
_store_as_text(ECDSAPrivateKey)
