"""The request log: whole lines, masked secrets, bounded size, and what can be asked of it."""

import json
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from localcloud.api.call import ApiCall
from localcloud.api.faults import Faults
from localcloud.api.requestlog import RequestLog, format_line
from localcloud.errors import StateError, UsageError

XML = [("Content-Type", "text/xml")]
REFUSED = [
    b"<Response><Errors><Error><Code>RequestLimitExceeded</Code><Message>m</Message></Error></Errors></Response>"
]


@pytest.fixture
def log(tmp_path: Path) -> RequestLog:
    return RequestLog(tmp_path / "requests.jsonl")


def call(service: str = "ec2", action: str = "DescribeInstances", **parameters: Any) -> ApiCall:
    return ApiCall(service, action, "eu-west-1", "AKIA", parameters, model_name=service)


def write(log: RequestLog, what: ApiCall | None = None, status: int = 200, **more: Any) -> dict[str, Any]:
    body = more.pop("body", [b""])
    return log.write(what or call(), status, more.pop("headers", XML), body, 0.1234, **more)


def test_a_line_tells_who_asked_what_and_what_came_of_it(log: RequestLog) -> None:
    tagged = call("ec2", "RunInstances", InstanceType="t3.micro", TagSpecifications=[{"Tags": []}])
    write(log, tagged, 503, body=REFUSED, headers=[*XML, ("x-amzn-RequestId", "r-1")])
    [entry] = [json.loads(line) for line in log.path.read_text().splitlines()]
    assert entry.pop("time").endswith("Z")
    assert entry == {
        "id": 1,
        "service": "ec2",
        "action": "RunInstances",
        "iam_action": "ec2:RunInstances",
        "iam_also": ["ec2:CreateTags"],
        "region": "eu-west-1",
        "parameters": {"InstanceType": "t3.micro", "TagSpecifications": [{"Tags": []}]},
        "status": 503,
        "error": "RequestLimitExceeded",
        "seconds": 0.123,
        "request_id": "r-1",
        "faults": [],
    }
    assert oct(log.path.stat().st_mode & 0o777) == "0o600"


def test_the_faults_that_acted_are_named(log: RequestLog) -> None:
    faults = Faults()
    faults.add("iam.* delay=1")
    faults.add("ec2.* drop=answer")
    entry = write(log, faults=faults.for_call(call()))
    assert entry["faults"] == [2]
    assert entry["dropped"] is True


@pytest.mark.parametrize(
    ("service", "action", "parameters"),
    [
        ("ec2", "RunInstances", {"UserData": "SECRET"}),
        ("ec2", "CreateLaunchTemplate", {"LaunchTemplateData": {"UserData": "SECRET", "InstanceType": "t3.micro"}}),
        ("ec2", "CreateLaunchTemplate", {"LaunchTemplateData.UserData": "SECRET"}),
        ("ec2", "ModifyInstanceAttribute", {"UserData": {"Value": "SECRET"}}),
        ("ec2", "ModifyInstanceAttribute", {"Attribute": "userData", "Value": "SECRET"}),
        ("iam", "CreateLoginProfile", {"UserName": "ada", "Password": "SECRET"}),
        ("iam", "ChangePassword", {"OldPassword": "SECRET", "NewPassword": "SECRET"}),
        ("iam", "UploadServerCertificate", {"PrivateKey": "SECRET"}),
        ("ssm", "PutParameter", {"Name": "n", "Value": "SECRET", "Type": "SecureString"}),
        # Overwriting without a type keeps the stored one, which may be SecureString.
        ("ssm", "PutParameter", {"Name": "n", "Value": "SECRET", "Overwrite": True}),
        ("sts", "AssumeRoleWithWebIdentity", {"WebIdentityToken": "SECRET"}),
        ("s3", "PutObject", {"SSECustomerKey": "SECRET"}),
        ("other", "Do", {"List": [{"SecretAccessKey": "SECRET"}, {"SessionToken": "SECRET"}]}),
    ],
)
def test_secrets_never_reach_the_file(log: RequestLog, service: str, action: str, parameters: dict[str, Any]) -> None:
    write(log, call(service, action, **parameters))
    text = log.path.read_text()
    assert "SECRET" not in text
    assert "(masked)" in text


def test_what_is_no_secret_stays_readable(log: RequestLog) -> None:
    plain = {"Value": "5", "Type": "String", "ClientToken": "c", "NextToken": "n", "AllowUsersToChangePassword": True}
    assert write(log, call("ssm", "PutParameter", **plain))["parameters"] == plain
    assert (
        len(write(log, call("iam", "CreatePolicy", PolicyDocument="x" * 9000))["parameters"]["PolicyDocument"]) < 4200
    )


def test_lines_of_many_threads_stay_whole_and_numbered(log: RequestLog) -> None:
    threads = [threading.Thread(target=lambda: [write(log) for _ in range(50)]) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [entry["id"] for entry in log.read()] == list(range(1, 401))


def test_a_torn_last_line_is_skipped_and_the_next_one_starts_anew(log: RequestLog) -> None:
    write(log)
    write(log)
    log.close()
    with log.path.open("ab") as file:
        file.write(b'{"time": "2026-01-01T00:00:00.000Z", "id": 3, "serv')
    again = RequestLog(log.path)
    assert [entry["id"] for entry in again.read()] == [1, 2]
    write(again)
    assert [entry["id"] for entry in again.read()] == [1, 2, 3]


def test_a_killed_process_leaves_only_whole_lines_behind(tmp_path: Path) -> None:
    path = tmp_path / "log"
    script = (
        "import sys; from localcloud.api.call import ApiCall; from localcloud.api.requestlog import RequestLog\n"
        "log = RequestLog(sys.argv[1])\n"
        "while True: log.write(ApiCall('ec2', 'A', 'r', 'k', {'x': 'y' * 3000}), 200, [], [], 0)"
    )
    process = subprocess.Popen([sys.executable, "-c", script, str(path)])
    deadline = time.monotonic() + 60
    while not (path.exists() and path.stat().st_size > 100_000) and time.monotonic() < deadline:
        time.sleep(0.05)
    process.kill()
    process.wait()
    log = RequestLog(path)
    before = [entry["id"] for entry in log.read()]
    assert before == list(range(1, len(before) + 1))
    assert write(log)["id"] == len(before) + 1
    assert sum(1 for _ in log.read()) == len(before) + 1


def test_it_turns_over_and_never_grows_past_two_files(tmp_path: Path) -> None:
    log = RequestLog(tmp_path / "log", limit=5000)
    for _ in range(100):
        write(log)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["log", "log.1"]
    assert all((tmp_path / name).stat().st_size <= 5000 for name in ("log", "log.1"))
    numbers = [entry["id"] for entry in log.read()]
    assert numbers == list(range(numbers[0], 101))
    assert len(numbers) > 10
    log.close()
    (tmp_path / "log").unlink()  # killed right after turning over
    assert write(RequestLog(tmp_path / "log"))["id"] > numbers[0]


def test_reading_goes_on_while_the_log_turns_over(tmp_path: Path) -> None:
    log = RequestLog(tmp_path / "log", limit=2000)
    for _ in range(4):
        write(log)
    reading = log.read()
    first = next(reading)["id"]
    for _ in range(5):
        write(log)
    rest = [entry["id"] for entry in reading]
    assert rest[:3] == [first + 1, first + 2, first + 3]


def test_since_an_id_an_age_or_a_time(log: RequestLog) -> None:
    now = datetime.now(UTC)
    for minutes in (90, 20, 5, 0):
        old = ApiCall("ec2", f"A{minutes}", "r", "k", {}, time=now - timedelta(minutes=minutes))
        write(log, old)

    def since(what: str | int | None) -> list[str]:
        return [entry["action"] for entry in log.read(what)]

    assert since(None) == ["A90", "A20", "A5", "A0"]
    assert since("2h") == ["A90", "A20", "A5", "A0"]
    assert since("30m") == ["A20", "A5", "A0"]
    assert since("400s") == ["A5", "A0"]
    assert since(3) == since("3") == ["A0"]
    instant = now - timedelta(minutes=10)
    assert since(instant.isoformat()) == since(instant.strftime("%Y-%m-%dT%H:%M:%SZ")) == ["A5", "A0"]
    # Without a zone it is the clock on the wall.
    assert since(instant.astimezone().strftime("%Y-%m-%d %H:%M:%S")) == ["A5", "A0"]


def test_a_since_that_is_none_is_refused_before_anything_is_read(log: RequestLog) -> None:
    with pytest.raises(UsageError, match=r"'yesterday' is no point in time: give an age \(30s, 10m, 2h\)"):
        log.read("yesterday")


def test_an_empty_log_has_no_entries(log: RequestLog) -> None:
    assert list(log.read()) == []


def test_a_log_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "log").mkdir()
    with pytest.raises(StateError, match=r"request log .*/log cannot be written: Is a directory"):
        write(RequestLog(tmp_path / "log"))


def test_lines_for_people_fit_eighty_columns(log: RequestLog) -> None:
    good = write(log)
    bad = write(log, call("ec2", "ModifyVpcEndpointServicePermissionsAndMore"), 503, body=REFUSED)
    hostile = write(log, call("ec2", "\x1b[2JRed"), 400)
    faults = Faults()
    faults.add("ec2.* drop=answer")
    dropped = write(log, faults=faults.for_call(call()))
    lines = [format_line(entry) for entry in (good, bad, hostile, dropped)]
    assert all(len(line) <= 80 for line in lines), lines
    clock = datetime.fromisoformat(good["time"]).astimezone().strftime("%H:%M:%S")
    assert lines[0].split() == [clock, "ec2.DescribeInstances", "200", "0.123s"]
    assert "503 RequestLimitExceeded" in lines[1]
    assert "\x1b" not in lines[2]
    assert "200 answer dropped (fault 1)" in lines[3]
