"""The web application: which address shows what, and the thread that follows the files meanwhile."""

from __future__ import annotations

import contextlib
import secrets
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from typing import Any

import anyio.to_thread
import orjson
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from funcdex.errors import CheckpointError, FuncdexError
from funcdex.viewer.deciding import Unfit, decide, save_edit, withdraw_edit
from funcdex.viewer.following import Follower
from funcdex.viewer.guard import Guard, Refused, form_of
from funcdex.viewer.links import STATIC, LiveLinks
from funcdex.viewer.query import by_key, filters_of, neighbours
from funcdex.viewer.records import told_by
from funcdex.viewer.render import Pages
from funcdex.viewer.views import (
    View,
    compare_view,
    conversation_view,
    dashboard_view,
    edit_view,
    list_view,
    progress,
    row_review,
)


def application(view: View, follower: Follower, *, hosts: Collection[str], token: str = "") -> Starlette:
    """The viewer. `token`: what forms prove themselves by, a fresh one if empty."""
    token = token or secrets.token_urlsafe(32)
    looked = view.looked
    pages = Pages(LiveLinks(), title=looked.title, writable=looked.writable, token=token)
    pages.make_ready()
    site = _Viewer(view, pages, token)

    @contextlib.asynccontextmanager
    async def following(_: Starlette) -> AsyncIterator[None]:
        thread = threading.Thread(target=follower.run, name="funcdex-index", daemon=True)
        thread.start()
        try:
            yield
        finally:
            follower.stop()
            await anyio.to_thread.run_sync(thread.join)

    return Starlette(
        routes=[
            Route("/", site.list),
            Route("/live", site.live),
            Route("/conversation", site.conversation),
            Route("/raw", site.raw),
            Route("/compare", site.compare),
            Route("/dashboard", site.dashboard),
            Route("/edit", site.edit, methods=["GET", "POST"]),
            Route("/review", site.review, methods=["POST"]),
            Mount("/static", _Kept(directory=STATIC)),
        ],
        middleware=[Middleware(Guard, hosts=hosts)],
        exception_handlers={
            404: site.not_found,
            Refused: site.refused,
            Unfit: site.unfit,
            FuncdexError: site.fault,
            sqlite3.Error: site.fault,
        },
        lifespan=following,
    )


class _Kept(StaticFiles):
    """Files of the package, which a browser may keep: their addresses change with them."""

    def file_response(self, *arguments: Any, **more: Any) -> Response:
        response = super().file_response(*arguments, **more)
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response


class _Viewer:
    """The pages. What blocks is done in threads."""

    def __init__(self, view: View, pages: Pages, token: str) -> None:
        self._view, self._pages, self._token = view, pages, token

    async def list(self, request: Request) -> Response:
        query = request.query_params
        after, before = query.get("after", ""), query.get("before", "")
        return await self._page(
            "list.html", lambda: list_view(self._view, filters_of(query), after=after, before=before)
        )

    async def live(self, request: Request) -> Response:
        """How many have come since the page was made: a part of a page, asked again and again."""
        seen = request.query_params.get("seen", "0")
        told = await anyio.to_thread.run_sync(lambda: progress(self._view))
        told |= {
            "seen": int(seen) if seen.isdigit() and len(seen) < 15 else 0,
            "filters": filters_of(request.query_params),
            "running": await anyio.to_thread.run_sync(lambda: self._view.looked.running),
            "apart": True,
        }
        return HTMLResponse(self._pages.render("live.html", told))

    async def conversation(self, request: Request) -> Response:
        query = request.query_params
        filters, version = filters_of(query), query.get("version", "")
        return await self._page(
            "conversation.html", lambda: conversation_view(self._view, self._row(query), filters, version)
        )

    async def raw(self, request: Request) -> Response:
        def record() -> bytes:
            told = told_by(self._view.index, self._view.looked, self._row(request.query_params))
            try:
                return orjson.dumps(told.record, option=orjson.OPT_INDENT_2)
            except TypeError as error:
                raise CheckpointError(
                    f"the record cannot be written as JSON: {error}",
                    where="the record",
                    fix="Look into the file.",
                ) from error

        return Response(await anyio.to_thread.run_sync(record), media_type="application/json")

    async def compare(self, request: Request) -> Response:
        query = request.query_params
        sides = [(query.get(side, ""), query.get(f"{side}_version", "")) for side in ("left", "right")]
        return await self._page("compare.html", lambda: compare_view(self._view, sides))

    async def dashboard(self, request: Request) -> Response:
        """Asked for again and again while a run goes on; what was `seen` need not be drawn again."""
        told = await anyio.to_thread.run_sync(lambda: dashboard_view(self._view))
        if request.query_params.get("seen") == told["version"]:
            return Response(status_code=204)
        return await self._page("dashboard.html", lambda: told)

    async def edit(self, request: Request) -> Response:
        self._refuse_read_only()
        query = request.query_params
        if request.method == "GET":
            return await self._page("edit.html", lambda: edit_view(self._view, self._row(query)))
        form = await form_of(request, self._token)
        text, action = form.get("text", "").replace("\r\n", "\n"), form.get("action", "check")

        def carried_out() -> bool:
            row = self._row(query)
            if action == "withdraw":
                withdraw_edit(self._view, row)
            return action == "withdraw" or (
                action in ("save", "save_anyway")
                and save_edit(self._view, row, text, despite_faults=action == "save_anyway")
            )

        if await anyio.to_thread.run_sync(carried_out):
            return RedirectResponse(LiveLinks().conversation(await self._row_off_loop(query)), 303)
        return await self._page("edit.html", lambda: edit_view(self._view, self._row(query), text))

    async def review(self, request: Request) -> Response:
        self._refuse_read_only()
        form = await form_of(request, self._token)
        query = request.query_params

        def decided() -> dict[str, Any]:
            decide(self._view, self._row(query), form.get("action", ""), form.get("note", ""))
            row = self._row(query)
            filters = filters_of(query)
            after = neighbours(self._view.index, filters, row)[1]
            return {"row": row, "review": row_review(self._view, row), "filters": filters, "after": after}

        told = await anyio.to_thread.run_sync(decided)
        if "hx-request" not in request.headers:
            return RedirectResponse(LiveLinks().conversation(told["row"], told["filters"]), 303)
        in_list = request.headers.get("hx-target", "").startswith("row-")
        return HTMLResponse(self._pages.render("row.html" if in_list else "review.html", told))

    def _row(self, query: Mapping[str, str]) -> sqlite3.Row:
        row = by_key(self._view.index, query.get("key", ""))
        if row is None:
            raise Refused(404, "There is no conversation of this name, or it has not been read yet.")
        return row

    async def _row_off_loop(self, query: Mapping[str, str]) -> sqlite3.Row:
        return await anyio.to_thread.run_sync(lambda: self._row(query))

    def _refuse_read_only(self) -> None:
        if not self._view.looked.writable:
            raise Refused(403, "The viewer was started to look only, or the folder cannot be written.")

    async def _page(self, template: str, told: Callable[[], Mapping[str, Any]]) -> Response:
        return HTMLResponse(await anyio.to_thread.run_sync(lambda: self._pages.render(template, told())))

    async def not_found(self, request: Request, _: Exception) -> Response:
        return self._said(request, 404, "There is no such page.")

    async def refused(self, request: Request, error: Exception) -> Response:
        return self._said(request, getattr(error, "status", 400), str(error))

    async def unfit(self, request: Request, error: Exception) -> Response:
        return self._said(request, 422, str(error))

    async def fault(self, request: Request, error: Exception) -> Response:
        return self._said(request, 503, str(error))

    def _said(self, request: Request, status: int, why: str) -> Response:
        told = {"status": status, "why": why, "running": False}
        if "hx-request" in request.headers:
            # The page stays as it is; the message is put where messages go.
            headers = {"HX-Retarget": "#message", "HX-Reswap": "innerHTML"}
            return HTMLResponse(self._pages.render("message.html", told), status, headers)
        return HTMLResponse(self._pages.render("error.html", told), status)
