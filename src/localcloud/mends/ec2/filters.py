"""Filters of Describe calls as EC2 reads them: any value may match, `*` and `?` are wildcards, nothing else is.

moto wants *all* listed values of a set to match, reads `[` as a wildcard, and answers HTTP 500 to a filter it does not
know; EC2 says which filter is wrong.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

from moto.ec2 import utils
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models.core import TaggedEC2Resource

from localcloud.mends.mend import mend

ABSENT = object()


@mend(utils)
def is_filter_matching(moto: Any, obj: Any, _filter: str, filter_value: Any) -> bool:
    if filter_value is None:
        return False
    wanted = [filter_value] if isinstance(filter_value, str) else [str(value) for value in filter_value]
    return any(any(pattern(each).fullmatch(value) for each in wanted) for value in _said(obj, _filter))


@mend(TaggedEC2Resource)
def get_filter_value(moto: Any, self: Any, filter_name: str, method_name: str | None = None) -> Any:
    if filter_name.startswith("tag:") or filter_name in ("tag-key", "tag-value"):
        return moto(self, filter_name, method_name)
    value = getattr(self, filter_name.lower().replace("-", "_"), ABSENT)
    if value is ABSENT:
        raise unknown_filter(filter_name)
    return value


def unknown_filter(name: str) -> EC2ClientError:
    return EC2ClientError("InvalidParameterValue", f"The filter '{name}' is invalid")


def teach(owner: type, table: Mapping[str, Callable[[Any], Any]]) -> None:
    """Let `owner` answer further filters; each entry says how its value is read off the resource."""

    @mend(owner, "get_filter_value")
    def get_value(moto: Any, self: Any, filter_name: str, *rest: Any) -> Any:
        if filter_name in table:
            return table[filter_name](self)
        return moto(self, filter_name, *rest)


def as_text(value: Any) -> str:
    """How EC2 writes a value where filters compare it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return utils.format_timestamp(value)
    return str(value)


def _said(obj: Any, name: str) -> Iterable[str]:
    value = obj.get_filter_value(name)
    if value is None:
        return []
    if isinstance(value, str) or not isinstance(value, Iterable):
        value = [value]
    return [as_text(item) for item in value if item is not None]


@lru_cache(maxsize=1024)
def pattern(text: str) -> re.Pattern[str]:
    """A backslash takes the wildcard's meaning from the character after it."""
    parts = re.findall(r"\\.|.", text, flags=re.DOTALL)
    meaning = {"*": ".*", "?": "."}
    return re.compile("".join(meaning.get(part) or re.escape(part[-1]) for part in parts), re.DOTALL)
