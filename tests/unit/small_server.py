"""A WSGI application on a loopback port, in a thread: so that a stock client, not a mock, is what judges it."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import boto3
from botocore.config import Config
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server

from localcloud.api.call import ApiCall, identify


@contextmanager
def serving(app: Callable[..., Any]) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=QuietHandler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class QuietHandler(MotoRequestHandler):
    def log(self, *args: Any) -> None:
        pass


def client(endpoint: str, service: str, region: str = "eu-west-1", **config: Any) -> Any:
    """One that tries once: a test asks what the first answer is."""
    return boto3.client(
        service,
        endpoint_url=endpoint,
        region_name=region,
        aws_access_key_id="AKIALOCALCLOUD",
        aws_secret_access_key="s3cret/with+signs",
        config=Config(retries={"total_max_attempts": 1}, **config),
    )


class Watched:
    """moto, and before it an ear that keeps every call that `identify` made out."""

    def __init__(self) -> None:
        self.moto = DomainDispatcherApplication(create_backend_app)
        self.calls: list[ApiCall] = []

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        self.calls.append(identify(environ))
        return self.moto(environ, start_response)

    @property
    def last(self) -> ApiCall:
        return self.calls[-1]
