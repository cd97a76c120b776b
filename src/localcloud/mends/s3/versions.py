"""A bucket whose versioning is suspended keeps the versions it has; moto drops them with the next write or delete."""

from typing import Any

from moto.s3.models import FakeBucket, FakeDeleteMarker, FakeKey, S3Backend

from localcloud.mends.mend import mend


def _named(bucket: FakeBucket, key_name: str) -> list[Any]:
    """The versions of a suspended bucket's object that a write without version leaves alone."""
    if bucket.versioning_status != "Suspended":
        return []
    return [version for version in bucket.keys.getlist(key_name, []) if version.version_id != "null"]


@mend(S3Backend)
def put_object(moto: Any, self: S3Backend, bucket_name: str, key_name: str, *args: Any, **kwargs: Any) -> FakeKey:
    bucket = self.get_bucket(bucket_name)
    kept = _named(bucket, key_name)
    everything = bucket.keys.getlist(key_name, [])
    if kept:
        # Hidden from moto meanwhile, which would take their bytes away.
        dict.__setitem__(bucket.keys, key_name, [version for version in everything if version not in kept])
    try:
        new: FakeKey = moto(self, bucket_name, key_name, *args, **kwargs)
    except BaseException:
        if kept:
            dict.__setitem__(bucket.keys, key_name, everything)
        raise
    if kept:
        bucket.keys.setlist(key_name, [*kept, new])
    return new


@mend(S3Backend)
def delete_object(
    moto: Any, self: S3Backend, bucket_name: str, key_name: str, version_id: str | None = None, bypass: bool = False
) -> tuple[bool, dict[str, Any]]:
    bucket = self.get_bucket(bucket_name)
    kept = _named(bucket, key_name)
    if not kept:
        return moto(self, bucket_name, key_name, version_id, bypass)  # type: ignore[no-any-return]  # moto's own
    if version_id is None:
        marker = FakeDeleteMarker(key=bucket.keys[key_name])
        marker._version_id = "null"
        bucket.keys.setlist(key_name, [*kept, marker])
        return True, {"version-id": "null", "delete-marker": "true"}
    left = [version for version in bucket.keys.getlist(key_name) if version.version_id != version_id]
    bucket.keys.setlist(key_name, left)
    if not left:
        bucket.keys.pop(key_name)
    return True, {"version-id": version_id}
