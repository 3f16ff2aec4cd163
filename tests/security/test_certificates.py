"""A server whose certificate nobody vouches for gets no request, and so no key."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from pathlib import Path

import pytest
from aiohttp import web

from funcdex.endpoints.http import EndpointClient, open_transport
from funcdex.errors import NoConnection
from funcdex.settings.endpoint_spec import EndpointSpec


def self_signed(folder: Path) -> ssl.SSLContext:
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem", "-out", "cert.pem",
         "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"],
        cwd=folder, check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return context


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl to make a certificate")
async def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    asked: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.Response()

    app = web.Application()
    app.router.add_get("/health", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=self_signed(tmp_path)).start()
    try:
        async with open_transport() as transport:
            client = EndpointClient(
                EndpointSpec(url=f"https://localhost:{runner.addresses[0][1]}"), transport
            )
            with pytest.raises(NoConnection, match="certificate"):
                await client.get("/health", timeout_s=10)
    finally:
        await runner.cleanup()
    assert asked == []
