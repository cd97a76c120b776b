"""Names: what a lab and a student may be called, and the nearest to a word that was mistyped."""

import difflib
import re
import unicodedata
from collections.abc import Iterable

MOST_LETTERS = 32
# `<lab>-<student>` becomes a host's name, which has at most 63 letters.
MOST_STUDENT_LETTERS = 63 - 1 - MOST_LETTERS
# Words that ansible, or the lab folder, already uses for something else.
RESERVED = frozenset({"all", "localhost", "teacher", "ungrouped"})
# Seats that are kept ready for whoever needs one are called so.
SPARE = re.compile(r"spare-\d+")
# ... and the seat of which `make bake` makes an image.
BUILDER = "image-builder"
# Letters that Unicode does not take apart into a plain one and an accent.
_PLAIN = str.maketrans({"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th"})


def lab_name_problem(value: object) -> str:
    """'' when the value may be a lab's name, else a sentence."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return (
            "lab_name is empty, and a lab is known by its name alone: give it one in the class file, "
            "for example lab_name: cs101."
        )
    return _problem("lab_name", value, MOST_LETTERS)


def student_name_problem(value: object) -> str:
    """'' when the value may be a student's name, else a sentence."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return "A student's name is empty: give each student a name, for example ada."
    if problem := _problem("The student's name", value, MOST_STUDENT_LETTERS):
        return problem
    if is_spare(str(value)):
        return f"The student's name '{value}' is what classlab calls a spare seat (lab_spares): choose another."
    if value == BUILDER:
        return (
            f"The student's name '{value}' is what classlab calls the seat that `make bake` launches: choose another."
        )
    if value in RESERVED:
        return (
            f"The student's name '{value}' means something else to classlab (as do {_listed(RESERVED)}): "
            f"choose another, for example {value}-1."
        )
    return ""


def is_spare(name: str) -> bool:
    return bool(SPARE.fullmatch(name))


def nearest(word: str, known: Iterable[str]) -> list[str]:
    """Up to three of the known words that the given one may have been meant to be, the likeliest first."""
    alike = difflib.SequenceMatcher(b=str(word).lower())
    ratios = {}
    for each in known:
        alike.set_seq1(each.lower())
        ratios[each] = alike.ratio()
    # One that is much nearer than the others is what was meant.
    enough = max(0.6, max(ratios.values(), default=0) - 0.1)
    return sorted((each for each in ratios if ratios[each] >= enough), key=lambda each: -ratios[each])[:3]


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The same as words to put behind a sentence, or ''."""
    found = nearest(word, known)
    return f" Did you mean {' or '.join(found)}?" if found else ""


def fitting(value: str, most: int = MOST_STUDENT_LETTERS) -> str:
    """A legal name made from a person's: 'Ada Lovelace' gives 'ada-lovelace'; '' where no letter is left."""
    taken_apart = unicodedata.normalize("NFKD", value.lower().translate(_PLAIN))
    plain = "".join(each for each in taken_apart if not unicodedata.combining(each))
    plain = re.sub(r"['\u2019]", "", plain)  # O'Brien is obrien
    if any(each.isalpha() and not each.isascii() for each in plain):
        return ""  # half a name, in another script, would be nobody's name
    name = re.sub(r"[^a-z0-9]+", "-", plain).lstrip("-0123456789")
    return name[:most].rstrip("-")


def _problem(what: str, value: object, most: int) -> str:
    if not isinstance(value, str):
        return (
            f"{what} is {value!r}, which YAML reads as a {_kind(value)} and not as a text: "
            f'put it between quotes, and begin it with a letter, for example "{_example(value)}".'
        )
    proposed = fitting(value, most)
    mend = f": write {proposed}." if proposed else ": write it in Latin letters, beginning with a letter."
    if strange := sorted(set(re.sub(r"[a-z0-9-]", "", value))):
        rule = "may have only small letters a-z, digits and hyphens"
        return f"{what} '{value}' has {_characters(strange)}, but {rule}{mend}"
    if len(value) > most:
        return f"{what} '{value}' has {len(value)} letters, but it may have {most} at most{mend}"
    if not re.fullmatch(r"[a-z]([a-z0-9-]*[a-z0-9])?", value):
        return f"{what} '{value}' must begin with a letter and not end with a hyphen{mend}"
    return ""


def _characters(strange: list[str]) -> str:
    capitals = "".join(each for each in strange if each.isascii() and each.isupper())
    others = [each for each in strange if each not in capitals]
    words = [f"capitals ({capitals})"] if capitals else []
    words += ["a space"] if " " in others else []
    words += [each if each.isprintable() else f"U+{ord(each):04X}" for each in others if each != " "]
    return " and ".join(words) if len(words) < 3 else f"{', '.join(words[:-1])} and {words[-1]}"


def _kind(value: object) -> str:
    if isinstance(value, bool):
        return "yes/no"
    kinds: dict[type, str] = {int: "number", float: "number", list: "list", dict: "group of settings"}
    return next((word for kind, word in kinds.items() if isinstance(value, kind)), "date")


def _example(value: object) -> str:
    if isinstance(value, bool):
        return "yes-1" if value else "no-1"
    return f"s{value}" if isinstance(value, int) else "ada"


def _listed(words: Iterable[str]) -> str:
    *others, last = sorted(words)
    return f"{', '.join(others)} and {last}"


def make(verb: str, class_name: str, student: str = "") -> str:
    """The command that a teacher types; the demo needs no word."""
    words = ["make", verb, f"CLASS={class_name}" if class_name != "demo" else "", student and f"STUDENT={student}"]
    return " ".join(word for word in words if word)
