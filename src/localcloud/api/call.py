"""What a request is: which service and action it asks for, by whom, with which parameters.

moto decides the same while it answers, too late for a fault and out of reach of a log. So its own routers and request
parsers are asked beforehand, with a copy of the request: moto still finds the body unread.
"""

import base64
import gzip
import io
import re
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Any
from urllib.parse import parse_qs

from botocore.exceptions import UnknownServiceError
from moto.core.model import ServiceModel
from moto.core.parse import PROTOCOL_PARSERS, RequestParserError
from moto.core.request import EnvironHeaders, Request, determine_request_protocol
from moto.core.responses import boto3_service_name
from moto.core.routing import get_service_router
from moto.core.utils import get_service_model, service_name_from_moto_package_name
from moto.moto_server.werkzeug_app import (
    DEFAULT_SERVICE_REGION,
    DomainDispatcherApplication,
    create_backend_app,
)
from werkzeug.exceptions import NotFound

from localcloud.api.dispatching import FORM, peek
from localcloud.api.permissions import permissions

# Signature version 4 (with a region) and 4A (without one), in the Authorization header.
SCOPE = re.compile(r"Credential=([^/,\s]+)/\d+/(?:([^/,\s]+)/)?([^/,\s]+)/aws4_request")
# What the parsers raise when a request's words do not fit its model.
UNREADABLE = (RequestParserError, ValueError, TypeError, LookupError, AttributeError, SyntaxError, OSError, EOFError)

_dispatcher = DomainDispatcherApplication(create_backend_app)


@dataclass(frozen=True)
class ApiCall:
    """One request. `parameters` carry botocore's names ("InstanceType"), nested, as plain JSON values."""

    service: str
    action: str
    region: str
    access_key: str
    parameters: dict[str, Any]
    method: str = "POST"
    model_name: str = ""  # botocore's name where it differs: "servicequotas" is signed for, "service-quotas" its model
    protocol: str = ""
    unread: str = ""  # why the parameters could not be read; they are then as sent
    time: datetime = field(default_factory=lambda: datetime.now(UTC))
    request_id: str = field(default_factory=lambda: str(uuid.uuid4()))

    @property
    def name(self) -> str:
        return f"{self.service}.{self.action}"

    @property
    def iam_action(self) -> str:
        """The permission that the action itself needs: "ec2:RunInstances", "s3:ListBucket"."""
        return self.iam_actions[0]

    @property
    def iam_actions(self) -> list[str]:
        """All permissions that the request needs: a tagged RunInstances also needs "ec2:CreateTags"."""
        return permissions(self.service, self.action, self.parameters)

    @property
    def model(self) -> ServiceModel | None:
        return service_model(self.model_name) if self.model_name else None


@dataclass(frozen=True)
class _Credential:
    access_key: str
    region: str
    service: str


def identify(environ: dict[str, Any]) -> ApiCall:
    """Tell what a WSGI request asks for. Its body can still be read; an S3 body is not touched, it may be large."""
    method = str(environ.get("REQUEST_METHOD", "GET"))
    path = str(environ.get("PATH_INFO", ""))
    credential = _credential(environ)
    access_key = credential.access_key if credential else _old_access_key(environ)
    if path.startswith(("/moto-api", "/latest/meta-data/", "/latest/api/")) or path == "/favicon.ico":
        # moto's own pages: no AWS API, so no model, no permission and no fault.
        return ApiCall("moto", path, DEFAULT_SERVICE_REGION[1], access_key, {}, method=method)
    service, region, model_name = _service(environ, credential, path)
    body = b"" if service == "s3" else peek(environ)
    request = Request({**environ, "wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))})
    request.headers = EnvironHeaders(environ)  # the length, too, as it was told
    action, uri_parameters = _action(model_name, request)
    parameters, protocol, unread = _parameters(model_name, action, request, body, uri_parameters)
    return ApiCall(service, action, region, access_key, parameters, method, model_name, protocol, unread)


@cache
def service_model(name: str) -> ServiceModel | None:
    """The model of a service under botocore's name, or under the name it signs for; None where there is none."""
    for candidate in (name, service_name_from_moto_package_name(name.replace("-", ""))):
        try:
            return get_service_model(candidate)
        except UnknownServiceError:
            continue
    return None


def _credential(environ: dict[str, Any]) -> _Credential | None:
    stated = SCOPE.search(environ.get("HTTP_AUTHORIZATION", ""))
    if not stated:
        # A presigned URL carries the same words in its query.
        presigned = parse_qs(environ.get("QUERY_STRING", "")).get("X-Amz-Credential", [""])[0]
        stated = SCOPE.search(f"Credential={presigned}")
    if not stated:
        return None
    return _Credential(stated[1], stated[2] or DEFAULT_SERVICE_REGION[1], stated[3].lower())


def _old_access_key(environ: dict[str, Any]) -> str:
    """The access key of a request signed the old way (signature version 2), which some S3 clients still do."""
    stated = re.match(r"AWS ([^:\s]+):", environ.get("HTTP_AUTHORIZATION", ""))
    return stated[1] if stated else parse_qs(environ.get("QUERY_STRING", "")).get("AWSAccessKeyId", [""])[0]


def _service(environ: dict[str, Any], credential: _Credential | None, path: str) -> tuple[str, str, str]:
    """Service, region and botocore's name of the service, as moto's own dispatcher decides them."""
    asked = dict(environ)
    if credential:
        scope = f"{credential.access_key}/0/{credential.region}/{credential.service}/aws4_request"
        asked["HTTP_AUTHORIZATION"] = f"AWS4-HMAC-SHA256 Credential={scope},"
    elif environ.get("CONTENT_TYPE", "").startswith(FORM):
        asked["wsgi.input"] = io.BytesIO(peek(environ))
    try:
        host = _dispatcher.infer_service_region_host(asked, path)
    except (LookupError, ValueError):
        # Without the header that its service demands; moto will refuse the request, the log should still name it.
        host = f"{credential.service}.{credential.region}.amazonaws.com" if credential else None
    if host is None:
        host = ".".join(DEFAULT_SERVICE_REGION) + ".amazonaws.com"
    if credential:
        service, region = credential.service, credential.region
    else:
        service, region = (*host.split("."), DEFAULT_SERVICE_REGION[1])[:2]
    return service, region, _model_name(host, service)


@cache
def _model_name(host: str, service: str) -> str:
    backend = _dispatcher.get_backend_for_host(host)
    package = boto3_service_name.get(str(backend), str(backend or service)).removesuffix("bucket_path")
    for name in (service_name_from_moto_package_name(package), service):
        if service_model(name):
            return name
    return ""


def _action(model_name: str, request: Request) -> tuple[str, dict[str, Any]]:
    try:
        operation, uri_parameters = get_service_router(model_name).match(request)
    except (NotFound, NotImplementedError, UnknownServiceError):
        # No action of the model: as the request itself names it, so that the log shows what was tried.
        stated = request.values.get("Action") or request.headers.get("X-Amz-Target", "").split(".")[-1]
        return str(stated), {}
    return str(operation.name), uri_parameters


def _parameters(
    model_name: str, action: str, request: Request, body: bytes, uri_parameters: dict[str, Any]
) -> tuple[dict[str, Any], str, str]:
    """The parameters, the protocol they came in, and why they could not be read, if so."""
    as_sent = {
        key: value
        for key, value in request.values.items()
        if key not in ("Action", "Version") and not key.startswith("X-Amz-")
    }
    model = service_model(model_name)
    if model is None:
        return as_sent, "", "no model of this service"
    try:
        protocol = determine_request_protocol(model, request.content_type)
    except NotImplementedError as error:
        return as_sent, "", str(error)
    if action not in model.operation_names:
        return as_sent, protocol, "no model of this action"
    try:
        if request.headers.get("Content-Encoding") == "gzip" and body:
            body = gzip.decompress(body)
        read = PROTOCOL_PARSERS[protocol](model.operation_model(action)).parse(
            {
                "method": request.method,
                "values": request.values,
                "headers": request.headers,
                "body": body,
                "url_path": request.path,
                "url_params": uri_parameters,
            }
        )
    except UNREADABLE as error:
        return as_sent, protocol, f"{type(error).__name__}: {error}"
    plain: dict[str, Any] = _plain(read)
    return plain, protocol, ""


def _plain(value: Any) -> Any:
    """The same as JSON knows it, without what is empty; bytes as text where they are text."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items() if item is not None and item != {}}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            return base64.b64encode(value).decode()
    return value
