"""Uploads go from the connection into a file, and a multipart upload is put together from files, block by block."""

import base64
import binascii
import hashlib
import io
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlparse

from moto.s3 import responses
from moto.s3.exceptions import EntityTooSmall, InvalidPart, MalformedXML
from moto.s3.models import FakeKey, FakeMultipart, MultipartChecksumBuilder
from moto.s3.responses import S3Response
from moto.settings import S3_UPLOAD_PART_MIN_SIZE

from localcloud.blobs import BLOCK, Body, Received
from localcloud.mends.mend import mend
from localcloud.mends.s3.bodies import bodies, lazily

# PUTs on a key that set one of its properties: small documents, not contents.
PROPERTIES = frozenset({"acl", "encryption", "legal-hold", "restore", "retention", "tagging"})
# MIME's own whitespace rules do not matter here: SDKs write `name:value`.
TRAILER = re.compile(rb"x-amz-checksum-([\w-]+):\s*(\S+)")

try:
    from awscrt import checksums as _crt  # type: ignore[import-not-found]  # an extra of boto3 that few install
except ModuleNotFoundError:
    _crt = None


class Checksum:
    """A checksum over blocks. `possible` says whether this machine has what its algorithm needs."""

    def __init__(self, algorithm: str):
        self._crc: Callable[[bytes, int], int] | None = None
        self._hash = hashlib.new(algorithm, usedforsecurity=False) if algorithm in ("SHA1", "SHA256") else None
        self._width = 4
        self._value = 0
        if algorithm == "CRC32":
            self._crc = binascii.crc32
        elif algorithm == "CRC32C" and _crt:
            self._crc = _crt.crc32c
        elif algorithm == "CRC64NVME" and _crt:
            self._crc, self._width = _crt.crc64nvme, 8

    @property
    def possible(self) -> bool:
        return bool(self._crc or self._hash)

    def add(self, blocks: Iterable[bytes]) -> "Checksum":
        for block in blocks:
            if self._hash:
                self._hash.update(block)
            elif self._crc:
                self._value = self._crc(block, self._value)
        return self

    def digest(self) -> bytes:
        return self._hash.digest() if self._hash else self._value.to_bytes(self._width, "big")

    def text(self) -> str:
        return base64.b64encode(self.digest()).decode()


def blocks_of(stream: io.BufferedReader) -> Iterator[bytes]:
    while block := stream.read(BLOCK):
        yield block


class Chunked:
    """Reads what SDKs call aws-chunked: pieces with their length, signed or not, then perhaps a checksum."""

    def __init__(self, stream: io.BufferedReader):
        self._stream = stream
        self.checksum: tuple[str, str] | None = None

    def __iter__(self) -> Iterator[bytes]:
        while length := int(self._stream.readline().split(b";")[0].strip() or b"0", 16):
            while length:
                block = self._stream.read(min(length, BLOCK))
                if not block:
                    raise ConnectionError("The connection ended within a chunk.")
                length -= len(block)
                yield block
            self._stream.readline()
        for line in iter(self._stream.readline, b""):
            if found := TRAILER.match(line):
                self.checksum = found.group(1).decode().upper(), found.group(2).decode()


def _is_content(request: Any) -> bool:
    query = parse_qs(urlparse(request.raw_url).query, keep_blank_values=True)
    return request.method == "PUT" and not PROPERTIES & query.keys() and "x-amz-copy-source" not in request.headers


@mend(S3Response)
def key_response(moto: Any, self: Any, request: Any, full_url: str, headers: dict[str, Any]) -> Any:
    if _is_content(request):
        stream = io.BufferedReader(request.stream)
        chunked = Chunked(stream) if "x-amz-decoded-content-length" in request.headers else None
        self.received = bodies().receive(chunked or blocks_of(stream))
        self.received_checksum = chunked.checksum if chunked else None
        stream.detach()  # else this reader would close the connection's stream together with itself
    return moto(self, request, full_url, headers)


@mend(S3Response)
def setup_class(moto: Any, self: S3Response, *args: Any, **kwargs: Any) -> None:
    moto(self, *args, **kwargs)
    received: Received | None = self.__dict__.get("received")
    if received is not None:
        self.body = received


@mend(S3Response)
def _handle_v4_chunk_signatures(moto: Any, self: S3Response, body: bytes, content_length: int) -> bytes:
    """moto makes room for the announced length even where the content went into a file."""
    return bytes(moto(self, body, content_length)) if body else b""


@mend(S3Response)
def _get_checksum(moto: Any, self: Any, response_headers: dict[str, Any]) -> tuple[str, str | None]:
    """The checksum that the client sent, else one of the content: moto looked for it in the content itself."""
    algorithm = self.headers.get("x-amz-sdk-checksum-algorithm", "").upper()
    header = f"x-amz-checksum-{algorithm.lower()}"
    value = self.headers.get(header)
    if not value and self.__dict__.get("received_checksum"):
        algorithm, value = self.received_checksum
    if algorithm and not value and Checksum(algorithm).possible:
        value = Checksum(algorithm).add(self.body if isinstance(self.body, Body) else [self.body or b""]).text()
    if not value:
        return "", None
    response_headers[f"x-amz-checksum-{algorithm.lower()}"] = value
    return algorithm, value


@mend(FakeMultipart)
def complete(moto: Any, self: Any, body: Iterator[tuple[int, str]]) -> tuple[Body, str, tuple[str, str, int] | None]:
    parts: list[FakeKey] = []
    for number, etag in body:
        part = self.parts.get(number)
        if part is None or part.etag.strip('"') != etag.strip('"'):
            raise InvalidPart
        if parts and parts[-1].contentsize < S3_UPLOAD_PART_MIN_SIZE:
            raise EntityTooSmall
        parts.append(part)
    if not parts:
        raise MalformedXML
    summary = MultipartChecksumBuilder(
        self.metadata.get("x-amz-checksum-algorithm"), self.metadata.get("x-amz-checksum-type")
    )
    with lazily():
        for part in parts:
            summary.addPart(part.value)
        whole = bodies().receive(block for part in parts for block in part.value)  # type: ignore[misc]  # a Body here
    etags = b"".join(bytes.fromhex(part.etag.strip('"')) for part in parts)
    self.sizes = [part.contentsize for part in parts]
    return whole, f"{hashlib.md5(etags, usedforsecurity=False).hexdigest()}-{len(parts)}", summary.build()


@mend(MultipartChecksumBuilder, "__init__")
def begin(moto: Any, self: Any, *args: Any, **kwargs: Any) -> None:
    moto(self, *args, **kwargs)
    self.whole = Checksum(self.checksum_algorithm)


@mend(MultipartChecksumBuilder, "addPart")
def add_part(moto: Any, self: Any, part: Body) -> None:
    self.part_count += 1
    if self.checksum_type == "COMPOSITE":
        self.whole.add([Checksum(self.checksum_algorithm).add(part).digest()])
    else:
        self.whole.add(part)


@mend(MultipartChecksumBuilder)
def build(moto: Any, self: Any) -> tuple[str, str, int] | None:
    """None where this machine cannot compute the algorithm: no checksum is better than a wrong one."""
    if not self.whole.possible:
        return None
    return self.checksum_type, self.whole.text(), self.part_count if self.checksum_type == "COMPOSITE" else 1


@mend(responses)
def compute_checksum(moto: Any, body: bytes, algorithm: str, encode_base64: bool = True) -> bytes:
    """moto answers an algorithm that it cannot compute with another's value."""
    checksum = Checksum(algorithm).add([body])
    if not checksum.possible:
        return b""
    return checksum.text().encode() if encode_base64 else checksum.digest()
