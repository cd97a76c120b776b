"""A class as `make up` would check it, against a localcloud without hosts; and seats as `up` would have made them."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from classlab import money, settings
from classlab.plan import Checked, Request, check
from localcloud import LocalCloud

ROOT = Path(__file__).parents[2]
DEFAULTS = ROOT / "group_vars" / "all"
NOBLE = "/aws/service/canonical/ubuntu/server/24.04/stable/current/amd64/hvm/ebs-gp3/ami-id"
JAMMY = "/aws/service/canonical/ubuntu/server/22.04/stable/current/amd64/hvm/ebs-gp2/ami-id"


class Classroom:
    """check(lab_hours=3) is what `make up` would say of a class of two with that setting."""

    def __init__(self, cloud: Any, folder: Path) -> None:
        self.cloud, self.folder = cloud, folder
        self.class_file = folder / "test.yml"
        self.lab_folder = folder / ".lab"
        self.class_file.write_text("lab_name: test\n")

    def check(self, cloud: str = "localcloud", prune: bool = False, **given: Any) -> Checked:
        values = {
            **settings.known(DEFAULTS),
            "lab_name": "test",
            "lab_students": ["ada", "grace"],
            "lab_checkip_url": self.cloud.env["LOCALCLOUD_CHECKIP_URL"],
            **given,
        }
        return check(Request(values, self.class_file, DEFAULTS, cloud, self.lab_folder, prune))

    def problem(self, **given: Any) -> str:
        """The one thing that is wrong."""
        checked = self.check(**given)
        assert checked.plan == {}
        assert len(checked.problems) == 1, checked.problems
        assert not checked.say
        return checked.problems[0]

    def plan(self, **given: Any) -> dict[str, Any]:
        checked = self.check(**given)
        assert checked.problems == []
        return checked.plan

    def told(self, **given: Any) -> str:
        """What the teacher reads of a plan that holds."""
        checked = self.check(**given)
        assert checked.problems == []
        return "\n".join(checked.say)

    def actions(self, since: int = 0) -> list[str]:
        return [each["action"] for each in self.cloud.requests()[since:]]

    def seat(self, student: str, *, region: str = "us-east-1", image: str = NOBLE, **options: Any) -> str:
        """An instance with the tags that `up` gives it, or others."""
        ec2 = self.cloud.client("ec2", region)
        tags = {"Lab": "test", "ManagedBy": "classlab", "Student": student, **options.pop("tags", {})}
        parameter = self.cloud.client("ssm", region).get_parameter(Name=image)["Parameter"]["Value"]
        launched = ec2.run_instances(
            MinCount=1,
            MaxCount=1,
            TagSpecifications=[
                {"ResourceType": "instance", "Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}
            ],
            **{"ImageId": parameter, "InstanceType": "t3.micro", **options},
        )
        return str(launched["Instances"][0]["InstanceId"])

    def clear(self, region: str = "us-east-1") -> None:
        ec2 = self.cloud.client("ec2", region)
        found = [each for one in ec2.describe_instances()["Reservations"] for each in one["Instances"]]
        if ids := [each["InstanceId"] for each in found if each["State"]["Name"] != "terminated"]:
            ec2.terminate_instances(InstanceIds=ids)


@contextmanager
def answering(text: str, status: int = 200) -> Iterator[str]:
    """A place that answers every question with this text."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()


def classroom(cloud: LocalCloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Classroom]:
    """For the fixture `room`: in it the credentials and the endpoint are localcloud's; its seats go at the end."""
    for name, value in cloud.env.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(money, "_told", {})  # what this plan learns is no other test's
    made = Classroom(cloud, tmp_path)
    yield made
    monkeypatch.undo()
    cloud.clear_faults()
    made.clear()
