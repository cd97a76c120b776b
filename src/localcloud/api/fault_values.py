"""The values of a fault's words: each reader returns the value, or says in a ValueError what is wanted instead."""

import re


def code(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z][\w.]*", text):
        raise ValueError("an error code is a word such as RequestLimitExceeded")
    return text


def glob(text: str) -> str:
    if not text:
        raise ValueError("nothing is given")
    return text


def answer(text: str) -> bool:
    if text != "answer":
        raise ValueError("only the answer can be dropped: drop=answer")
    return True


def number(text: str, what: str) -> float:
    if not re.fullmatch(r"\d+(\.\d+)?", text):
        raise ValueError(what)
    return float(text)


def seconds(text: str) -> float:
    length = number(text, "seconds are a number such as 2 or 0.5")
    if not length:
        raise ValueError("no time at all is no fault")
    return length


def rate(text: str) -> float:
    wanted = "a rate is a number of calls a second above 0"
    calls = number(text, wanted)
    if not calls:
        raise ValueError(wanted)
    return calls


def percent(text: str) -> float:
    wanted = "a percentage is a number above 0, up to 100"
    share = number(text, wanted)
    if not 0 < share <= 100:
        raise ValueError(wanted)
    return share


def amount(text: str) -> int:
    if not re.fullmatch(r"\d{1,9}", text):
        raise ValueError("a whole number is wanted")
    return int(text)


def count(text: str) -> int:
    if not re.fullmatch(r"0*[1-9]\d{0,8}", text):
        raise ValueError("a whole number above 0 is wanted")
    return int(text)


def http_error(text: str) -> int:
    if not re.fullmatch(r"[45]\d\d", text):
        raise ValueError("an error's HTTP status is 400 to 599")
    return int(text)
