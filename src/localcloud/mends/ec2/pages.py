"""MaxResults and NextToken for every Describe call of EC2 that has them; moto answers all at once."""

import base64
import binascii
import json
from functools import cache
from typing import Any

from moto.core.responses import ActionResult
from moto.core.utils import get_pagination_model, get_service_model
from moto.ec2.exceptions import InvalidNextToken
from moto.ec2.responses import EC2Response

from localcloud.mends.mend import mend


@mend(EC2Response)
def serialized(moto: Any, self: Any, action_result: ActionResult) -> Any:
    result = action_result.result
    if isinstance(result, dict) and (self._get_param("MaxResults") or self._get_param("NextToken")):
        key = paged_key(self._get_action())
        # A result that has its token already was paged by moto itself.
        if key and isinstance(result.get(key), list) and "NextToken" not in result:
            try:
                items, token = page(result[key], self._get_param("MaxResults"), self._get_param("NextToken"))
            except InvalidNextToken as error:
                # moto answers exceptions of actions only; this is after the action.
                action_result = ActionResult(error)
            else:
                action_result = ActionResult({**result, key: items, "NextToken": token})
    return moto(self, action_result)


@cache
def paged_key(action: str) -> str | None:
    """The member of an action's answer that is cut into pages, if the action has pages."""
    model = get_service_model("ec2").operation_model(action)
    if not (model.input_shape and model.output_shape) or "NextToken" not in model.output_shape.members:
        return None
    known = get_pagination_model("ec2").get(action)
    if known and isinstance(known["result_key"], str):
        return known["result_key"]
    lists = [name for name, shape in model.output_shape.members.items() if shape.type_name == "list"]
    return lists[0] if len(lists) == 1 else None


def page(items: list[Any], limit: int | None, token: str | None) -> tuple[list[Any], str | None]:
    """One page and the token of the next.

    A token names the item it stands for, so that a client may delete what a page told before it asks for the next.
    """
    start = 0
    if token:
        start, name = _read(token)
        if name:  # an item that has one; a type that is offered somewhere has none
            start = next((place for place, item in enumerate(items) if _name(item) == name), start)
    end = start + int(limit) if limit else len(items)
    following = _write(end, items[end]) if end < len(items) else None
    return items[start:end], following


def _name(item: Any) -> str:
    if isinstance(item, dict):
        return "/".join(str(value) for key, value in item.items() if key.endswith(("Id", "Number", "Name")))
    return str(getattr(item, "id", "") or getattr(item, "name", ""))


def _write(place: int, item: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps([place, _name(item)]).encode()).decode()


def _read(token: str) -> tuple[int, str]:
    try:
        place, name = json.loads(base64.urlsafe_b64decode(token))
        return int(place), str(name)
    except (binascii.Error, UnicodeDecodeError, ValueError, TypeError) as error:
        raise InvalidNextToken(token) from error
