"""Ansible's and ssh's words, as sentences that carry the mend."""

import pathlib

import pytest

from classlab.display import failures

AGAIN = "make up STUDENT=ada"


def unreachable(said: str) -> str:
    return failures.unreachable(
        {"msg": f"Task failed: Failed to connect to the host via ssh: {said}"}, AGAIN
    ).sentences[0]


@pytest.mark.parametrize(
    ("said", "mend"),
    [
        (
            "@@@\r\n@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\r\nHost key verification failed.",
            "Do not trust",
        ),
        ("No ED25519 host key is known for i-1\r\nHost key verification failed.", "not pinned"),
        ("ssh: connect to host 10.0.0.1 port 22: Connection timed out", "make allow"),
        ("Connection timed out during banner exchange", "make allow"),
        ("ssh: connect to host 10.0.0.1 port 22: Connection refused", "Wait a minute"),
        ("ubuntu@10.0.0.1: Permission denied (publickey).", "teacher.pem"),
        ("@ WARNING: UNPROTECTED PRIVATE KEY FILE! @\nubuntu@1: Permission denied (publickey).", "chmod 400"),
        ("ssh: Could not resolve hostname ada: Name or service not known", "ssh_config"),
        ("kex_exchange_identification: Connection closed by remote host", "hung up"),
    ],
)
def test_ssh(said: str, mend: str) -> None:
    sentence = unreachable(said)
    assert mend in sentence
    assert AGAIN in sentence
    assert "Task failed" not in sentence


def test_ssh_in_words_that_nobody_foresaw() -> None:
    assert unreachable("no such thing as ssh.") == (
        "It cannot be reached: no such thing as ssh. Wait a minute, then `make up STUDENT=ada`."
    )


def test_a_modules_own_sentences_are_left_as_they_are() -> None:
    told = failures.failed({"msg": "- No name.\n- No student.\n", "exception": "(traceback unavailable)"}, AGAIN)
    assert told == failures.Failure(("No name.", "No student."))


def test_a_crash_is_called_a_bug() -> None:
    assert failures.failed({"msg": "Task failed: Module failed: division by zero"}, AGAIN).sentences == (
        "This is a bug in classlab, not in your class file: Module failed: division by zero. VERBOSE=1 shows where.",
    )


def test_a_module_that_died_without_an_answer() -> None:
    result = {"msg": "Module result deserialization failed", "module_stderr": "x\nKilled\n", "rc": 137}
    assert "Killed" in failures.failed(result, AGAIN).sentences[0]
    assert "without a word" in failures.failed({**result, "module_stderr": ""}, AGAIN).sentences[0]


def test_a_program_that_failed_is_quoted() -> None:
    result = {
        "msg": "The command exited with a non-zero return code.",
        "cmd": ["pip", "install"],
        "rc": 2,
        "stderr": "no net\n",
    }
    assert failures.failed(result, AGAIN).sentences == ("`pip install` ended with 2:", "no net")


def test_a_modules_own_words_win_over_the_program_it_called() -> None:
    result = {"msg": "Launchpad is down.", "cmd": ["apt-get"], "rc": 100, "stderr": "E: 503"}
    assert failures.failed(result, AGAIN).sentences == ("Launchpad is down.",)


def test_secrets_stay_secret() -> None:
    told = failures.failed({"censored": "the output has been hidden", "msg": "key"}, AGAIN)
    assert told.sentences == ("It failed, and what it said may hold a secret, so it is not shown.",)


def test_a_known_text_brings_its_mend() -> None:
    said = "Failed to run: An error occurred (ExpiredToken) when calling the RunInstances operation: expired"
    assert failures.failed({"msg": said}, AGAIN).sentences[1].startswith("Your AWS login has run out")
    full = failures.failed({"msg": "Task failed: Module failed: [Errno 28] No space left on device"}, AGAIN)
    assert "bug" not in full.sentences[0]


def test_every_known_text_is_in_the_page_on_troubleshooting() -> None:
    page = pathlib.Path("docs/troubleshooting.md").read_text().lower()
    known = [*failures.UNREACHABLE, *failures.ANYWHERE]
    assert [text for text in known if text.lower() not in page] == []
