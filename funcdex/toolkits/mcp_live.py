"""The tools of a running MCP server, over stdio or streamable HTTP, with the protocol's own SDK.

The server is started (or called), asked for `tools/list` page by page, and left. No tool is called.
"""

from __future__ import annotations

import os
import re
import shlex
from contextlib import AbstractAsyncContextManager
from typing import Any
from urllib.parse import urlsplit

from funcdex.errors import ToolDefinitionError
from funcdex.toolkits.fetch import is_url
from funcdex.toolkits.names import toolkit_name_from
from funcdex.toolkits.notes import Notebook
from funcdex.toolkits.place import Place
from funcdex.toolkits.schema_tools import tools_of
from funcdex.types.tools import Toolkit

TIMEOUT_S = 60.0
MOST_PAGES = 1000
_COMMON_WORDS = re.compile(r"(?i)\b(?:mcp|servers?)\b|[._-]+")


def toolkit_of_mcp(target: str, notebook: Notebook) -> Toolkit:
    """The toolkit of one server: a command line, or the URL of its endpoint. Raises ToolDefinitionError."""
    import anyio

    try:
        listed, name, text = anyio.run(_listed, target)
    except ToolDefinitionError:
        raise
    except TimeoutError as error:
        raise _refusal(target, f"it does not answer within {TIMEOUT_S:.0f} s") from error
    except Exception as error:  # what servers and transports raise has no common base
        raise _refusal(target, _first_cause(error)) from error
    toolkit = toolkit_name_from(" ".join(_COMMON_WORDS.sub(" ", name).split())) or "mcp"
    (made,) = tools_of(listed, toolkit, text, Place(_shown(target)).at("tools"), notebook)
    return made


async def _listed(target: str) -> tuple[list[dict[str, Any]], str, str]:
    """All tools as JSON, the server's name, and what it says of itself."""
    import anyio

    session_class = _sdk().ClientSession
    with anyio.fail_after(TIMEOUT_S):
        async with _transport(target) as streams, session_class(streams[0], streams[1]) as session:
            hello = _json(await session.initialize())
            tools: list[dict[str, Any]] = []
            cursor: str | None = None
            for _ in range(MOST_PAGES):
                page = _json(await _page(session, cursor))
                tools.extend(page["tools"])
                cursor = page.get("nextCursor")
                if not cursor:
                    break
    info = hello.get("serverInfo") or {}
    return tools, str(info.get("name") or ""), str(hello.get("instructions") or info.get("title") or "")


async def _page(session: Any, cursor: str | None) -> Any:
    if cursor is None:
        return await session.list_tools()
    from mcp.types import PaginatedRequestParams

    return await session.list_tools(params=PaginatedRequestParams(cursor=cursor))


def _transport(target: str) -> AbstractAsyncContextManager[Any]:
    sdk = _sdk()
    if is_url(target):
        from mcp.client import streamable_http

        # Version 1 of the SDK spelt it otherwise.
        name = (
            "streamable_http_client"
            if hasattr(streamable_http, "streamable_http_client")
            else "streamablehttp_client"
        )
        client: AbstractAsyncContextManager[Any] = getattr(streamable_http, name)(target)
        return client
    try:
        words = shlex.split(target)
    except ValueError as error:
        raise _refusal(target, f"the command cannot be split into words: {error}") from error
    if not words:
        raise _refusal(target, "the command is empty")
    parameters = sdk.StdioServerParameters(command=words[0], args=words[1:], env=dict(os.environ))
    stdio: AbstractAsyncContextManager[Any] = sdk.stdio_client(parameters)
    return stdio


def _sdk() -> Any:
    try:
        import mcp
    except ImportError as error:
        what = "MCP servers are spoken to with the package `mcp`, which is not installed"
        fix = "Install it: pip install 'funcdex[mcp]'."
        raise ToolDefinitionError(what, where="--mcp", fix=fix) from error
    return mcp


def _json(result: Any) -> dict[str, Any]:
    made: dict[str, Any] = result.model_dump(mode="json", by_alias=True, exclude_none=True)
    return made


def _first_cause(error: BaseException) -> str:
    """The innermost error of groups of them, in one line."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return f"{type(error).__name__}: {error}".splitlines()[0]


def _refusal(target: str, what: str) -> ToolDefinitionError:
    fix = "Try the command by itself, or correct the URL (it ends in /mcp, as a rule)."
    return ToolDefinitionError(f"the MCP server gives no tools: {what}", where=_shown(target), fix=fix)


def _shown(target: str) -> str:
    """Without what may be a secret: of a URL its query and user, of a command its arguments."""
    if not is_url(target):
        return target.split()[0] if target.split() else "--mcp"
    parts = urlsplit(target)
    return f"{parts.scheme}://{parts.hostname}{parts.path}"
