"""S3 objects keep their bytes in files: memory and the stored state hold only the files' names.

moto keeps each body in memory, again in each pickle, and reads a whole object to answer for a part of it.
"""

import contextlib
import hashlib
import threading
from collections.abc import Iterator
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from moto.s3.exceptions import RangeNotSatisfiable
from moto.s3.models import FakeBucket, FakeKey, S3Backend, s3_backends
from moto.s3.responses import S3Response
from moto.s3.utils import _VersionedKeyStore

from localcloud.blobs import Blobs, Body
from localcloud.mends.mend import mend

_blobs: list[Blobs] = []
_lazily: ContextVar[bool] = ContextVar("bodies are read lazily", default=False)


def keep_bodies_in(folder: Path) -> Blobs:
    """Choose the folder; call it before the first request and before a stored state is loaded."""
    _blobs[:] = [Blobs(folder)]
    return _blobs[0]


def bodies() -> Blobs:
    """Where bodies are; a temporary folder where none was chosen."""
    if not _blobs:
        _blobs.append(Blobs())
    return _blobs[0]


def names_in(backend: S3Backend) -> Iterator[str]:
    """The files that a backend refers to, for `Blobs.sweep`."""
    for bucket in (*backend.buckets.values(), *backend.table_buckets.values()):
        for key in _keys_of(bucket):
            yield key.blob


def _keys_of(bucket: FakeBucket) -> Iterator[Any]:
    """Every version of every object, and the parts of uploads under way."""
    for _, versions in bucket.keys.iterlists():
        yield from (version for version in versions if isinstance(version, FakeKey))
    for upload in bucket.multiparts.values():
        yield from upload.parts.values()


@contextlib.contextmanager
def lazily() -> Iterator[None]:
    """Within it `FakeKey.value` is a Body, which quacks like the bytes but reads none until it must."""
    token = _lazily.set(True)
    try:
        yield
    finally:
        _lazily.reset(token)


def _read(self: Any) -> bytes | Body:
    body = bodies().body(self.blob)
    return body if _lazily.get() else bytes(body)


def _write(self: Any, value: bytes | str | Body) -> None:
    before = self.__dict__.get("blob")
    content = value.encode() if isinstance(value, str) else value
    self.blob = bodies().write(content)
    self.contentsize = len(content)
    if before:
        bodies().discard(before)


def _etag(self: Any) -> str:
    if self._etag is None:
        digest = hashlib.md5(usedforsecurity=False)
        for block in bodies().body(self.blob):
            digest.update(block)
        self._etag = digest.hexdigest()
    return f'"{self._etag}"'


# Properties, which `mend` does not know.
FakeKey.value = property(_read, _write)  # type: ignore[assignment,method-assign]  # moto's own is a property of bytes
FakeKey.etag = property(_etag)  # type: ignore[assignment,method-assign]  # moto's own is a property, too
# moto remembers every key ever made, to close its file; ours have none open, and copies would pile up.
if hasattr(FakeKey, "__del__"):
    del FakeKey.__del__


@mend(FakeKey, "__init__")
def begin(moto: Any, self: Any, *args: Any, **kwargs: Any) -> None:
    moto(self, *args, **kwargs)
    del self._value_buffer


@mend(FakeKey, "__getstate__")
def get_state(moto: Any, self: Any) -> dict[str, Any]:
    return {name: value for name, value in self.__dict__.items() if name != "lock"}


@mend(FakeKey, "__setstate__")
def set_state(moto: Any, self: Any, state: dict[str, Any]) -> None:
    self.__dict__.update(state)
    self.lock = threading.Lock()


@mend(FakeKey)
def dispose(moto: Any, self: Any, garbage: bool = False) -> None:
    if not self.disposed:
        self.disposed = True
        bodies().discard(self.blob)


@mend(S3Backend)
def reset(moto: Any, self: S3Backend) -> None:
    """moto's own forgets the versions that are not the newest."""
    for name in list(names_in(self)):
        bodies().discard(name)
    moto(self)


@mend(S3Backend)
def delete_bucket(moto: Any, self: S3Backend, bucket_name: str) -> FakeBucket | None:
    """Uploads that were never completed go with their bucket."""
    deleted: FakeBucket | None = moto(self, bucket_name)
    if deleted:
        for upload in deleted.multiparts.values():
            upload.dispose()
    return deleted


def _restored(lists: dict[str, list[Any]]) -> _VersionedKeyStore:
    store = _VersionedKeyStore()
    for name, versions in lists.items():
        store.setlist(name, versions)
    return store


@mend(_VersionedKeyStore, "__reduce__")
def reduce(moto: Any, self: _VersionedKeyStore) -> tuple[Any, ...]:
    """Its `items` shows the newest versions only, and so did a pickle of it."""
    return _restored, (dict(self.iterlists()),)


@mend(S3Backend, "__setstate__")
def found_again(moto: Any, self: S3Backend, state: dict[str, Any]) -> None:
    """moto finds a bucket's account in a table beside the backends, which no stored backend brings along."""
    self.__dict__.update(state)
    for name in (*self.buckets, *self.table_buckets):
        s3_backends.bucket_accounts[name] = (self.partition, self.account_id)


@mend(S3Response)
def get_object(moto: Any, self: Any) -> Any:
    with lazily():
        status, headers, body = moto(self)
    number = self._get_int_param("partNumber")
    if number is None or status != 200:
        return status, headers, body
    sizes: list[int] = self._get_key()[0].multipart.sizes
    if not 1 <= number <= len(sizes):
        raise RangeNotSatisfiable
    start, stop = sum(sizes[: number - 1]), sum(sizes[:number])
    kept = {name: value for name, value in headers.items() if not name.startswith("x-amz-checksum-")}
    kept |= {
        "content-length": str(stop - start),
        "content-range": f"bytes {start}-{stop - 1}/{len(body)}",
        "x-amz-mp-parts-count": str(len(sizes)),
    }
    return 206, kept, body[start:stop]


@mend(S3Backend)
def copy_object(moto: Any, self: S3Backend, *args: Any, **kwargs: Any) -> None:
    with lazily():
        moto(self, *args, **kwargs)


@mend(S3Backend)
def upload_part_copy(moto: Any, self: S3Backend, *args: Any, **kwargs: Any) -> FakeKey:
    with lazily():
        part: FakeKey = moto(self, *args, **kwargs)
    return part
