"""What keeps other pages, and what stands in conversations, away from the viewer.

- Only requests for this machine's own names are answered: a page that has its own name resolved to 127.0.0.1
  (DNS rebinding) sends that name as `Host`.
- What changes anything carries a token that only the viewer's pages know, and does not come from elsewhere.
- Nothing runs or loads in the pages but the viewer's own files; there are no scripts and styles in them.
"""

from __future__ import annotations

import hmac
import ipaddress
import socket
from collections.abc import Collection, Mapping
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MOST_BODY_BYTES = 12 * 2**20
CONTENT_SECURITY_POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; object-src 'none'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class Refused(Exception):
    """A request that is not served: its status, and why."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


class Guard:
    """Middleware around the viewer. `hosts` are names it is reached by; addresses in digits always are."""

    def __init__(self, app: ASGIApp, hosts: Collection[str]) -> None:
        self._app = app
        self._hosts = frozenset(name.lower() for name in hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers[name] = value
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        if why := self._objection(scope["method"], Headers(scope=scope)):
            await PlainTextResponse(f"{why}\n", 403)(scope, receive, send_guarded)
            return
        await self._app(scope, receive, send_guarded)

    def _objection(self, method: str, headers: Mapping[str, str]) -> str:
        host = headers.get("host", "")
        if not self._is_ours(host):
            return "This address is not the viewer's. Open the one that `funcdex inspect` printed."
        if method in ("GET", "HEAD"):
            return ""
        origin, site = headers.get("origin"), headers.get("sec-fetch-site")
        if origin is not None and origin.lower() != f"http://{host.lower()}":
            return "The request comes from another page."
        if site not in (None, "same-origin", "none"):
            return "The request comes from another page."
        return ""

    def _is_ours(self, host: str) -> bool:
        name = _name_of(host)
        if name in self._hosts:
            return True
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return True


def own_names(host: str) -> set[str]:
    """The names a server at this host is reached by, beside addresses."""
    names = {"localhost", host.lower()}
    return names if host in ("127.0.0.1", "localhost", "::1") else names | {socket.gethostname().lower()}


async def form_of(request: Request, token: str) -> Mapping[str, str]:
    """The fields of a form that was sent with the right token. Raises Refused."""
    length = request.headers.get("content-length", "0")
    if not length.isdigit() or int(length) > MOST_BODY_BYTES:
        raise Refused(413, "The text is too long.")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_BODY_BYTES:
            raise Refused(413, "The text is too long.")
    try:
        fields = parse_qs(body.decode(), keep_blank_values=True, max_num_fields=20)
    except ValueError as error:
        raise Refused(400, "The form cannot be read.") from error
    told = {name: values[-1] for name, values in fields.items()}
    if not hmac.compare_digest(told.get("token", "").encode(), token.encode()):
        raise Refused(403, "This page is of another session of the viewer. Load it again.")
    return told


def _name_of(host: str) -> str:
    """The host without its port, and an IPv6 address without its brackets."""
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.partition(":")[0].lower()
