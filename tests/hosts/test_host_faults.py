"""Hosts that fail on demand, each as its words say."""

import subprocess
import sys
import time

from aws_hosts import Lab, until


def test_a_host_that_never_boots_runs_for_the_api_and_answers_nobody(lab: Lab) -> None:
    lab.cloud.fault("host", "never-boots", "next=1")
    [instance] = lab.launch()
    lab.wait(instance, "running")
    time.sleep(3)
    status = lab.ec2.describe_instance_status(InstanceIds=[instance])["InstanceStatuses"][0]
    assert status["InstanceStatus"]["Status"] == "initializing"
    assert lab.console(instance) == ""
    lab.terminate(instance)


def test_a_host_without_ssh_boots_to_the_end(lab: Lab) -> None:
    lab.cloud.fault("host", "no-ssh", "next=1")
    [instance] = lab.launch()
    until(lambda: "finished at" in lab.console(instance))
    status = lab.ec2.describe_instance_status(InstanceIds=[instance])["InstanceStatuses"][0]
    assert status["InstanceStatus"]["Status"] == "initializing"
    lab.terminate(instance)


def test_a_slow_boot_takes_its_time(lab: Lab) -> None:
    lab.cloud.fault("host", "slow-boot", "seconds=8", "next=1")
    slow, quick = lab.launch(1) + lab.launch(1)
    lab.wait_ok(quick)
    assert lab.console(slow) == ""
    lab.wait_ok(slow)
    assert lab.ssh(slow, "echo here") == "here"
    lab.terminate(slow, quick)


def test_a_held_apt_lock_is_met_as_apt_users_meet_it(lab: Lab) -> None:
    lab.cloud.fault("host", "apt-lock", "seconds=20", "Name=held")
    named = [{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "held"}]}]
    [instance] = lab.launch(TagSpecifications=named)
    [free] = lab.launch()
    lab.wait_ok(instance, free)
    install = "sudo apt-get install -y -q no-such-package 2>&1"
    assert "Could not get lock /var/lib/dpkg/lock-frontend" in lab.ssh(instance, install, check=False)
    assert "Unable to locate package" in lab.ssh(free, install, check=False)
    until(lambda: "Unable to locate package" in lab.ssh(instance, install, check=False), 60)
    lab.terminate(instance, free)


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

    until(lambda: "BEGIN SSH HOST KEY KEYS" in command("console", host).stdout)
    assert "systemd" in command("logs", host).stdout
    for words in (["console", "i-0"], ["logs", "i-0"]):
        refused = command(*words)
        assert refused.returncode == 1
        assert "There is no instance i-0" in refused.stderr
        assert "Traceback" not in refused.stderr
