"""What a request is, judged by what boto3 sends and by moto still answering it."""

import io
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from moto.core.base_backend import BackendDict
from small_server import Watched, client, serving
from werkzeug.test import EnvironBuilder

from localcloud.api.call import ApiCall, identify

Lab = tuple[Watched, Callable[..., Any]]


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[Watched, str]]:
    watched = Watched()
    with serving(watched) as endpoint:
        yield watched, endpoint


@pytest.fixture
def lab(server: tuple[Watched, str]) -> Iterator[Lab]:
    watched, endpoint = server
    BackendDict.reset()
    yield watched, lambda service, **more: client(endpoint, service, **more)
    BackendDict.reset()


def test_run_instances_is_read_with_its_nested_parameters_and_still_answered(lab: Lab) -> None:
    watched, aws = lab
    image = aws("ec2").describe_images(Owners=["099720109477"])["Images"][0]["ImageId"]
    answer = aws("ec2").run_instances(
        ImageId=image,
        InstanceType="t3.micro",
        MinCount=2,
        MaxCount=2,
        UserData="#!/bin/sh\necho ä\n",
        TagSpecifications=[{"ResourceType": "instance", "Tags": [{"Key": "Student", "Value": "ada"}]}],
        Placement={"AvailabilityZone": "eu-west-1a"},
    )
    assert len(answer["Instances"]) == 2, "moto could no longer read the request"
    call = watched.last
    assert (call.service, call.action, call.region, call.access_key) == (
        "ec2",
        "RunInstances",
        "eu-west-1",
        "AKIALOCALCLOUD",
    )
    assert call.parameters["TagSpecifications"] == [
        {"ResourceType": "instance", "Tags": [{"Key": "Student", "Value": "ada"}]}
    ]
    assert call.parameters["MaxCount"] == 2
    assert call.parameters["Placement"] == {"AvailabilityZone": "eu-west-1a"}
    assert call.iam_action == "ec2:RunInstances"
    assert call.iam_actions == ["ec2:RunInstances", "ec2:CreateTags"]
    assert call.unread == ""


@pytest.mark.parametrize(
    ("service", "action", "parameters", "needed"),
    [
        ("ec2", "RunInstances", {"IamInstanceProfile": {"Name": "lab"}}, ["ec2:RunInstances", "iam:PassRole"]),
        ("iam", "AddRoleToInstanceProfile", {}, ["iam:AddRoleToInstanceProfile", "iam:PassRole"]),
        ("iam", "CreateRole", {"Tags": [{"Key": "a"}]}, ["iam:CreateRole", "iam:TagRole"]),
        ("ssm", "PutParameter", {"Tags": [{"Key": "a"}]}, ["ssm:PutParameter", "ssm:AddTagsToResource"]),
        (
            "s3",
            "PutObject",
            {"ACL": "private", "Tagging": "a=b"},
            ["s3:PutObject", "s3:PutObjectTagging", "s3:PutObjectAcl"],
        ),
        ("monitoring", "ListMetrics", {}, ["cloudwatch:ListMetrics"]),
    ],
)
def test_parameters_that_need_a_permission_of_their_own(
    service: str, action: str, parameters: dict[str, Any], needed: list[str]
) -> None:
    assert ApiCall(service, action, "us-east-1", "AKIA", parameters).iam_actions == needed


def test_a_blob_is_readable_text(lab: Lab) -> None:
    watched, aws = lab
    key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB4tE8fqzqC0d0lVh9dJm1uV0Pq7cGxWq3H5n8Z1rT2Y ada"
    aws("ec2").import_key_pair(KeyName="k", PublicKeyMaterial=key)
    assert watched.last.parameters == {"KeyName": "k", "PublicKeyMaterial": key}


def s3_calls(aws: Callable[..., Any], watched: Watched) -> dict[str, ApiCall]:
    s3 = aws("s3", region="us-east-1")
    did: dict[str, ApiCall] = {}

    def then(name: str, *args: Any, **parameters: Any) -> Any:
        answer = getattr(s3, name)(*args, **parameters)
        did[name] = watched.last
        return answer

    then("create_bucket", Bucket="bucket")
    then("list_buckets")
    then("head_bucket", Bucket="bucket")
    then("get_bucket_location", Bucket="bucket")
    then("put_bucket_versioning", Bucket="bucket", VersioningConfiguration={"Status": "Enabled"})
    then("put_public_access_block", Bucket="bucket", PublicAccessBlockConfiguration={"BlockPublicAcls": True})
    then("put_object", Bucket="bucket", Key="d/k%2F +ü.txt", Body=b"x" * 100_000, Metadata={"my_key": "v"})
    version = then("head_object", Bucket="bucket", Key="d/k%2F +ü.txt")["VersionId"]
    assert then("get_object", Bucket="bucket", Key="d/k%2F +ü.txt")["Body"].read() == b"x" * 100_000
    then("list_objects_v2", Bucket="bucket", Prefix="d/", MaxKeys=7)
    then("list_objects", Bucket="bucket")
    then("list_object_versions", Bucket="bucket")
    then("copy_object", Bucket="bucket", Key="copy", CopySource={"Bucket": "bucket", "Key": "d/k%2F +ü.txt"})
    upload = then("create_multipart_upload", Bucket="bucket", Key="m")["UploadId"]
    part = then("upload_part", Bucket="bucket", Key="m", UploadId=upload, PartNumber=1, Body=b"p")["ETag"]
    then("list_parts", Bucket="bucket", Key="m", UploadId=upload)
    done = {"Parts": [{"ETag": part, "PartNumber": 1}]}
    then("complete_multipart_upload", Bucket="bucket", Key="m", UploadId=upload, MultipartUpload=done)
    then("delete_objects", Bucket="bucket", Delete={"Objects": [{"Key": "copy"}]})
    then("delete_object", Bucket="bucket", Key="d/k%2F +ü.txt", VersionId=version)
    return did


def test_s3_operations_by_name_permission_and_parameters(lab: Lab) -> None:
    watched, aws = lab
    did = s3_calls(aws, watched)
    seen = {name: (call.service, call.action, call.iam_action) for name, call in did.items()}
    assert seen == {
        "create_bucket": ("s3", "CreateBucket", "s3:CreateBucket"),
        "list_buckets": ("s3", "ListBuckets", "s3:ListAllMyBuckets"),
        "head_bucket": ("s3", "HeadBucket", "s3:ListBucket"),
        "get_bucket_location": ("s3", "GetBucketLocation", "s3:GetBucketLocation"),
        "put_bucket_versioning": ("s3", "PutBucketVersioning", "s3:PutBucketVersioning"),
        "put_public_access_block": ("s3", "PutPublicAccessBlock", "s3:PutBucketPublicAccessBlock"),
        "put_object": ("s3", "PutObject", "s3:PutObject"),
        "head_object": ("s3", "HeadObject", "s3:GetObject"),
        "get_object": ("s3", "GetObject", "s3:GetObject"),
        "list_objects_v2": ("s3", "ListObjectsV2", "s3:ListBucket"),
        "list_objects": ("s3", "ListObjects", "s3:ListBucket"),
        "list_object_versions": ("s3", "ListObjectVersions", "s3:ListBucketVersions"),
        "copy_object": ("s3", "CopyObject", "s3:PutObject"),
        "create_multipart_upload": ("s3", "CreateMultipartUpload", "s3:PutObject"),
        "upload_part": ("s3", "UploadPart", "s3:PutObject"),
        "list_parts": ("s3", "ListParts", "s3:ListMultipartUploadParts"),
        "complete_multipart_upload": ("s3", "CompleteMultipartUpload", "s3:PutObject"),
        "delete_objects": ("s3", "DeleteObjects", "s3:DeleteObject"),
        "delete_object": ("s3", "DeleteObject", "s3:DeleteObjectVersion"),
    }
    assert did["put_object"].parameters["Key"] == "d/k%2F +ü.txt"
    assert "Body" not in did["put_object"].parameters
    assert did["list_objects_v2"].parameters["MaxKeys"] == 7
    assert did["copy_object"].iam_actions == ["s3:PutObject", "s3:GetObject"]
    assert not [call for call in watched.calls if call.unread]


def test_the_body_of_an_s3_request_is_not_even_opened() -> None:
    class Untouchable(io.RawIOBase):
        def readable(self) -> bool:
            return True

        def readinto(self, buffer: Any) -> int:
            raise AssertionError("read")

    environ = EnvironBuilder(method="PUT", path="/b/k", headers={"Authorization": scope("s3")}).get_environ()
    environ["CONTENT_LENGTH"] = "5"
    body = environ["wsgi.input"] = Untouchable()
    assert identify(environ).action == "PutObject"
    assert environ["wsgi.input"] is body


@pytest.mark.parametrize(
    ("service", "name", "parameters", "expected", "permission"),
    [
        ("iam", "list_users", {}, ("iam", "ListUsers", {}), "iam:ListUsers"),
        ("sts", "get_caller_identity", {}, ("sts", "GetCallerIdentity", {}), "sts:GetCallerIdentity"),
        (
            "ssm",
            "get_parameters_by_path",
            {"Path": "/a", "Recursive": True},
            ("ssm", "GetParametersByPath", {"Path": "/a", "Recursive": True}),
            "ssm:GetParametersByPath",
        ),
        (
            "service-quotas",
            "list_aws_default_service_quotas",
            {"ServiceCode": "vpc"},
            ("servicequotas", "ListAWSDefaultServiceQuotas", {"ServiceCode": "vpc"}),
            "servicequotas:ListAWSDefaultServiceQuotas",
        ),
    ],
)
def test_query_and_json_services(
    lab: Lab, service: str, name: str, parameters: dict[str, Any], expected: tuple[Any, ...], permission: str
) -> None:
    watched, aws = lab
    getattr(aws(service), name)(**parameters)
    call = watched.last
    assert (call.service, call.action, call.parameters) == expected
    assert call.iam_action == permission
    assert call.model is not None
    assert call.model.service_name == service


def test_a_presigned_url_tells_who_signed_it(lab: Lab, server: tuple[Watched, str]) -> None:
    watched, aws = lab
    s3 = aws("s3", signature_version="s3v4")
    s3.create_bucket(Bucket="bucket", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    url = s3.generate_presigned_url("put_object", Params={"Bucket": "bucket", "Key": "k"})
    # urllib calls the upload a form, as curl does; moto would wait for its bytes once more.
    upload = urllib.request.Request(url, data=b"\xff\xfe", method="PUT")  # noqa: S310 - loopback
    urllib.request.urlopen(upload, timeout=10).close()  # noqa: S310 - loopback
    call = watched.last
    assert (call.action, call.region, call.access_key) == ("PutObject", "eu-west-1", "AKIALOCALCLOUD")
    assert call.parameters == {
        "Bucket": "bucket",
        "Key": "k",
        "ContentLength": 2,
        "ContentType": "application/x-www-form-urlencoded",
    }


def test_unsigned_requests_are_told_by_their_words(server: tuple[Watched, str]) -> None:
    watched, endpoint = server
    form = b"Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=r&RoleSessionName=s&WebIdentityToken=t"
    urllib.request.urlopen(endpoint, data=form).close()  # noqa: S310 - loopback
    assert (watched.last.service, watched.last.action) == ("sts", "AssumeRoleWithWebIdentity")
    assert watched.last.parameters["RoleArn"] == "r"
    urllib.request.urlopen(endpoint).close()  # noqa: S310 - loopback
    assert (watched.last.service, watched.last.action, watched.last.region) == ("s3", "ListBuckets", "us-east-1")


def scope(service: str, region: str = "eu-west-1") -> str:
    return f"AWS4-HMAC-SHA256 Credential=AKIA/20260101/{region}/{service}/aws4_request, SignedHeaders=host, Signature=0"


@pytest.mark.parametrize(
    ("service", "form", "action", "why"),
    [
        ("ec2", {"Action": "MakeCoffee", "Milk": "yes"}, "MakeCoffee", "no model of this action"),
        ("nonesuch", {"Action": "Do", "Milk": "yes"}, "Do", "no model of this service"),
        ("ec2", {"Action": "RunInstances", "MinCount": "many", "Milk": "yes"}, "RunInstances", "ValueError"),
    ],
)
def test_what_no_model_knows_keeps_the_names_of_the_wire(
    service: str, form: dict[str, str], action: str, why: str
) -> None:
    environ = EnvironBuilder(method="POST", data=form, headers={"Authorization": scope(service)}).get_environ()
    call = identify(environ)
    assert (call.service, call.action) == (service, action)
    assert call.parameters["Milk"] == "yes"
    assert why in call.unread
    assert b"Milk=yes" in environ["wsgi.input"].read()


def test_a_json_body_that_is_none(lab: Lab) -> None:
    headers = {"Authorization": scope("ssm"), "X-Amz-Target": "AmazonSSM.GetParameter"}
    kind = "application/x-amz-json-1.1"
    environ = EnvironBuilder(method="POST", data=b"[1, 2]", content_type=kind, headers=headers).get_environ()
    call = identify(environ)
    assert (call.service, call.action, call.parameters) == ("ssm", "GetParameter", {})
    assert call.unread


def test_motos_own_pages_are_no_api() -> None:
    call = identify(EnvironBuilder(path="/moto-api/data.json").get_environ())
    assert call.model is None
    assert call.action == "/moto-api/data.json"
