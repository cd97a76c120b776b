"""Which cloud a command acts on, and the environment that its processes get there."""

import os
from pathlib import Path

import pytest

from classlab.command import clouds
from classlab.command.asking import Answer
from classlab.errors import ClasslabError
from localcloud.daemon import ACCESS_KEY

THERE, NOTHING = Answer(there=True), Answer()
NO_CREDENTIALS = Answer(unasked="no AWS credentials were found", credentials=False)
EXPIRED = Answer(unasked="ExpiredToken: the token has expired")
TOLD = {
    "AWS_ENDPOINT_URL": "http://127.0.0.1:4580",
    "AWS_ACCESS_KEY_ID": ACCESS_KEY,
    "AWS_SECRET_ACCESS_KEY": "localcloud",
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
    "LOCALCLOUD_CHECKIP_URL": "http://127.0.0.1:4580/_localcloud/checkip",
    "LOCALCLOUD_PPA_URL": "http://10.208.0.1:4581/ppa",
    "LOCALCLOUD_PPA_FINGERPRINT": "ABCD",
}
ROOM = Path("/room")


@pytest.mark.parametrize(
    ("given", "remembered", "written", "cloud"),
    [
        ("", "", "", "localcloud"),
        ("", "", "aws", "aws"),
        ("", "localcloud", "aws", "localcloud"),
        ("aws", "", "localcloud", "aws"),
        ("localcloud", "", "aws", "localcloud"),
        ("aws", "aws", "", "aws"),
    ],
)
def test_up_goes_where_it_is_told_then_where_it_was_then_as_is_written(
    given: str, remembered: str, written: str, cloud: str
) -> None:
    assert clouds.for_up("demo", given, remembered, written) == cloud


@pytest.mark.parametrize(
    ("aws", "local", "written", "cloud", "said"),
    [
        (NOTHING, THERE, "aws", "localcloud", ""),
        (THERE, NOTHING, "localcloud", "aws", ""),
        (NOTHING, NOTHING, "localcloud", "localcloud", ""),
        (NOTHING, NOTHING, "aws", "aws", ""),
        (NO_CREDENTIALS, THERE, "localcloud", "localcloud", "AWS was not asked (no AWS credentials were found)"),
        (NO_CREDENTIALS, NOTHING, "localcloud", "localcloud", "add CLOUD=aws"),
        # The class is meant for AWS: rather AWS's own refusal than "nothing there" about a rehearsal.
        (NO_CREDENTIALS, THERE, "aws", "aws", ""),
        (EXPIRED, NOTHING, "aws", "aws", ""),
        (EXPIRED, THERE, "localcloud", "localcloud", "AWS was not asked (ExpiredToken: the token has expired)"),
        (EXPIRED, NOTHING, "localcloud", "Whether the lab of demo is on AWS could not be asked: ExpiredToken", ""),
        (THERE, THERE, "aws", "The lab of demo is on both clouds: say which", ""),
    ],
)
def test_another_verb_without_memory_goes_where_the_lab_is(
    aws: Answer, local: Answer, written: str, cloud: str, said: str
) -> None:
    lines: list[str] = []
    answers = {"aws": aws, "localcloud": local}
    if cloud in clouds.CLOUDS:
        assert clouds.for_others("demo", "", "", written, answers.__getitem__, lines.append) == cloud
        assert (said in lines[0]) if said else not lines
    else:
        with pytest.raises(ClasslabError, match=cloud):
            clouds.for_others("demo", "", "", written, answers.__getitem__, lines.append)


@pytest.mark.parametrize(("given", "remembered", "cloud"), [("aws", "localcloud", "aws"), ("", "aws", "aws")])
def test_where_the_cloud_is_known_nobody_is_asked(given: str, remembered: str, cloud: str) -> None:
    def ask(which: str) -> Answer:
        raise AssertionError(f"{which} was asked")

    assert clouds.for_others("demo", given, remembered, "localcloud", ask, print) == cloud


def test_on_localcloud_nothing_of_a_real_account_is_left() -> None:
    caller = {
        "PATH": "/bin",
        "AWS_PROFILE": "school",
        "AWS_SESSION_TOKEN": "x",
        "AWS_CONFIG_FILE": "/home/me/config",
        "AWS_ENDPOINT_URL_EC2": "https://elsewhere",
        "AWS_ROLE_ARN": "arn",
        "AWS_ACCESS_KEY_ID": "AKIAREAL",
        "AWS_REGION": "eu-west-1",
    }
    made = clouds.localcloud_environment(caller, TOLD, ROOM, "eu-central-1")
    aws = {name: value for name, value in made.items() if name.startswith("AWS_")}
    assert aws == {
        "AWS_ENDPOINT_URL": "http://127.0.0.1:4580",
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": "localcloud",
        "AWS_REGION": "eu-central-1",
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_RETRY_MODE": "standard",
        "AWS_MAX_ATTEMPTS": "6",
        "AWS_PAGER": "",
    }
    lab = {name: value for name, value in made.items() if name.startswith("LAB_")}
    assert lab == {
        "LAB_REGION": "eu-central-1",
        "LAB_CHECKIP_URL": "http://127.0.0.1:4580/_localcloud/checkip",
        "LAB_PPA_URL": "http://10.208.0.1:4581/ppa",
        "LAB_PPA_FINGERPRINT": "ABCD",
        "LAB_SSH_PORT_TAG": "localcloud:ssh-port",
    }


def test_on_aws_the_callers_chain_is_kept_and_the_class_says_the_region() -> None:
    caller = {"AWS_PROFILE": "school", "AWS_MAX_ATTEMPTS": "9", "AWS_REGION": "eu-west-1", "LAB_PPA_URL": "http://x"}
    made = clouds.aws_environment(caller, ROOM, "eu-central-1")
    assert made["AWS_PROFILE"] == "school"
    assert made["AWS_REGION"] == made["AWS_DEFAULT_REGION"] == made["LAB_REGION"] == "eu-central-1"
    assert (made["AWS_RETRY_MODE"], made["AWS_MAX_ATTEMPTS"]) == ("standard", "9")
    assert not {"AWS_ENDPOINT_URL", "LAB_SSH_PORT_TAG", "LAB_CHECKIP_URL", "LAB_PPA_URL"} & made.keys()


@pytest.mark.parametrize(
    ("caller", "told"),
    [
        ({"AWS_ENDPOINT_URL": "http://localhost:4580"}, "unset AWS_ENDPOINT_URL$"),
        ({"AWS_ENDPOINT_URL_EC2": "http://127.0.0.1:1"}, "unset AWS_ENDPOINT_URL_EC2$"),
        ({"AWS_ACCESS_KEY_ID": ACCESS_KEY}, "unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY$"),
    ],
)
def test_a_shell_that_is_set_for_localcloud_does_not_pass_for_aws(caller: dict[str, str], told: str) -> None:
    with pytest.raises(ClasslabError, match=told):
        clouds.aws_environment(caller, ROOM, "us-east-1")
    assert clouds.without_localcloud({**caller, "AWS_SECRET_ACCESS_KEY": "x", "HOME": "/"}).keys() <= {
        "HOME",
        "AWS_SECRET_ACCESS_KEY",
    }


def test_an_endpoint_of_aws_itself_is_the_callers_business() -> None:
    caller = {"AWS_ENDPOINT_URL": "https://vpce-1.ec2.us-east-1.vpce.amazonaws.com"}
    assert clouds.aws_environment(caller, ROOM, "us-east-1")["AWS_ENDPOINT_URL"] == caller["AWS_ENDPOINT_URL"]


def test_a_teachers_own_ansible_settings_stay_outside() -> None:
    caller = {
        "ANSIBLE_HOST_KEY_CHECKING": "False",
        "ANSIBLE_INVENTORY": "/etc/hosts",
        "ANSIBLE_CONFIG": "/elsewhere",
        "ANSIBLE_STDOUT_CALLBACK": "yaml",
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_CALLBACKS_ENABLED": "profile_tasks",
    }
    made = clouds.localcloud_environment(caller, TOLD, ROOM, "us-east-1")
    kept = {name for name in made if name.startswith("ANSIBLE_")} & caller.keys()
    assert kept == {"ANSIBLE_CONFIG", "ANSIBLE_NOCOLOR", "ANSIBLE_CALLBACKS_ENABLED"}
    assert made["ANSIBLE_CONFIG"] == "/room/ansible.cfg"


def test_a_proxy_is_not_asked_for_what_is_on_this_machine() -> None:
    caller = {"https_proxy": "http://proxy:3128", "no_proxy": "intranet,127.0.0.1"}
    made = clouds.localcloud_environment(caller, TOLD, ROOM, "us-east-1")
    assert made["no_proxy"] == "intranet,127.0.0.1,10.208.0.1"
    assert made["NO_PROXY"] == "127.0.0.1,10.208.0.1"
    assert "no_proxy" not in clouds.localcloud_environment({}, TOLD, ROOM, "us-east-1")
