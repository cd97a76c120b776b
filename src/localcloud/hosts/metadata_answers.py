"""The metadata service's manners: tokens, refusals, listings. One request in, one answer out, nothing else touched."""

import base64
import hashlib
import hmac
import secrets
import struct
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import unquote, urlsplit

from localcloud.hosts.metadata_tree import MetadataView, Tree

# fmt: off
VERSIONS = (
    "1.0", "2007-01-19", "2007-03-01", "2007-08-29", "2007-10-10", "2007-12-15", "2008-02-01", "2008-09-01",
    "2009-04-04", "2011-01-01", "2011-05-01", "2012-01-12", "2014-02-25", "2014-11-05", "2015-10-20", "2016-04-19",
    "2016-06-30", "2016-09-02", "2018-03-28", "2018-08-17", "2018-09-24", "2019-10-01", "2020-10-27", "2021-01-03",
    "2021-03-23", "2021-07-15", "2022-09-24", "2024-04-11", "latest",
)
# fmt: on
TOKEN_PATH = "/latest/api/token"  # noqa: S105 - a path, no secret
TOKEN = "x-aws-ec2-metadata-token"  # noqa: S105 - a header's name
TTL = "x-aws-ec2-metadata-token-ttl-seconds"
LONGEST = 21600
# Signs the tokens. A restart makes them invalid; clients then are told 401 and ask for a new one, as on EC2.
_SECRET = secrets.token_bytes(32)
_SIGNATURE = 24


@dataclass(frozen=True)
class Response:
    """`ttl`: how many network hops the answer may travel; None for the usual number."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    ttl: int | None = None


def respond(
    method: str,
    path: str,
    headers: Mapping[str, str],
    view: MetadataView | None,
    clock: Callable[[], float] = time.time,
) -> Response:
    """Answer one request of the instance that `view` shows; None: nobody knows who asks."""
    asked = {name.lower(): value for name, value in headers.items()}
    path = unquote(urlsplit(path).path)
    if view is None:
        return _refusal(404)
    if not view.enabled:
        return _refusal(403)
    if method == "PUT" and path == TOKEN_PATH:
        return _new_token(asked, view, clock())
    if method not in ("GET", "HEAD") or path == TOKEN_PATH:
        return _refusal(405)
    token = asked.get(TOKEN)
    if token is None and view.tokens_required:
        return _refusal(401)
    if token is not None and not _valid(token, view, clock()):
        return _refusal(401)
    return _read(path, view)


def _read(path: str, view: MetadataView) -> Response:
    version, _, rest = path.lstrip("/").partition("/")
    if not version:
        return _text("\n".join(VERSIONS))
    if version not in VERSIONS:
        return _refusal(404)
    head, _, inner = rest.partition("/")
    if not head:
        return _text("\n".join(["dynamic", "meta-data", *(["user-data"] if view.user_data is not None else [])]))
    if head == "user-data" and not inner and view.user_data is not None:
        return Response(200, {"Content-Type": "application/octet-stream"}, view.user_data)
    trees = {"meta-data": view.meta_data, "dynamic": view.dynamic}
    found = _find(trees[head], inner) if head in trees else None
    return _refusal(404) if found is None else _text(found)


def _find(tree: Tree, path: str) -> str | None:
    """A value, or the listing of a folder (with or without a slash at the end); None where there is nothing."""
    here: Tree | str = tree
    for name in path.removesuffix("/").split("/") if path else ():
        if isinstance(here, str):
            return None
        if name in here:
            here = here[name]
            continue
        # A key pair is listed as 0=NAME and asked for as 0.
        numbered = [entry for key, entry in here.items() if not isinstance(entry, str) and key.startswith(f"{name}=")]
        if not numbered:
            return None
        here = numbered[0]
    if isinstance(here, str):
        return None if path.endswith("/") else here
    folders = {name for name, entry in here.items() if not isinstance(entry, str) and "=" not in name}
    return "\n".join(f"{name}/" if name in folders else name for name in sorted(here))


def _new_token(asked: Mapping[str, str], view: MetadataView, now: float) -> Response:
    if "x-forwarded-for" in asked:
        # A proxy that would let strangers fetch tokens announces itself with this header.
        return _refusal(403)
    wanted = asked.get(TTL, "").strip()
    if not (wanted.isascii() and wanted.isdigit() and len(wanted) < 6 and 1 <= int(wanted) <= LONGEST):
        return _refusal(400)
    end = struct.pack("!d", now + int(wanted))
    token = base64.urlsafe_b64encode(end + _signature(end, view)).decode()
    return Response(200, {"Content-Type": "text/plain", TTL: wanted}, token.encode(), ttl=view.hop_limit)


def _valid(token: str, view: MetadataView, now: float) -> bool:
    try:
        raw = base64.b64decode(token.encode(), altchars=b"-_", validate=True)
    except ValueError:
        return False
    end, signature = raw[:8], raw[8:]
    return hmac.compare_digest(signature, _signature(end, view)) and now < struct.unpack("!d", end)[0]


def _signature(end: bytes, view: MetadataView) -> bytes:
    return hmac.digest(_SECRET, end + view.instance_id.encode(), hashlib.sha256)[:_SIGNATURE]


def _text(text: str) -> Response:
    return Response(200, {"Content-Type": "text/plain"}, text.encode())


def _refusal(status: int) -> Response:
    title = f"{status} - {HTTPStatus(status).phrase}"
    page = f"<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>\n"
    return Response(status, {"Content-Type": "text/html"}, page.encode())
