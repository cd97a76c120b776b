"""The tags by which a bill is read: Owner, Email, Project, Task."""

import re
from collections.abc import Mapping
from typing import Any

from classlab.names import did_you_mean
from classlab.settings import kind, shown

KEYS = ("Owner", "Email", "Project", "Task")
LONGEST = 256
# What EC2 takes in a tag's value: letters and digits of any script, spaces, and these.
STRANGE = re.compile(r"[^\w\s+\-=.:/@]|[\r\n\t\v\f]")


def read(given: Mapping[str, Any], on_aws: bool) -> tuple[dict[str, str], list[str]]:
    """The four tags ('' where not given), and what is wrong with them."""
    problems = []
    for key in given:
        if key not in KEYS:
            problems.append(f"lab_tags has '{key}', but takes {', '.join(KEYS)}.{did_you_mean(str(key), KEYS)}")
    tags = dict.fromkeys(KEYS, "")
    for key in KEYS:
        value = given.get(key)
        if value is None:
            continue
        if not isinstance(value, str):
            problems.append(
                f"{key} in lab_tags is {shown(value)}, a {kind(value)}: write a text between quotes, as in "
                f'{key}: "{shown(value)}".'
            )
            tags[key] = str(value)  # it is there, so it is not told to be missing as well
            continue
        tags[key] = value.strip()
        problems += _problems(key, tags[key])
    missing = [key for key in KEYS if not tags[key]]
    if on_aws and missing:
        problems.append(
            f"On AWS lab_tags must tell whose bill it is: {', '.join(missing)} {'is' if len(missing) == 1 else 'are'} "
            "empty. Fill them in in the class file."
        )
    return tags, problems


def _problems(key: str, value: str) -> list[str]:
    problems = []
    if strange := sorted(set(STRANGE.findall(value))):
        problems.append(
            f"{key} in lab_tags is {shown(value)}, and EC2 takes no {' '.join(strange)!r} in a tag: use letters, "
            "digits, spaces and + - = . _ : / @."
        )
    if len(value) > LONGEST:
        problems.append(f"{key} in lab_tags has {len(value)} letters; EC2 takes {LONGEST} at most: shorten it.")
    if value.lower().startswith("aws:"):
        problems.append(f"{key} in lab_tags begins with 'aws:', which AWS keeps for itself: choose another value.")
    if key == "Email" and value and not re.fullmatch(r"[^@\s]+@[^@\s]+", value):
        problems.append(f"Email in lab_tags is {shown(value)}, which is no address: write it as ada@example.org.")
    return problems
