"""S3: objects' bytes are files, and what stock clients send is kept."""

import hashlib
import os
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ClientError
from moto.core.base_backend import BackendDict
from moto.s3.models import s3_backends

from localcloud.blobs import Blobs
from localcloud.mends.s3 import bodies

ACCOUNT = "123456789012"
MIB = 1 << 20
IN_PARTS = TransferConfig(multipart_threshold=5 * MIB, multipart_chunksize=5 * MIB)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    before = list(bodies._blobs)
    bodies.keep_bodies_in(tmp_path / "bodies")
    yield tmp_path / "bodies"
    BackendDict.reset()
    bodies._blobs[:] = before


@pytest.fixture
def s3(aws: Any, folder: Path) -> Any:
    client = aws("s3")
    client.create_bucket(Bucket="lab")
    return client


def backend() -> Any:
    return s3_backends[ACCOUNT]["aws"]


def store_and_load() -> int:
    """What the server does when it is killed and started again; returns the size of the stored state."""
    stored = pickle.dumps(backend())
    s3_backends.bucket_accounts.clear()
    s3_backends[ACCOUNT]["aws"] = pickle.loads(stored)  # noqa: S301  (our own bytes)
    return len(stored)


def purge() -> None:
    bodies.bodies().purge(bodies.bodies().discarded())


def files(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_the_state_holds_names_and_the_folder_the_bytes(s3: Any, folder: Path) -> None:
    content = os.urandom(3 * MIB)
    s3.put_object(Bucket="lab", Key="data", Body=content, Metadata={"a": "b"}, ContentType="text/x", Tagging="k=v")
    assert [path.read_bytes() for path in folder.iterdir()] == [content]
    assert store_and_load() < 100_000
    found = s3.get_object(Bucket="lab", Key="data")
    assert found["Body"].read() == content
    assert (found["Metadata"], found["ContentType"], found["TagCount"]) == ({"a": "b"}, "text/x", 1)
    assert found["ETag"].strip('"') == hashlib.md5(content, usedforsecurity=False).hexdigest()


def test_a_range_reads_only_its_bytes(s3: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    content = os.urandom(8 * MIB)
    s3.put_object(Bucket="lab", Key="data", Body=content)
    read: list[int] = []
    real = os.pread
    monkeypatch.setattr(os, "pread", lambda *words: read.append(words[1]) or real(*words))
    for asked, expected in (
        ("bytes=100-199", content[100:200]),
        ("bytes=-7", content[-7:]),
        (f"bytes={7 * MIB}-", content[7 * MIB :]),
    ):
        found = s3.get_object(Bucket="lab", Key="data", Range=asked)
        assert found["Body"].read() == expected
        assert found["ContentRange"].endswith(f"/{len(content)}")
    assert sum(read) == 100 + 7 + MIB
    with pytest.raises(ClientError, match="InvalidRange"):
        s3.get_object(Bucket="lab", Key="data", Range=f"bytes={9 * MIB}-")


def test_a_multipart_upload_is_one_file_and_its_parts_go(s3: Any, folder: Path, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(os.urandom(12 * MIB))
    s3.upload_file(str(source), "lab", "big", Config=IN_PARTS)
    s3.download_file("lab", "big", str(tmp_path / "copy"), Config=IN_PARTS)
    assert (tmp_path / "copy").read_bytes() == source.read_bytes()
    assert s3.head_object(Bucket="lab", Key="big")["ETag"].endswith('-3"')
    purge()
    assert len(files(folder)) == 1
    second = s3.get_object(Bucket="lab", Key="big", PartNumber=2)
    assert second["Body"].read() == source.read_bytes()[5 * MIB : 10 * MIB]
    assert (second["PartsCount"], second["ContentLength"]) == (3, 5 * MIB)


def test_an_upload_under_way_survives_a_stop_in_between(s3: Any, folder: Path) -> None:
    upload = s3.create_multipart_upload(Bucket="lab", Key="big", ChecksumAlgorithm="CRC32")["UploadId"]
    where = {"Bucket": "lab", "Key": "big", "UploadId": upload}
    first = s3.upload_part(**where, PartNumber=1, Body=b"a" * (5 * MIB))
    store_and_load()
    Blobs(folder).sweep(bodies.names_in(backend()))
    second = s3.upload_part(**where, PartNumber=2, Body=b"b")
    parts = [{"PartNumber": 1, "ETag": first["ETag"]}, {"PartNumber": 2, "ETag": second["ETag"]}]
    s3.complete_multipart_upload(**where, MultipartUpload={"Parts": parts})
    assert s3.get_object(Bucket="lab", Key="big")["Body"].read() == b"a" * (5 * MIB) + b"b"


def test_an_aborted_upload_leaves_no_file(s3: Any, folder: Path) -> None:
    upload = s3.create_multipart_upload(Bucket="lab", Key="big")["UploadId"]
    s3.upload_part(Bucket="lab", Key="big", UploadId=upload, PartNumber=1, Body=b"a")
    s3.abort_multipart_upload(Bucket="lab", Key="big", UploadId=upload)
    purge()
    assert files(folder) == set()


def test_copies_share_bytes_and_outlive_each_other(s3: Any, folder: Path) -> None:
    s3.put_object(Bucket="lab", Key="one", Body=b"shared")
    s3.copy_object(Bucket="lab", Key="two", CopySource={"Bucket": "lab", "Key": "one"})
    assert len({path.stat().st_ino for path in folder.iterdir()}) == 1
    s3.put_object(Bucket="lab", Key="one", Body=b"changed")
    purge()
    assert s3.get_object(Bucket="lab", Key="two")["Body"].read() == b"shared"
    s3.delete_objects(Bucket="lab", Delete={"Objects": [{"Key": "one"}, {"Key": "two"}]})
    purge()
    assert files(folder) == set()


def test_bytes_stay_until_the_state_that_forgets_them_is_stored(s3: Any, folder: Path) -> None:
    s3.put_object(Bucket="lab", Key="data", Body=b"precious")
    stored = pickle.dumps(backend())
    s3.delete_object(Bucket="lab", Key="data")
    s3_backends[ACCOUNT]["aws"] = pickle.loads(stored)  # noqa: S301  (our own bytes: a kill before the next store)
    assert s3.get_object(Bucket="lab", Key="data")["Body"].read() == b"precious"


def test_versions_are_stored_all_and_removed_one_by_one(s3: Any, folder: Path) -> None:
    s3.put_bucket_versioning(Bucket="lab", VersioningConfiguration={"Status": "Enabled"})
    first, second = (s3.put_object(Bucket="lab", Key="data", Body=body)["VersionId"] for body in (b"1", b"2"))
    s3.delete_object(Bucket="lab", Key="data")
    store_and_load()
    listed = s3.list_object_versions(Bucket="lab")
    assert [version["VersionId"] for version in listed["Versions"]] == [second, first]
    assert len(listed["DeleteMarkers"]) == 1
    assert s3.get_object(Bucket="lab", Key="data", VersionId=first)["Body"].read() == b"1"
    s3.delete_object(Bucket="lab", Key="data", VersionId=first)
    purge()
    assert [path.read_bytes() for path in folder.iterdir()] == [b"2"]


def test_suspending_versions_keeps_those_there_are(s3: Any) -> None:
    s3.put_bucket_versioning(Bucket="lab", VersioningConfiguration={"Status": "Enabled"})
    old = s3.put_object(Bucket="lab", Key="data", Body=b"old")["VersionId"]
    s3.put_bucket_versioning(Bucket="lab", VersioningConfiguration={"Status": "Suspended"})
    s3.put_object(Bucket="lab", Key="data", Body=b"new")
    s3.put_object(Bucket="lab", Key="data", Body=b"newer")
    versions = s3.list_object_versions(Bucket="lab")["Versions"]
    assert [version["VersionId"] for version in versions] == ["null", old]
    s3.delete_object(Bucket="lab", Key="data")
    with pytest.raises(ClientError, match="NoSuchKey"):
        s3.get_object(Bucket="lab", Key="data")
    assert s3.get_object(Bucket="lab", Key="data", VersionId=old)["Body"].read() == b"old"


def test_a_bucket_is_found_and_its_name_taken_after_a_restart(s3: Any, aws: Any) -> None:
    s3.put_bucket_policy(Bucket="lab", Policy='{"Version": "2012-10-17", "Statement": []}')
    s3.put_bucket_tagging(Bucket="lab", Tagging={"TagSet": [{"Key": "Lab", "Value": "demo"}]})
    store_and_load()
    assert s3.get_bucket_tagging(Bucket="lab")["TagSet"] == [{"Key": "Lab", "Value": "demo"}]
    assert "2012-10-17" in s3.get_bucket_policy(Bucket="lab")["Policy"]
    with pytest.raises(ClientError, match="BucketAlreadyOwnedByYou"):
        aws("s3", "eu-west-1").create_bucket(
            Bucket="lab", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
        )


@pytest.mark.parametrize("algorithm", ["CRC32", "SHA1", "SHA256"])
def test_a_checksum_is_the_clients_and_holds_on_download(s3: Any, algorithm: str) -> None:
    # The content itself speaks of a checksum: moto took that for the real one.
    content = b"x-amz-checksum-crc32:AAAAAA==\r\n" * 1000
    sent = s3.put_object(Bucket="lab", Key="data", Body=content, ChecksumAlgorithm=algorithm)
    found = s3.get_object(Bucket="lab", Key="data", ChecksumMode="ENABLED")
    assert found["Body"].read() == content
    assert found[f"Checksum{algorithm}"] == sent[f"Checksum{algorithm}"]


@pytest.mark.parametrize("content", [b"", b"x", b"\r\n0\r\n\r\n" * 3])
def test_awkward_contents_come_back(s3: Any, content: bytes) -> None:
    s3.put_object(Bucket="lab", Key="a b/ü+%41", Body=content)
    assert s3.get_object(Bucket="lab", Key="a b/ü+%41")["Body"].read() == content
    assert s3.list_objects_v2(Bucket="lab")["Contents"][0]["Size"] == len(content)


def test_the_list_of_buckets_has_pages(s3: Any) -> None:
    for name in ("lab-b", "lab-c", "other"):
        s3.create_bucket(Bucket=name)
    pages = list(s3.get_paginator("list_buckets").paginate(Prefix="lab", PaginationConfig={"PageSize": 2}))
    assert [[bucket["Name"] for bucket in page["Buckets"]] for page in pages] == [["lab", "lab-b"], ["lab-c"]]


def test_an_unknown_upload_is_named_so(s3: Any) -> None:
    where = {"Bucket": "lab", "Key": "big", "UploadId": "none"}
    parts = {"Parts": [{"PartNumber": 1, "ETag": "x"}]}
    for call in (
        lambda: s3.upload_part(**where, PartNumber=1, Body=b"a"),
        lambda: s3.complete_multipart_upload(**where, MultipartUpload=parts),
    ):
        with pytest.raises(ClientError, match="NoSuchUpload"):
            call()


def test_a_buckets_settings_are_kept_or_refused(s3: Any) -> None:
    assert s3.get_bucket_request_payment(Bucket="lab")["Payer"] == "BucketOwner"
    s3.put_bucket_request_payment(Bucket="lab", RequestPaymentConfiguration={"Payer": "Requester"})
    assert s3.get_bucket_request_payment(Bucket="lab")["Payer"] == "Requester"
    with pytest.raises(ClientError, match="NotImplemented"):
        s3.put_bucket_metrics_configuration(Bucket="lab", Id="all", MetricsConfiguration={"Id": "all"})


def test_tags_in_create_bucket_are_kept(aws: Any, s3: Any) -> None:
    aws("s3", "eu-west-1").create_bucket(
        Bucket="tagged",
        CreateBucketConfiguration={"LocationConstraint": "eu-west-1", "Tags": [{"Key": "Lab", "Value": "demo"}]},
    )
    assert s3.get_bucket_tagging(Bucket="tagged")["TagSet"] == [{"Key": "Lab", "Value": "demo"}]
