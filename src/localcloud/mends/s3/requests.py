"""Requests to S3 that moto takes for others, answers with HTTP 500, or answers in part."""

from typing import Any

import xmltodict  # type: ignore[import-untyped]  # moto's own parser; it comes without types
from moto.core.responses import ActionResult
from moto.s3.exceptions import NoSuchUpload, S3ClientError
from moto.s3.models import FakeBucket, S3Backend
from moto.s3.responses import S3Response

from localcloud.mends.mend import mend

# moto would take a PUT of these for CreateBucket, report success and forget them.
NOT_KEPT = ("analytics", "intelligent-tiering", "metadataConfiguration", "metadataTable", "metrics", "session")

FakeBucket.payer = "BucketOwner"  # what a bucket stored before this mend has, too


@mend(S3Response)
def _bucket_response_put(
    moto: Any, self: S3Response, request: Any, bucket_name: str, querystring: dict[str, Any]
) -> Any:
    for name in NOT_KEPT:
        if name in querystring:
            raise S3ClientError("NotImplemented", f"A bucket's {name} configuration is not kept here.")
    if "requestPayment" in querystring:
        bucket: Any = self.backend.get_bucket(bucket_name)
        bucket.payer = xmltodict.parse(self.body)["RequestPaymentConfiguration"]["Payer"]
        return 200, {}, ""
    answer = moto(self, request, bucket_name, querystring)
    if not querystring and self.body:
        # Tags in CreateBucket are newer than moto's reading of it.
        asked = xmltodict.parse(self.body, force_list=("Tag",)).get("CreateBucketConfiguration") or {}
        tags = (asked.get("Tags") or {}).get("Tag", [])
        if tags:
            self.backend.put_bucket_tagging(bucket_name, {tag["Key"]: tag["Value"] or "" for tag in tags})
    return answer


@mend(S3Response)
def _bucket_response_get(moto: Any, self: S3Response, bucket_name: str, querystring: dict[str, Any]) -> Any:
    if "requestPayment" in querystring:
        bucket: Any = self.backend.get_bucket(bucket_name)
        self.data["Action"] = "GetBucketRequestPayment"
        return self.serialized(ActionResult({"Payer": bucket.payer}))
    return moto(self, bucket_name, querystring)


@mend(S3Response)
def all_buckets(moto: Any, self: S3Response) -> Any:
    """moto cuts the list at MaxBuckets and does not say that there is more."""
    self.data["Action"] = "ListAllMyBuckets"
    self._authenticate_and_authorize_s3_action()
    prefix = self._get_param("prefix")
    found = self.backend.list_buckets(prefix=prefix, bucket_region=self._get_param("bucket-region"), max_buckets=None)
    found = sorted(found, key=lambda bucket: bucket.name)
    after = self._get_param("continuation-token")
    if after:
        found = [bucket for bucket in found if bucket.name > after]
    page = found[: int(self._get_param("max-buckets") or 10_000)]
    self.data["Action"] = "ListBuckets"
    owner = self.current_account
    return self.serialized(
        ActionResult(
            {
                "Owner": {"ID": owner, "DisplayName": owner},
                "Buckets": [
                    {
                        "Name": bucket.name,
                        "CreationDate": bucket.creation_date_ISO8601,
                        "BucketRegion": bucket.region_name,
                    }
                    for bucket in page
                ],
                "Prefix": prefix,
                "ContinuationToken": page[-1].name if len(page) < len(found) else None,
            }
        )
    )


def _upload_of(backend: S3Backend, bucket_name: str, upload_id: str) -> None:
    if upload_id not in backend.get_bucket(bucket_name).multiparts:
        raise NoSuchUpload(upload_id=upload_id)


@mend(S3Backend)
def upload_part(moto: Any, self: S3Backend, bucket_name: str, multipart_id: str, *args: Any, **kwargs: Any) -> Any:
    _upload_of(self, bucket_name, multipart_id)
    return moto(self, bucket_name, multipart_id, *args, **kwargs)


@mend(S3Backend)
def upload_part_copy(
    moto: Any, self: S3Backend, dest_bucket_name: str, multipart_id: str, *args: Any, **kwargs: Any
) -> Any:
    _upload_of(self, dest_bucket_name, multipart_id)
    return moto(self, dest_bucket_name, multipart_id, *args, **kwargs)


@mend(S3Backend)
def complete_multipart_upload(
    moto: Any, self: S3Backend, bucket_name: str, multipart_id: str, *args: Any, **kwargs: Any
) -> Any:
    _upload_of(self, bucket_name, multipart_id)
    return moto(self, bucket_name, multipart_id, *args, **kwargs)


@mend(S3Response)
def copy_object(moto: Any, self: S3Response) -> Any:
    """A checksum asked for in an algorithm that this machine lacks is left out, not stored as an empty one."""
    answer = moto(self)
    copy: Any = self.backend.get_object(self.bucket_name, self.parse_key_name())
    if copy.checksum_value == "":
        copy.checksum_algorithm = copy.checksum_value = None
    return answer
