"""Real servers as session fixtures: each is started once, when the first test asks for it; skipped where it
is not built."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from live import servers
from live.gbnf_judge import PART, GbnfJudge, gbnf_judge

HERE = Path(__file__).parent


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder is `live`, so that no plain run starts a server by accident."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.live)


def skip_unless_built(kind: servers.Kind) -> None:
    reason = servers.why_not_built(kind)
    if reason:
        pytest.skip(f"{kind}: {reason}")


@pytest.fixture(scope="session")
def vllm_server() -> Iterator[servers.LiveServer]:
    skip_unless_built("vllm")
    with servers.vllm(flags=servers.VLLM_READS_CALLS) as server:
        yield server


@pytest.fixture(scope="session")
def llamacpp_server() -> Iterator[servers.LiveServer]:
    skip_unless_built("llamacpp")
    with servers.llamacpp() as server:
        yield server


@pytest.fixture(scope="session")
def vllm_url(vllm_server: servers.LiveServer) -> str:
    return vllm_server.base_url


@pytest.fixture(scope="session")
def llamacpp_url(llamacpp_server: servers.LiveServer) -> str:
    return llamacpp_server.base_url


@pytest.fixture(scope="session")
def llamacpp_judge() -> Iterator[GbnfJudge]:
    if not PART.is_built():
        pytest.skip(
            "gbnf-judge: not built in .live; `make live` builds it, .live/gbnf-judge.log says why not"
        )
    with gbnf_judge() as judge:
        yield judge


@pytest.fixture(params=["vllm", "llamacpp"])
def any_server(request: pytest.FixtureRequest) -> servers.LiveServer:
    """Each of the two in turn."""
    server: servers.LiveServer = request.getfixturevalue(f"{request.param}_server")
    return server
