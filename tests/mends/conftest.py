"""moto with every mend applied, in this process: no hosts, no localcloud server."""

import gc
import os
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto.core.base_backend import BackendDict
from moto.moto_server.threaded_moto_server import ThreadedMotoServer

from localcloud import mends

REGION = "us-east-1"


@pytest.fixture(scope="session")
def endpoint() -> Iterator[str]:
    mends.install()
    gc.freeze()  # moto's hundred thousand things stay: they need not be looked through for garbage after each test
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def aws(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """aws("ec2"): a boto3 client of the mended moto, which starts empty for every test."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "localcloud")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "localcloud")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    os.environ.pop("AWS_PROFILE", None)
    BackendDict.reset()
    yield lambda service, region=REGION: boto3.client(service, region_name=region)
    BackendDict.reset()
