"""The one way in which localcloud changes moto.

A mend is a function that takes the place of one of moto's, under the same name. It gets moto's own version first
(None where moto has nothing of that name), so it can refuse, add to, or replace what moto does:

    @mend(NetworkInterfaceBackend)
    def delete_network_interface(moto, self, eni_id):
        if self.get_network_interface(eni_id).instance:
            raise EC2ClientError("InvalidParameterValue", ...)
        return moto(self, eni_id)

Importing a module of mends applies it; `localcloud.mends.install` imports them all, before the first request.
"""

import functools
from collections.abc import Callable
from typing import Any


def mend(owner: Any, name: str = "") -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Put the decorated function in the place of `owner`'s function of that name (owner: a class or a module)."""

    def put(function: Callable[..., Any]) -> Callable[..., Any]:
        place = name or function.__name__
        original = getattr(owner, place, None)

        @functools.wraps(function)
        def mended(*args: Any, **kwargs: Any) -> Any:
            return function(original, *args, **kwargs)

        setattr(owner, place, mended)
        return mended

    return put
