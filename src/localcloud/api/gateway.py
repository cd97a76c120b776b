"""One request's way: who asks what → a fault? → moto, one at a time → kept on disk → logged → answered."""

import logging
import socket
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

from localcloud.api.call import ApiCall, identify
from localcloud.api.errors_out import error_response
from localcloud.api.faults import Fault, Faults
from localcloud.api.requestlog import RequestLog
from localcloud.errors import LocalCloudError
from localcloud.mends.ec2 import visibility
from localcloud.store import Store, changes

log = logging.getLogger("localcloud")
StartResponse = Callable[..., Any]


@dataclass
class Answer:
    status: str = "500 Internal Server Error"
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: Iterable[bytes] = ()

    @property
    def code(self) -> int:
        return int(self.status.split()[0])


class Gateway:
    """The WSGI application that clients talk to."""

    def __init__(
        self,
        lock: threading.RLock,
        store: Store,
        faults: Faults,
        keep_faults: Callable[[], None],
        requests: RequestLog,
        after_change: Callable[[], None],
        control: Callable[[dict[str, Any], StartResponse], Iterable[bytes]],
    ) -> None:
        self._moto = DomainDispatcherApplication(create_backend_app)
        # Objects' bytes come and go at their own pace; they must not hold up the rest.
        self._locks = {"s3": threading.RLock()}
        self._lock = lock
        self._store = store
        self._faults = faults
        self._keep_faults = keep_faults
        self._requests = requests
        self._after_change = after_change
        self._control = control

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        try:
            return self._answer(environ, start_response)
        except ConnectionAbortedError:
            raise
        except Exception:  # whatever it is, the client gets an answer and the log the story
            log.exception("%s %s failed", environ["REQUEST_METHOD"], environ["PATH_INFO"])
            start_response("500 Internal Server Error", [("Content-Type", "text/plain")])
            return [b"localcloud itself failed; `localcloud logs` has the whole story.\n"]

    def _answer(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        if environ["PATH_INFO"].startswith("/_localcloud/"):
            return self._control(environ, start_response)
        call = identify(environ)
        if call.service == "moto":
            # moto's own pages: one of them forgets everything, and any page in a browser here could ask for it.
            start_response("404 Not Found", [("Content-Type", "text/plain")])
            return [b"This is no API of AWS.\n"]
        try:
            answer, faults = self._answer_call(call, environ)
        except LocalCloudError as error:
            # A full disk, say: nothing that was not kept is told as done.
            log.exception("%s.%s", call.service, call.action)
            answer, faults = self._error(call, "InternalError", str(error), 500), []
            self._requests.write(call, answer.code, answer.headers, answer.body, 0)
        if any(fault.drop for fault in faults):
            # Carried out, but the client never hears of it: the line goes dead.
            environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
            raise ConnectionAbortedError("a fault dropped the answer")
        start_response(answer.status, answer.headers)
        return answer.body

    def _answer_call(self, call: ApiCall, environ: dict[str, Any]) -> tuple[Answer, list[Fault]]:
        began = time.monotonic()
        faults = self._faults.for_call(call)
        for fault in faults:
            if fault.delay:
                time.sleep(fault.delay)
        refusal = next((fault for fault in faults if fault.error), None)
        if refusal:
            answer = self._error(call, refusal.error or "", refusal.message, refusal.status)
        else:
            hide = max((fault.hide or 0 for fault in faults), default=0)
            answer = self._carry_out(call, environ, hide)
        self._keep_faults()
        self._requests.write(call, answer.code, answer.headers, answer.body, time.monotonic() - began, faults)
        return answer, faults

    def _carry_out(self, call: ApiCall, environ: dict[str, Any], hide: float) -> Answer:
        changing = changes(call.action)
        with self._locks.get(call.service, self._lock):
            answer = self._ask_moto(call, environ, hide)
            services = self._store.newcomers()
            if changing:
                services.add(call.service)
            self._store.save(services)
        if changing and call.service == "ec2":
            self._after_change()
        return answer

    def _ask_moto(self, call: ApiCall, environ: dict[str, Any], hide: float) -> Answer:
        answer = Answer()

        def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> None:
            answer.status, answer.headers = status, headers

        try:
            with visibility.hiding(hide):
                answer.body = self._moto(environ, start_response)
                if call.service != "s3" or answer.code >= 400:
                    answer.body = list(answer.body)  # an S3 object is read while it is sent, never as a whole
        except NotImplementedError as error:
            log.warning("%s.%s: %s", call.service, call.action, error)
            why = f"localcloud does not do {call.service}:{call.action} ({error})."
            return self._error(call, "InvalidAction", why, 400)
        except Exception:  # a fault of moto's or ours: an InternalError in the client's own terms
            log.exception("%s.%s failed; parameters: %s", call.service, call.action, sorted(call.parameters))
            why = f"localcloud itself failed at {call.service}:{call.action}; `localcloud logs` has the whole story."
            return self._error(call, "InternalError", why, 500)
        return answer

    def _error(self, call: ApiCall, code: str, message: str | None, status: int | None) -> Answer:
        number, headers, body = error_response(call, code, message, status)
        return Answer(f"{number} {code}", list(headers.items()), [body])
