"""Faults: their words, whom they meet, and what a stock client makes of the errors."""

import json
import pickle
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError
from small_server import Watched, client, serving

from localcloud.api.call import ApiCall, identify
from localcloud.api.errors_out import error_code, error_response
from localcloud.api.faults import Faults
from localcloud.errors import UsageError


def call(name: str = "ec2.RunInstances", model: str = "", **parameters: Any) -> ApiCall:
    service, action = name.split(".")
    return ApiCall(service, action, "us-east-1", "AKIA", parameters, model_name=model or service)


def pattern(faults: Faults, times: int, what: ApiCall | None = None) -> str:
    return "".join("x" if faults.for_call(what or call()) else "." for _ in range(times))


SPECS = [
    "ec2.RunInstances error=InsufficientInstanceCapacity",
    "ec2.RunInstances InstanceType=t3.large error=Unsupported 'message=no such \"type\" here' status=418 next=2",
    "ec2.RunInstances 'TagSpecifications.*.Tags.*.Value=ada' error=InternalError every=3",
    "ec2.RunInstances 'TagSpecifications[].Tags[].Value=*a*' error=InternalError percent=12.5",
    "'ec2.*' delay=0.25",
    "'*.*' region=eu-west-1 error=ServiceUnavailable",
    "'*.*' error=Throttling delay=2 percent=100",
    "'s3.Put*' 'Key=logs/*' error=SlowDown",
    "service-quotas.ListServiceQuotas error=TooManyRequestsException",
    "ec2.RunInstances drop=answer next=1",
    "ec2.RunInstances delay=1 hide=20",
    "capacity zone=us-east-1a type=t3.micro left=3",
    "capacity left=0",
    "host never-boots",
    "host slow-boot seconds=45 next=1",
    "host apt-lock seconds=90.5 Name=demo-ada zone=us-east-1a",
    "host other-key 'Name=demo-*' tag:Student=ada 'type=t3.*' every=2",
    "host no-ssh percent=50",
    "ec2.RunInstances error=RequestLimitExceeded rate=2 burst=5",
    "ec2.RunInstances error=RequestLimitExceeded rate=0.5",
]


@pytest.mark.parametrize("spec", SPECS)
def test_a_fault_as_listed_can_be_given_again(spec: str) -> None:
    faults = Faults(1)
    first = faults.add(spec)
    again = faults.add(str(first))
    assert again.rule == first.rule
    assert str(again) == str(first) == spec


def test_the_order_of_the_words_is_free_and_words_may_come_split() -> None:
    faults = Faults(1)
    wanted = faults.add("ec2.RunInstances InstanceType=t3.large error=Unsupported message='a b' next=2").rule
    given = ["next=2", "message=a b", "InstanceType=t3.large", "error=Unsupported", "ec2.RunInstances"]
    assert faults.add(given).rule == wanted


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ("", "A fault needs words. The forms are: SERVICE.ACTION"),
        ("ec2.RunInstances eror=Throttling", "there is no 'eror' here; did you mean 'error'?"),
        ("ec2.RunInstances error=Throttling nxt=2", "there is no 'nxt' here; did you mean 'next'?"),
        ("ec2.RunInstances", "This fault on ec2.RunInstances does nothing: say error=, delay=, drop= or hide=."),
        ("ec2.RunInstances message=hello", "This fault on ec2.RunInstances does nothing"),
        ("ec2.RunInstances delay=1 status=500", "message= and status= need error=CODE"),
        ("ec2.RunInstance error=X", "ec2 has no action 'RunInstance'; did you mean 'RunInstances'?"),
        ("ec2.Stopp* error=X", "ec2 has no action 'Stopp*'"),
        ("ec3.RunInstances error=X", "AWS has no service 'ec3'; did you mean 'ec2'?"),
        ("ec2.RunInstances InstanceTyp=a error=X", "no parameter 'InstanceTyp'; did you mean 'InstanceType'?"),
        ("ec2.RunInstances TagSpecifications.*.Tag.*.Value=a error=X", "no parameter 'Tag'; did you mean 'Tags'?"),
        ("ec2.RunInstances TagSpecifications=a error=X", "the path ends too early"),
        ("ec2.RunInstances InstanceType.Name=a error=X", "no parameter 'Name' there"),
        ("ec2.RunInstances error='not a code'", "an error code is a word such as RequestLimitExceeded"),
        ("ec2.RunInstances error=", "'error=': an error code is a word"),
        ("ec2.RunInstances error=X next=0", "'next=0': a whole number above 0 is wanted"),
        ("ec2.RunInstances error=X every=two", "'every=two': a whole number above 0 is wanted"),
        ("ec2.RunInstances error=X percent=101", "'percent=101': a percentage is a number above 0, up to 100"),
        ("ec2.RunInstances error=X next=1 every=2", "Only one of next=, every=, percent=, rate= can be given"),
        ("ec2.RunInstances error=X rate=0", "'rate=0': a rate is a number of calls a second above 0"),
        ("ec2.RunInstances error=X burst=5", "burst= needs rate= beside it"),
        ("ec2.RunInstances error=X error=Y", "error= is given twice"),
        ("ec2.RunInstances error=X status=200", "'status=200': an error's HTTP status is 400 to 599"),
        ("ec2.RunInstances delay=-1", "'delay=-1': seconds are a number such as 2 or 0.5"),
        ("ec2.RunInstances drop=request", "only the answer can be dropped: drop=answer"),
        ("ec2.RunInstances drop=answer error=X", "has no answer to drop="),
        ("ec2.StopInstances hide=3", "it belongs to ec2.RunInstances, not to ec2.StopInstances"),
        ("ec2.RunInstances ec2.StopInstances error=X", "names 2 actions"),
        ("error=X", "names 0 actions"),
        ("ec2. error=X", "'ec2.' is no SERVICE.ACTION"),
        ("hots no-ssh", "'hots' is neither SERVICE.ACTION nor capacity nor host; did you mean 'host'?"),
        ("never-boots", "did you mean 'host never-boots'?"),
        ("host never-boot", "'never-boot' is no trouble of a host; did you mean 'never-boots'?"),
        ("host", "A host fault names one trouble. The form is: host never-boots"),
        ("host no-ssh never-boots", "A host fault names one trouble"),
        ("host slow-boot", "slow-boot needs seconds=S"),
        ("host no-ssh seconds=5", "no-ssh does not end, so it takes no seconds="),
        ("host no-ssh name=x", "there is no 'name' here"),
        ("capacity zone=us-east-1a", "capacity needs left=K"),
        ("capacity left=some", "'left=some': a whole number is wanted"),
        ("capacity t3.micro left=1", "'t3.micro' has no place beside capacity"),
        ("ec2.* 'error=X", "cannot be read: No closing quotation"),
    ],
)
def test_a_malformed_fault_is_refused_with_the_word_and_the_forms(spec: str, says: str) -> None:
    faults = Faults()
    with pytest.raises(UsageError) as refused:
        faults.add(spec)
    assert says in str(refused.value)
    assert "form" in str(refused.value)
    assert "\n" not in str(refused.value)
    assert "?." not in str(refused.value)
    assert faults.list() == []


@pytest.mark.parametrize(
    ("spec", "what", "meets"),
    [
        ("ec2.RunInstances error=X", call("ec2.RunInstances"), True),
        ("ec2.RunInstances error=X", call("ec2.StopInstances"), False),
        ("ec2.Describe* error=X", call("ec2.DescribeSubnets"), True),
        ("* error=X", call("s3.GetObject"), True),
        ("ec2.* region=us-east-? error=X", call(), True),
        ("ec2.* region=eu-west-1 error=X", call(), False),
        ("*.List* error=X", call("iam.ListUsers"), True),
        ("service-quotas.* error=X", call("servicequotas.ListServices", "service-quotas"), True),
        ("servicequotas.* error=X", call("servicequotas.ListServices", "service-quotas"), True),
        ("ec2.RunInstances InstanceType=t3.* error=X", call(InstanceType="t3.large"), True),
        ("ec2.RunInstances InstanceType=t3.* error=X", call(InstanceType="m5.large"), False),
        ("ec2.RunInstances InstanceType=t3.* error=X", call(), False),
        ("ec2.RunInstances InstanceType=t3.* MinCount=2 error=X", call(InstanceType="t3.nano", MinCount=1), False),
        ("ec2.RunInstances DryRun=true error=X", call(DryRun=True), True),
        ("ec2.StopInstances InstanceIds=i-1 error=X", call("ec2.StopInstances", InstanceIds=["i-0", "i-1"]), True),
        ("ec2.StopInstances InstanceIds[0]=i-1 error=X", call("ec2.StopInstances", InstanceIds=["i-0", "i-1"]), False),
    ],
)
def test_whom_a_fault_meets(spec: str, what: ApiCall, meets: bool) -> None:
    faults = Faults()
    faults.add(spec)
    assert bool(faults.for_call(what)) is meets


@pytest.mark.parametrize(
    "path", ["TagSpecifications.*.Tags.*.Value", "TagSpecifications[].Tags[*].Value", "TagSpecifications.Tags.Value"]
)
def test_nested_parameters_are_met_by_path(path: str) -> None:
    faults = Faults()
    faults.add(f"ec2.RunInstances {path}=ada error=X")
    tags = [{"Key": "Lab", "Value": "demo"}, {"Key": "Student", "Value": "ada"}]
    assert faults.for_call(call(TagSpecifications=[{"ResourceType": "volume"}, {"Tags": tags}]))
    assert not faults.for_call(call(TagSpecifications=[{"Tags": tags[:1]}]))


def test_next_every_and_always() -> None:
    for spec, expected in (("next=2", "xx......"), ("every=3", "..x..x.."), ("", "xxxxxxxx")):
        faults = Faults()
        faults.add(f"ec2.RunInstances error=X {spec}")
        faults.for_call(call("ec2.StopInstances"))
        assert pattern(faults, 8) == expected
        [fault] = faults.list()
        assert (fault.seen, fault.used) == (8, expected.count("x"))
    assert Faults().add("ec2.* error=X next=2").as_dict() == {
        "id": 1,
        "fault": "'ec2.*' error=X next=2",
        "kind": "api",
        "seen": 0,
        "used": 0,
        "left": 2,
    }


def test_calls_that_come_too_fast_are_refused_and_those_after_a_pause_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr("localcloud.api.faults.time.monotonic", lambda: now)
    faults = Faults()
    faults.add("ec2.RunInstances error=RequestLimitExceeded rate=2 burst=5")
    assert pattern(faults, 8) == ".....xxx"
    now += 1
    assert pattern(faults, 3) == "..x"
    now += 60
    assert pattern(faults, 6) == ".....x"


def test_a_percentage_is_repeated_with_the_same_seed_and_only_then() -> None:
    def run(seed: int | None) -> str:
        faults = Faults(seed)
        faults.add("ec2.RunInstances error=X percent=30")
        return pattern(faults, 400)

    assert run(7) == run(7) != run(8)
    assert run(None) != run(None)
    assert 80 < run(7).count("x") < 160
    faults = Faults(7)
    faults.add("ec2.StopInstances error=X percent=30")
    faults.clear()
    faults.add("ec2.RunInstances error=X percent=30")
    assert pattern(faults, 400) == run(7), "what was cleared before changed the run"


def test_two_refusals_take_turns_and_a_refused_call_is_not_dropped() -> None:
    faults = Faults()
    faults.add("ec2.RunInstances drop=answer next=1")
    faults.add("ec2.RunInstances error=First next=1")
    faults.add("ec2.RunInstances error=Second next=1")
    faults.add("ec2.* delay=2")
    acting = [[(fault.error, fault.drop, fault.delay) for fault in faults.for_call(call())] for _ in range(4)]
    assert acting == [
        [("First", False, 0), ("", False, 2)],
        [("Second", False, 0), ("", False, 2)],
        [("", True, 0), ("", False, 2)],
        [("", False, 2)],
    ]


def test_motos_own_pages_meet_no_fault() -> None:
    faults = Faults()
    faults.add("* error=X")
    assert faults.for_call(ApiCall("moto", "/moto-api/", "us-east-1", "", {})) == []


def test_faults_are_cleared_by_number_or_all() -> None:
    faults = Faults()
    for spec in SPECS[:3]:
        faults.add(spec)
    assert faults.clear(2) == 1
    assert [fault.id for fault in faults.list()] == [1, 3]
    with pytest.raises(UsageError, match="There is no fault '2'; there are: 1, 3"):
        faults.clear("2")
    assert faults.clear() == 2
    assert faults.list() == []
    assert faults.add(SPECS[0]).id == 4, "a number in the log must not come to mean another fault"


def through_json(faults: Faults) -> Faults:
    return Faults.from_json(json.dumps(json.loads(faults.to_json())))


def through_pickle(faults: Faults) -> Faults:
    revived: Faults = pickle.loads(pickle.dumps(faults))  # noqa: S301 - our own bytes
    return revived


@pytest.mark.parametrize("revive", [through_json, through_pickle])
def test_a_restart_changes_nothing(revive: Callable[[Faults], Faults]) -> None:
    specs = ["ec2.RunInstances error=X percent=40", "capacity type=t3.micro left=5", "host no-ssh next=2"]
    straight, restarted = Faults(3), Faults(3)
    for spec in specs:
        straight.add(spec)
        restarted.add(spec)
    for faults in (straight, restarted):
        faults.capacity("us-east-1a", "t3.micro", 3)
        faults.for_host({}, "t3.micro", "us-east-1a")
    first = pattern(straight, 50), pattern(straight, 50)
    second = (pattern(restarted, 50), pattern(restarted := revive(restarted), 50))
    assert first == second
    assert straight.list() == restarted.list()
    assert restarted.capacity("us-east-1a", "t3.micro", 9) == 2


def test_a_keeper_is_told_when_there_is_something_to_keep() -> None:
    faults = Faults()
    told = [faults.changes]
    for act in (
        lambda: faults.add("ec2.RunInstances error=X every=3"),
        lambda: faults.for_call(call()),  # seen, though not its turn yet
        lambda: faults.add("capacity left=2"),
        lambda: faults.capacity("us-east-1a", "t3.micro", 1),
        lambda: faults.clear(1),
    ):
        act()
        told.append(faults.changes)
    assert told == sorted(set(told)), "a change went untold"
    faults.for_call(call())
    faults.room("us-east-1a", "t3.micro", 1)
    assert faults.changes == told[-1], "something was told that was no change"


def test_many_threads_use_up_exactly_what_there_is() -> None:
    faults = Faults()
    faults.add("ec2.RunInstances error=X next=100")
    faults.add("capacity left=100")
    hits: list[str] = []
    granted: list[int] = []

    def work() -> None:
        hits.append(pattern(faults, 50))
        granted.extend(faults.capacity("us-east-1a", "t3.micro", 1) for _ in range(50))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert "".join(hits).count("x") == 100
    assert sum(granted) == 100


def test_capacity_runs_out_per_zone_and_type() -> None:
    faults = Faults()
    faults.add("capacity zone=us-east-1a type=t3.* left=3")
    faults.add("capacity type=t3.micro left=4")
    assert faults.capacity("us-east-1b", "m5.large", 50) == 50
    assert faults.capacity("us-east-1a", "t3.micro", 2) == 2
    assert faults.room("us-east-1a", "t3.micro", 5) == 1
    assert faults.capacity("us-east-1a", "t3.micro", 5, least=2) == 0, "half a class is not a class"
    assert faults.capacity("us-east-1a", "t3.micro", 5) == 1
    assert faults.capacity("us-east-1a", "t3.small", 1) == 0
    assert faults.capacity("us-east-1b", "t3.micro", 5) == 1
    faults.give_back("us-east-1a", "t3.micro", 1)
    assert [fault.left for fault in faults.list()] == [1, 1]


def test_hosts_meet_their_troubles_by_tag_type_and_zone() -> None:
    faults = Faults()
    faults.add("host slow-boot seconds=45 'Name=demo-*' next=1")
    faults.add("host no-ssh tag:Student=ada type=t3.* zone=us-east-1a")
    ada = {"Name": "demo-ada", "Student": "ada"}

    def troubles(tags: dict[str, str], kind: str = "t3.micro", zone: str = "us-east-1a") -> list[tuple[str, float]]:
        return [(fault.trouble, fault.seconds) for fault in faults.for_host(tags, kind, zone)]

    assert troubles({"Name": "other"}) == []
    assert troubles({}) == []
    assert troubles(ada) == [("slow-boot", 45), ("no-ssh", 0)]
    assert troubles(ada) == [("no-ssh", 0)]
    assert troubles(ada, kind="m5.large") == troubles(ada, zone="us-east-1b") == []
    assert faults.for_call(call()) == [], "a host's trouble is none of the API's"


class Faulty:
    """The gateway in small: a fault, or moto."""

    def __init__(self) -> None:
        self.faults = Faults(1)
        self.moto = Watched()
        self.codes: list[str] = []

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        call = identify(environ)
        acting = self.faults.for_call(call)
        if any(fault.drop for fault in acting):
            list(self.moto(environ, start_response))
            environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
            raise ConnectionAbortedError
        for fault in acting:
            if fault.error:
                status, headers, body = error_response(call, fault.error, fault.message, fault.status)
                self.codes.append(error_code(status, headers, body))
                start_response(f"{status} {fault.error}", list(headers.items()))
                return [body]
        return self.moto(environ, start_response)


@pytest.fixture(scope="module")
def faulty_server() -> Iterator[tuple[Faulty, str]]:
    app = Faulty()
    with serving(app) as endpoint:
        yield app, endpoint


@pytest.fixture
def faulty(faulty_server: tuple[Faulty, str]) -> Iterator[tuple[Faulty, Callable[[str], Any]]]:
    app, endpoint = faulty_server
    app.faults.clear()
    app.codes.clear()
    yield app, lambda service: client(endpoint, service, "us-east-1")
    app.faults.clear()


RUN = {"ImageId": "ami-1", "InstanceType": "t3.micro", "MinCount": 1, "MaxCount": 1}
IN_A = {**RUN, "Placement": {"AvailabilityZone": "us-east-1a"}}


# pytest undoes the filter that errors_out sets when it is imported.
@pytest.mark.filterwarnings(r"ignore:Exception\(OrderedError\)")
@pytest.mark.parametrize(
    ("service", "method", "parameters", "code", "status", "message"),
    [
        ("ec2", "describe_instances", {}, "RequestLimitExceeded", 503, "Request limit exceeded."),
        ("ec2", "run_instances", RUN, "InsufficientInstanceCapacity", 500, "Insufficient capacity."),
        (
            "ec2",
            "run_instances",
            IN_A,
            "InsufficientInstanceCapacity",
            500,
            "We currently do not have sufficient t3.micro capacity in the Availability Zone you requested (us-east-1a)",
        ),
        ("ec2", "run_instances", RUN, "VcpuLimitExceeded", 400, "You have requested more vCPU capacity than your"),
        (
            "ec2",
            "run_instances",
            RUN,
            "UnauthorizedOperation",
            403,
            "You are not authorized to perform this operation.",
        ),
        (
            "ec2",
            "describe_vpcs",
            {},
            "AuthFailure",
            401,
            "AWS was not able to validate the provided access credentials",
        ),
        ("ec2", "describe_vpcs", {}, "RequestExpired", 400, "Request has expired."),
        ("ec2", "describe_vpcs", {}, "InternalError", 500, "An internal error has occurred"),
        ("ec2", "describe_vpcs", {}, "Unavailable", 503, "The service is unavailable. Please try again shortly."),
        (
            "ec2",
            "stop_instances",
            {"InstanceIds": ["i-0a"]},
            "InvalidInstanceID.NotFound",
            400,
            "The instance ID 'i-0a' does not exist",
        ),
        ("ec2", "describe_vpcs", {}, "MadeUp", 400, "localcloud was asked to answer ec2.DescribeVpcs with MadeUp."),
        ("iam", "list_users", {}, "Throttling", 400, "Rate exceeded"),
        ("iam", "list_users", {}, "AccessDenied", 403, "User is not authorized to perform: iam:ListUsers"),
        ("iam", "get_role", {"RoleName": "r"}, "NoSuchEntity", 404, "localcloud was asked"),
        (
            "sts",
            "get_caller_identity",
            {},
            "ExpiredToken",
            403,
            "The security token included in the request is expired",
        ),
        ("ssm", "get_parameter", {"Name": "n"}, "ThrottlingException", 400, "Rate exceeded"),
        ("ssm", "get_parameter", {"Name": "n"}, "ParameterNotFound", 400, "localcloud was asked"),
        ("ssm", "get_parameter", {"Name": "n"}, "InternalServerError", 500, "An error occurred on the server side."),
        ("service-quotas", "list_services", {}, "TooManyRequestsException", 400, "localcloud was asked"),
        ("s3", "list_buckets", {}, "SlowDown", 503, "Please reduce your request rate."),
        ("s3", "list_buckets", {}, "ExpiredToken", 400, "The provided token has expired."),
        ("s3", "get_object", {"Bucket": "b", "Key": "k"}, "NoSuchKey", 404, "The specified key does not exist."),
        ("s3", "put_object", {"Bucket": "b", "Key": "k", "Body": b"x"}, "AccessDenied", 403, "Access Denied"),
        ("s3", "create_bucket", {"Bucket": "b"}, "InternalError", 500, "We encountered an internal error."),
    ],
)
def test_boto3_raises_what_was_ordered(
    faulty: tuple[Faulty, Callable[[str], Any]],
    service: str,
    method: str,
    parameters: dict[str, Any],
    code: str,
    status: int,
    message: str,
) -> None:
    app, aws = faulty
    app.faults.add(f"{service}.* error={code}")
    with pytest.raises(ClientError) as raised:
        getattr(aws(service), method)(**parameters)
    answer = raised.value.response
    assert answer["Error"]["Code"] == code
    assert answer["Error"]["Message"].startswith(message)
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == status
    assert len(answer["ResponseMetadata"]["RequestId"]) == 36
    assert app.codes == [code], "the log would call it something else"


def test_modelled_errors_are_raised_under_their_class(faulty: tuple[Faulty, Callable[[str], Any]]) -> None:
    app, aws = faulty
    app.faults.add("ssm.GetParameter error=ParameterNotFound")
    app.faults.add("s3.GetObject error=NoSuchKey")
    ssm, s3 = aws("ssm"), aws("s3")
    with pytest.raises(ssm.exceptions.ParameterNotFound):
        ssm.get_parameter(Name="n")
    with pytest.raises(s3.exceptions.NoSuchKey):
        s3.get_object(Bucket="b", Key="k")


def test_own_message_and_status(faulty: tuple[Faulty, Callable[[str], Any]]) -> None:
    app, aws = faulty
    app.faults.add("ec2.* error=Odd message='<five> & \"six\"' status=499")
    with pytest.raises(ClientError) as raised:
        aws("ec2").describe_vpcs()
    assert raised.value.response["Error"]["Message"] == '<five> & "six"'
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 499


def test_a_head_request_has_no_body_to_say_more(faulty: tuple[Faulty, Callable[[str], Any]]) -> None:
    app, aws = faulty
    app.faults.add("s3.HeadObject error=NoSuchKey")
    with pytest.raises(ClientError) as raised:
        aws("s3").head_object(Bucket="b", Key="k")
    assert raised.value.response["Error"]["Code"] == "404"
    assert app.codes == ["404"]


def test_a_dropped_answer_was_carried_out(faulty: tuple[Faulty, Callable[[str], Any]]) -> None:
    app, aws = faulty
    app.faults.add("ec2.CreateKeyPair drop=answer next=1")
    ec2 = aws("ec2")
    with pytest.raises(ConnectionClosedError):
        ec2.create_key_pair(KeyName="lost")
    assert [key["KeyName"] for key in ec2.describe_key_pairs(KeyNames=["lost"])["KeyPairs"]] == ["lost"]
    ec2.delete_key_pair(KeyName="lost")


def test_a_fault_that_is_used_up_lets_moto_answer(faulty: tuple[Faulty, Callable[[str], Any]]) -> None:
    app, aws = faulty
    app.faults.add("ec2.DescribeVpcs error=RequestLimitExceeded next=1")
    with pytest.raises(ClientError):
        aws("ec2").describe_vpcs()
    assert aws("ec2").describe_vpcs()["Vpcs"]
