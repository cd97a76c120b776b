"""An answer of EC2 tells the same request id in its body as in its header; moto's bodies all say "request-id"."""

from typing import Any

from moto.ec2.responses import EC2Response

from localcloud.mends.mend import mend


@mend(EC2Response)
def _enrich_response(moto: Any, self: Any, headers: dict[str, str], body: Any) -> tuple[dict[str, str], Any]:
    headers, body = moto(headers, body)
    return headers, body.replace(">request-id<", f">{headers['x-amzn-requestid']}<", 1)
