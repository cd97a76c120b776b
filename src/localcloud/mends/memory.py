"""moto remembers every object that it ever made, for its own tests; a server that lives for weeks must not."""

from typing import Any

from moto.core.common_models import BaseModel


def _make(cls: type[BaseModel], *_: Any, **__: Any) -> BaseModel:
    return object.__new__(cls)


BaseModel.__new__ = staticmethod(_make)  # type: ignore[method-assign]  # `mend` is for plain methods
