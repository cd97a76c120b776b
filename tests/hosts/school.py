"""A teacher's checkout in a folder of its own: the playbooks and roles of this one, its own classes and lab folders."""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from aws_hosts import until

from classlab.command.clouds import program
from localcloud import LocalCloud

ROOT = Path(__file__).parents[2]
OURS = ("ansible.cfg", "examples", "group_vars", "inventory", "playbooks", "plugins", "requirements.txt", "roles")


@contextmanager
def in_session(cloud: LocalCloud, **settings: Any) -> Iterator["School"]:
    """A school that has been brought up, with these settings in its class file."""
    # Not tmp_path: that has the test's name in it, and ssh's sockets want short paths.
    with tempfile.TemporaryDirectory() as folder:
        school = School(cloud, Path(folder))
        school.roster("ada", "ben", **settings)
        try:
            school.make("up")
            yield school
        finally:
            school.clear()


@dataclass
class School:
    cloud: LocalCloud
    root: Path
    name: str = "cs"

    def __post_init__(self) -> None:
        self.ec2 = self.cloud.client("ec2")
        if not (self.root / "classes").exists():
            self.found()

    def found(self) -> None:
        for each in OURS:
            (self.root / each).symlink_to(ROOT / each)
        project = self.root / "classes" / "lesson"
        project.mkdir(parents=True)
        (project / "main.py").write_text("import sys\nprint(sys.version)\n")
        self.roster("ada", "ben")

    def roster(self, *students: str, **settings: Any) -> None:
        told = {"lab_name": self.name, "lab_students": list(students), "lab_project": "lesson", **settings}
        (self.root / "classes" / f"{self.name}.yml").write_text(yaml.safe_dump(told))

    @property
    def folder(self) -> Path:
        return self.root / ".lab" / self.name

    @property
    def environment(self) -> dict[str, str]:
        theirs = ("AWS_", "ANSIBLE_", "LAB_", "LOCALCLOUD_", "MAKE")
        own = {name: value for name, value in os.environ.items() if not name.startswith(theirs)}
        # The home of a teacher without credentials, so that nothing but the localcloud of the tests can be reached.
        alone = {"HOME": str(self.root), "AWS_EC2_METADATA_DISABLED": "true"}
        return {**own, **alone, "LOCALCLOUD_HOME": str(self.cloud.home.folder), "CLASS": self.name}

    def make(self, verb: str, fails: bool = False, **variables: str) -> str:
        """What `make VERB` shows; its exit status must be as expected."""
        return self._run(verb, fails, subprocess.STDOUT, variables)

    def ask(self, verb: str, fails: bool = False, **variables: str) -> str:
        """What a program reads of it."""
        return self._run(verb, fails, subprocess.PIPE, variables)

    def _run(self, verb: str, fails: bool, stderr: int, variables: dict[str, str]) -> str:
        done = subprocess.run(
            [program("classlab"), verb],
            env={**self.environment, **variables},
            cwd=self.root,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        )
        assert (done.returncode != 0) == fails, f"{done.stdout}{done.stderr}"
        return done.stdout

    def kill(self, verb: str, moment: Callable[[str], Any]) -> str:
        """Begin `make VERB`, and SIGKILL all of its processes as soon as `moment`, given what it has shown, is true."""
        shown = self.root / "shown"
        with shown.open("w") as out:
            running = subprocess.Popen(
                [program("classlab"), verb],
                env={**self.environment, "PYTHONUNBUFFERED": "1"},
                cwd=self.root,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            until(lambda: moment(shown.read_text()) or running.poll() is not None, 300)
            assert running.poll() is None, "it ended before it could be killed: " + shown.read_text()
            os.killpg(running.pid, signal.SIGKILL)
            running.wait()
        return shown.read_text()

    @contextmanager
    def in_the_books(self) -> Iterator["School"]:
        """This very moment once more, in a cloud of its own without hosts: what happens there does not happen here."""
        with LocalCloud.in_the_books(self.cloud) as books, tempfile.TemporaryDirectory() as folder:
            root = Path(folder) / "school"
            shutil.copytree(self.root, root, symlinks=True, ignore=shutil.ignore_patterns(".ansible"))
            yield School(books, root)

    def ssh(self, student: str, command: str) -> str:
        words = ["ssh", "-F", str(self.folder / "ssh_config"), "-o", "BatchMode=yes", student, command]
        done = subprocess.run(words, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def seats(self) -> dict[str, str]:
        """Student -> instance id, of all that is not ended; a student with two seats fails."""
        living = [
            each
            for reservation in self.ec2.describe_instances(Filters=self.mine)["Reservations"]
            for each in reservation["Instances"]
            if each["State"]["Name"] not in ("terminated", "shutting-down")
        ]
        found = {
            next(tag["Value"] for tag in each["Tags"] if tag["Key"] == "Student"): each["InstanceId"] for each in living
        }
        assert len(found) == len(living), f"a student has two seats: {living}"
        return found

    @property
    def mine(self) -> list[dict[str, Any]]:
        return [{"Name": "tag:Lab", "Values": [self.name]}]

    def left(self) -> list[str]:
        """Ids of what still has the lab's tag, asked of the cloud in all its ways."""
        ec2, mine = self.ec2, self.mine
        ids = list(self.seats().values())
        ids += [each["VolumeId"] for each in ec2.describe_volumes(Filters=mine)["Volumes"]]
        ids += [each["GroupId"] for each in ec2.describe_security_groups(Filters=mine)["SecurityGroups"]]
        ids += [each["KeyPairId"] for each in ec2.describe_key_pairs(Filters=mine)["KeyPairs"]]
        ids += [
            each["NetworkInterfaceId"] for each in ec2.describe_network_interfaces(Filters=mine)["NetworkInterfaces"]
        ]
        ids += [each["ImageId"] for each in self.images()]
        ids += [each["SnapshotId"] for each in ec2.describe_snapshots(OwnerIds=["self"], Filters=mine)["Snapshots"]]
        return ids

    def images(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.ec2.describe_images(Owners=["self"], Filters=self.mine)["Images"]
        return found

    def clear(self) -> None:
        """Remove what is left, whatever `make down` would do."""
        if seats := list(self.seats().values()):
            self.ec2.terminate_instances(InstanceIds=seats)
            self.ec2.get_waiter("instance_terminated").wait(InstanceIds=seats, WaiterConfig={"Delay": 1})
        for group in self.ec2.describe_security_groups(Filters=self.mine)["SecurityGroups"]:
            self.ec2.delete_security_group(GroupId=group["GroupId"])
        for image in self.images():
            self.ec2.deregister_image(ImageId=image["ImageId"])
        for snapshot in self.ec2.describe_snapshots(OwnerIds=["self"], Filters=self.mine)["Snapshots"]:
            self.ec2.delete_snapshot(SnapshotId=snapshot["SnapshotId"])
        for key in self.ec2.describe_key_pairs(Filters=self.mine)["KeyPairs"]:
            self.ec2.delete_key_pair(KeyPairId=key["KeyPairId"])
