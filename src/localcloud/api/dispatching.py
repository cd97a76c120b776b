"""A mend of moto's dispatcher: it looks into forms for an action, and must leave them as they came."""

import io
from typing import Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication
from werkzeug.wsgi import get_input_stream

from localcloud.mends.mend import mend

FORM = "application/x-www-form-urlencoded"


def peek(environ: dict[str, Any]) -> bytes:
    """The request's body, which can be read again."""
    data = get_input_stream(environ).read()
    environ["wsgi.input"] = io.BytesIO(data)
    return data


@mend(DomainDispatcherApplication)
def _get_body(moto: Any, self: Any, environ: dict[str, Any]) -> str | None:
    """moto reads a form as text, and what is none it drops: an upload to a presigned URL, which curl and urllib call a
    form, would then be waited for until the client gives up."""
    if not environ.get("CONTENT_TYPE", "").startswith(FORM):
        return None
    data = peek(environ)
    text: str | None = moto(self, environ)
    environ["wsgi.input"] = io.BytesIO(data)
    return text
