"""What the command asks of the running server, beside the AWS API: /_localcloud/…, with the token of server.json."""

import hmac
import json
from collections.abc import Callable, Iterable
from typing import Any

from localcloud.errors import LocalCloudError

Route = Callable[[dict[str, Any]], Any]


class Control:
    """`routes` maps "POST faults" to a function of the request's JSON; what it returns is answered as JSON."""

    def __init__(self, token: str, routes: dict[str, Route], checkip: str) -> None:
        self._token = token
        self._routes = routes
        self._checkip = checkip

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        path = environ["PATH_INFO"].removeprefix("/_localcloud/")
        if path == "checkip":
            # Like AWS's own service of that name: the caller's address, as instances see it.
            start_response("200 OK", [("Content-Type", "text/plain")])
            return [f"{self._checkip}\n".encode()]
        status, answer = self._answer(environ, path)
        start_response(status, [("Content-Type", "application/json")])
        return [json.dumps(answer, default=str).encode()]

    def _answer(self, environ: dict[str, Any], path: str) -> tuple[str, Any]:
        if not hmac.compare_digest(environ.get("HTTP_X_LOCALCLOUD_TOKEN", ""), self._token):
            return "403 Forbidden", {"error": "The token of server.json is missing or another's."}
        route = self._routes.get(f"{environ['REQUEST_METHOD']} {path}")
        if route is None:
            return "404 Not Found", {"error": f"There is no {environ['REQUEST_METHOD']} {path}."}
        length = int(environ.get("CONTENT_LENGTH") or 0)
        try:
            return "200 OK", route(json.loads(environ["wsgi.input"].read(length) or b"{}"))
        except LocalCloudError as error:
            return "400 Bad Request", {"error": str(error), "status": error.exit_status}
