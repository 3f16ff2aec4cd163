"""A server whose certificate cannot be believed gets no request, and so no key; what is wrong is said."""

from __future__ import annotations

import shutil
import ssl
import subprocess
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest
from aiohttp import web
from endpoints.scripted_server import until
from pool.manual_clock import ManualClock
from pool.pool_tools import request

from funcdex.endpoints.facts import Refused
from funcdex.endpoints.http import EndpointClient, open_transport
from funcdex.errors import NoConnection, NoEndpointAvailable
from funcdex.pool.joining import ROUNDS, Candidate, probe_all
from funcdex.pool.pool import Pool
from funcdex.settings.endpoint_spec import EndpointSpec
from funcdex.settings.pool import PoolSettings

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl to make a certificate")

AUTHORITY = """
[ca]
default_ca = it
[it]
database = index.txt
new_certs_dir = .
serial = serial
default_md = sha256
policy = any
x509_extensions = names
[any]
commonName = supplied
[names]
basicConstraints = CA:TRUE
subjectAltName = DNS:{host}
[req]
distinguished_name = dn
[dn]
"""
PAST = ("20200101000000Z", "20200102000000Z")
NOW = ("20200101000000Z", "20491231000000Z")

# Whether the certificate is trusted, whom it is for, when, and what is to be said of it.
FAULTS = {
    "self-signed": (False, "localhost", NOW, "self-signed certificate"),
    "expired": (True, "localhost", PAST, "certificate has expired"),
    "of another host": (True, "elsewhere.test", NOW, "certificate is not valid for 'localhost'"),
}


def certificate(folder: Path, host: str, valid: tuple[str, str]) -> ssl.SSLContext:
    """Of a server, signed by itself: `cert.pem` in the folder."""
    (folder / "authority.cnf").write_text(AUTHORITY.format(host=host))
    (folder / "index.txt").touch()
    asking = (
        "req -new -newkey rsa:2048 -nodes -keyout key.pem -out asked.pem -subj /CN=x -config authority.cnf"
    )
    signing = "ca -batch -config authority.cnf -selfsign -keyfile key.pem -in asked.pem -out cert.pem -notext"
    dates = ["-startdate", valid[0], "-enddate", valid[1], "-rand_serial"]
    for arguments in (asking.split(), signing.split() + dates):
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return context


@asynccontextmanager
async def serving(context: ssl.SSLContext, asked: list[str]) -> AsyncIterator[EndpointSpec]:
    async def answer(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.Response()

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    try:
        yield EndpointSpec(url=f"https://localhost:{runner.addresses[0][1]}")
    finally:
        await runner.cleanup()


@pytest.fixture
def trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What lies in cert.pem when a connection is opened is trusted, and nothing else."""
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "cert.pem"))


@pytest.mark.usefixtures("trusted")
async def test_a_good_certificate_that_is_named_in_the_environment_is_believed(tmp_path: Path) -> None:
    asked: list[str] = []
    async with serving(certificate(tmp_path, "localhost", NOW), asked) as spec, open_transport() as transport:
        await EndpointClient(spec, transport).get("/health", timeout_s=10)
    assert asked == ["/health"]


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_certificate_that_cannot_be_believed_is_refused_with_what_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    trusts, host, valid, said = FAULTS[fault]
    context = certificate(tmp_path, host, valid)
    if trusts:
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "cert.pem"))
    asked: list[str] = []
    async with serving(context, asked) as spec, open_transport() as transport:
        with pytest.raises(NoConnection, match="certificate") as caught:
            await EndpointClient(spec, transport).get("/health", timeout_s=10)
    assert said in caught.value.what
    assert "SSL_CERT_FILE" in caught.value.fix
    assert asked == []


async def test_a_run_does_not_begin_with_such_an_endpoint_alone(tmp_path: Path) -> None:
    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    asked: list[str] = []
    async with serving(certificate(tmp_path, "localhost", NOW), asked) as spec, open_transport() as transport:
        with pytest.raises(NoEndpointAvailable, match="self-signed certificate"):
            await probe_all([spec], transport, timeout_s=10, now=time.monotonic, sleep=sleep)
    assert len(pauses) == ROUNDS - 1
    assert asked == []


async def test_a_request_waits_for_such_an_endpoint_no_longer_than_for_any_other(tmp_path: Path) -> None:
    asked: list[str] = []
    clock, settings = ManualClock(), PoolSettings(give_up_after_s=60, open_for_s=5)
    failed: list[NoEndpointAvailable] = []
    async with serving(certificate(tmp_path, "localhost", NOW), asked) as spec, open_transport() as transport:
        away = Candidate(EndpointClient(spec, transport), Refused(spec, "it was away", final=False))
        async with Pool([away], settings, clock=clock, sleep=clock.sleep, watching=False) as pool:

            async def ask() -> None:
                with pytest.raises(NoEndpointAvailable) as caught:
                    await pool.generate(request())
                failed.append(caught.value)

            with anyio.fail_after(30):
                async with anyio.create_task_group() as tg:
                    tg.start_soon(ask)
                    while not failed:
                        await until(lambda: bool(clock.sleeping or failed))
                        clock.advance(5.0)
    assert "self-signed certificate" in failed[0].where
    assert clock() - 1000.0 <= 60 + 2 * 5
    assert asked == []
