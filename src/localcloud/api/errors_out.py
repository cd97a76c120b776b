"""An error as the called service would send it, so that a stock client raises it under its code."""

import json
import re
import warnings
from collections.abc import Mapping

from moto.core.exceptions import ServiceException
from moto.core.model import OperationModel
from moto.core.serialize import SerializationContext, get_serializer_class
from moto.core.utils import get_service_model

from localcloud.api.call import ApiCall
from localcloud.api.well_known_errors import status_and_words

CODE_IN_XML = re.compile(r"<Code>([^<]*)</Code>")

# moto warns its developers of codes that a service's model lacks; here somebody asked for the code by name.
warnings.filterwarnings("ignore", message=r"Exception\(OrderedError\)")


class OrderedError(ServiceException):
    """An error that was asked for: by a fault, or by a part of localcloud."""


def error_response(
    call: ApiCall, code: str, message: str | None = None, status: int | None = None
) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of an error in the protocol of the call; AWS's own words unless others are given."""
    usual_status, usual_words = status_and_words(call, code)
    words = message or usual_words or f"localcloud was asked to answer {call.name} with {code}."
    # What moto cannot tell it treats as S3, and so a client of such a request reads S3's errors.
    model = call.model or get_service_model("s3")
    known = call.action in model.operation_names
    operation = model.operation_model(call.action) if known else OperationModel({}, model, call.action)
    protocol = call.protocol or ("rest-xml" if model.service_name == "s3" else "query")
    serializer = get_serializer_class(str(model.service_name), protocol)(
        operation_model=operation, context=SerializationContext(call.request_id)
    )
    answer = serializer.serialize(OrderedError(code, words))
    body = answer["body"].encode() if isinstance(answer["body"], str) else answer["body"]
    if call.method == "HEAD":
        body = b""  # HTTP allows none; clients then go by the status alone
    headers = {
        **answer["headers"],
        "x-amz-request-id" if call.service == "s3" else "x-amzn-RequestId": call.request_id,
        "Content-Length": str(len(body)),
    }
    return status or usual_status or answer["status_code"], headers, body


def error_code(status: int, headers: Mapping[str, str], body: bytes) -> str:
    """The error code that an answer carries, as a client would read it; empty for an answer that is no error."""
    if status < 400:
        return ""
    stated = {name.lower(): value for name, value in headers.items()}.get("x-amzn-errortype", "")
    text = body[:100_000].decode(errors="replace")
    if not stated and (found := CODE_IN_XML.search(text)):
        stated = found[1]
    if not stated and text.lstrip().startswith("{"):
        try:
            answer = json.loads(text)
        except ValueError:
            answer = {}
        stated = str(answer.get("__type") or answer.get("code") or "")
    # "com.amazonaws.ssm#ParameterNotFound:http://..." is ParameterNotFound.
    return stated.split("#")[-1].split(":")[0] or str(status)
