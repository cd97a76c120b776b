"""The same answers, sooner: DescribeInstances of hundreds of instances in tenths of a second.

moto asks again for every field what cannot change (under which names a class may hold it), looks through all tags of
the region for each resource, and writes XML through a general library. Nothing here changes what is answered.
"""

import functools
from collections.abc import Callable
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from moto.core import responses
from moto.core.constants import MISSING
from moto.core.serialize import AttributePicker, AttributePickerContext, EC2Serializer
from moto.core.utils import get_value
from moto.ec2.exceptions import InvalidInstanceIdError
from moto.ec2.models.core import TaggedEC2Resource
from moto.ec2.models.instances import Instance, InstanceBackend
from moto.ec2.utils import EC2_PREFIX_TO_RESOURCE, get_prefix

from localcloud.mends.ec2.visibility import hidden
from localcloud.mends.mend import mend


@mend(responses)
def method_names_from_class(moto: Any, clazz: type) -> frozenset[str]:
    """Asked for every request, although a class has all its actions once the mends are in."""
    return _method_names(clazz)


@functools.cache
def _method_names(clazz: type) -> frozenset[str]:
    return frozenset(name for name in dir(clazz) if callable(getattr(clazz, name)))


@mend(TaggedEC2Resource)
def get_tags(moto: Any, self: Any) -> list[dict[str, str]]:
    if not self.id:
        return []
    kind = EC2_PREFIX_TO_RESOURCE.get(get_prefix(self.id), "")
    tags = self.ec2_backend.tags.get(self.id, {})
    return [
        {"resource_id": self.id, "key": key, "value": value, "resource_type": kind} for key, value in list(tags.items())
    ]


@mend(InstanceBackend)
def get_instance(moto: Any, self: Any, instance_id: str) -> Instance:
    for reservation in list(self.reservations.values()):
        for instance in reservation.instances:
            if instance.id == instance_id and not hidden(instance):
                return instance  # type: ignore[no-any-return]  # moto's backend mixins are untyped here
    raise InvalidInstanceIdError(instance_id)


@mend(EC2Serializer)
def _serialize_type_structure(moto: Any, self: Any, serialized: Any, value: Any, shape: Any, key: str) -> None:
    if value is None:
        return
    wrapper = {} if key else serialized
    transformers = _by_last_word(self._value_picker)
    subscriptable = hasattr(value, "__getitem__")
    for member_key, member_shape, names, write_plain, plain_name in _plan(self, shape, value):
        found = _found(value, names, subscriptable)
        if member_key in transformers:
            path = f"{'.'.join(self.path)}.{member_key}"
            for ending, transform in transformers[member_key]:
                if path.endswith(ending):
                    found = transform(found)
                    break
        if found is None:
            continue
        if write_plain:
            wrapper[plain_name] = write_plain(found)
        else:
            self._serialize(wrapper, found, member_shape, member_key)
    if key:
        self._default_serialize(serialized, wrapper, shape, key)


def _boolean(value: Any) -> str:
    """moto's backends keep some as words."""
    return "true" if value is True or str(value).lower() == "true" else "false"


# Values that are written as they are, without a look at where in the answer they stand.
_PLAIN: dict[str, Callable[[Any], Any]] = {"boolean": _boolean, "integer": int, "long": int, "string": str}


def _found(thing: Any, names: tuple[str, ...], subscriptable: bool) -> Any:
    for name in names:
        if "." in name:
            value = get_value(thing, name, MISSING)
        elif subscriptable:
            try:
                value = thing[name]
            except (KeyError, IndexError, TypeError, AttributeError):
                continue
        else:
            value = getattr(thing, name, MISSING)
        if value is not MISSING:
            return value
    return None


def _plan(serializer: Any, shape: Any, value: Any) -> list[tuple[str, Any, tuple[str, ...], Any, str]]:
    """How to read and write each member of such a thing; remembered on the shape itself, which lives as long."""
    memory = shape.__dict__.setdefault("_localcloud_plans", {})
    asked = type(value)
    if asked not in memory:
        plan = []
        for key, member in shape.members.items():
            member.parent = shape
            context = AttributePickerContext(obj=value, key=key, shape=member)
            names = tuple(dict.fromkeys(serializer._value_picker.get_possible_keys(context)))
            special = member.serialization.keys() & {"xmlNamespace", "xmlAttribute"}
            write_plain = None if special else _PLAIN.get(member.type_name)
            plan.append((key, member, names, write_plain, serializer.get_serialized_name(member, key)))
        memory[asked] = plan
    return memory[asked]  # type: ignore[no-any-return]  # a shape's __dict__ is Any


def _by_last_word(picker: AttributePicker) -> dict[str, list[tuple[str, Any]]]:
    index: dict[str, list[tuple[str, Any]]] | None = picker.__dict__.get("_localcloud_index")
    if index is None:
        index = picker.__dict__["_localcloud_index"] = {}
        for ending, transform in getattr(picker, "response_transformers", {}).items():
            index.setdefault(ending.rpartition(".")[2], []).append((ending, transform))
    return index


@mend(EC2Serializer)
def _serialize_body(moto: Any, self: EC2Serializer, body: dict[str, Any]) -> str:
    if self.pretty_print:
        return str(moto(self, body))
    words = ['<?xml version="1.0" encoding="utf-8"?>\n']
    for name, value in body.items():
        _write(name, value, words.append)
    return "".join(words)


def _write(name: str, value: Any, say: Callable[[str], None]) -> None:
    if isinstance(value, dict):
        attributes = "".join([f" {key[1:]}={quoteattr(str(text))}" for key, text in value.items() if key[0] == "@"])
        say(f"<{name}{attributes}>")
        for key, inner in value.items():
            if key[0] != "@":
                _write(key, inner, say)
        say(f"</{name}>")
    elif isinstance(value, list | tuple):
        for item in value:
            _write(name, item, say)
    elif value is None or value == "":
        say(f"<{name}/>")
    elif isinstance(value, bool):
        say(f"<{name}>{'true' if value else 'false'}</{name}>")
    else:
        say(f"<{name}>{escape(str(value))}</{name}>")
