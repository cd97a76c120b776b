"""Hosts that fail on demand, each as its words say."""

import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
from aws_hosts import Lab, until

INSTALL = "sudo apt-get install -y -q no-such-package 2>&1"


@pytest.fixture(scope="module")
def host(lab: Lab) -> Iterator[str]:
    """One that nothing is wrong with."""
    [instance] = lab.launch()
    yield instance
    lab.terminate(instance)


def status(lab: Lab, instance: str) -> str:
    told = lab.ec2.describe_instance_status(InstanceIds=[instance])["InstanceStatuses"][0]
    return str(told["InstanceStatus"]["Status"])


def test_a_host_that_never_boots_or_is_without_ssh_runs_for_the_api_and_answers_nobody(lab: Lab) -> None:
    lab.cloud.fault("host", "never-boots", "next=1")
    [never] = lab.launch()
    lab.wait(never, "running")
    lab.cloud.fault("host", "no-ssh", "next=1")
    [mute] = lab.launch()
    until(lambda: "finished at" in lab.console(mute))
    assert status(lab, mute) == status(lab, never) == "initializing"
    assert lab.console(never) == ""
    lab.terminate(never, mute)


def test_a_slow_boot_takes_its_time(lab: Lab) -> None:
    lab.cloud.fault("host", "slow-boot", "seconds=6", "next=1")
    began = time.monotonic()
    [slow] = lab.launch()
    lab.wait(slow, "running")
    assert (status(lab, slow), lab.console(slow)) == ("initializing", "")
    lab.wait_ok(slow)
    assert time.monotonic() - began > 6
    assert lab.ssh(slow, "echo here") == "here"
    lab.terminate(slow)


def test_a_held_apt_lock_is_met_as_apt_users_meet_it(lab: Lab, host: str) -> None:
    lab.cloud.fault("host", "apt-lock", "seconds=20", "Name=held")
    named = [{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "held"}]}]
    [held] = lab.launch(TagSpecifications=named)
    lab.wait_ok(held, host)
    assert "Could not get lock /var/lib/dpkg/lock-frontend" in lab.ssh(held, INSTALL, check=False)
    assert "Unable to locate package" in lab.ssh(host, INSTALL, check=False)
    until(lambda: "Unable to locate package" in lab.ssh(held, INSTALL, check=False))
    lab.terminate(held)


def test_another_host_key_is_refused_by_who_checks(lab: Lab) -> None:
    lab.cloud.fault("host", "other-key", "next=1")
    [instance] = lab.launch()
    lab.wait_ok(instance)
    refused = subprocess.run([*lab.ssh_words(instance), "true"], capture_output=True, text=True, timeout=60)
    assert refused.returncode == 255
    assert "Host key verification failed" in refused.stderr
    lab.terminate(instance)


def test_console_and_journal_of_a_host_and_of_none(lab: Lab, host: str) -> None:
    def command(*words: str) -> subprocess.CompletedProcess[str]:
        start = [sys.executable, "-m", "localcloud", "--home", str(lab.cloud.home.folder)]
        return subprocess.run([*start, *words], capture_output=True, text=True, timeout=60)

    until(lambda: "BEGIN SSH HOST KEY KEYS" in lab.console(host))
    assert "BEGIN SSH HOST KEY KEYS" in command("console", host).stdout
    assert "systemd" in command("logs", host).stdout
    for words in (["console", "i-0"], ["logs", "i-0"]):
        refused = command(*words)
        assert refused.returncode == 1
        assert "There is no instance i-0" in refused.stderr
        assert "Traceback" not in refused.stderr
