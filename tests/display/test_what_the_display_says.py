"""What people see of a run, on a terminal and in a file."""

from __future__ import annotations

from io import StringIO
from typing import Any

from endpoints.scripted_server import ScriptedServer, serving
from hypothesis import given, settings
from hypothesis import strategies as st
from pool.pool_tools import pool_over
from rich.console import Console, RenderableType
from snapshots import endpoint, moment

from funcdex.cli.summary import status_line, status_text
from funcdex.display.view import MOST_ENDPOINTS, plain_line, view
from funcdex.pool.events import PoolSnapshot
from funcdex.rundir.replay import Tokens
from funcdex.rundir.status import RunStatus
from funcdex.snapshot import RunSnapshot
from funcdex.types.record import STAGES

HOSTILE = st.text(
    st.one_of(
        st.sampled_from("\x1b\x07\r\x00\x9b\u202e\u2028\ud800[]\\/"), st.characters(), st.sampled_from("ab[")
    ),
    max_size=30,
) | st.sampled_from(["\x1b[31mred", "[bold red]x[/]", "[/]", "a[link=http://b]c", "\x1b]0;title\x07", "\n\n"])


def drawn(what: RenderableType, width: int = 200) -> str:
    console = Console(file=StringIO(), width=width, color_system=None)
    console.print(what)
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def row_of(url: str, run: RunSnapshot) -> list[str]:
    return next(line.split() for line in drawn(view(run)).splitlines() if line.startswith(url))


async def test_an_endpoint_that_is_out_is_shown_with_the_reason() -> None:
    honest, lying = ScriptedServer(), ScriptedServer(enforces=False, text="\x1b[31mHi [b]")
    async with serving(honest, lying), pool_over(honest, lying) as running:
        run = moment(pool=running.pool.snapshot())
    rows = {f"http://{line.split()[0]}": line for line in drawn(view(run)).splitlines()}
    assert rows[honest.url].split()[-1] == "ready"
    assert " refused: it ignores the grammar" in rows[lying.url]
    assert f"{lying.url} refused" in plain_line(run) and honest.url not in plain_line(run)


def test_the_funnel_has_every_figure_of_the_run() -> None:
    run = moment(
        endpoint(in_flight=3, waiting_there=2, tokens_per_s=41.6, completed=5, failed={"timed_out": 1}),
        accepted=2,
        rejected={"markup": 1, "low_score": 3},
        live={"conversation": 7},
        settled_per_s=0.5,
        tokens={"m": Tokens(1200, 340, 0), "n": Tokens(1, 1, 0)},
        cost=1.234,
    )
    text = drawn(view(run))
    assert "6 of 10 settled, 60 %" in text and "30.0 settled/min" in text and "8 s left" in text
    assert "rejected: low_score 3, markup 1" in text
    assert "1,201 prompt and 341 completion tokens, cost 1.23" in text
    assert row_of("a:1", run)[1:] == "3 8 2 42 5 1 ready".split()
    assert "failed requests: timed_out 1" in text and "endpoint (m)" in text
    line = "6/10 settled, 2 accepted, 4 rejected (low_score 3, markup 1), 3 in flight, 42 tokens/s, 8 s left"
    assert plain_line(run) == line


def test_time_left_is_not_made_up_before_anything_has_settled() -> None:
    run = moment(stages_done=40, elapsed_s=100.0)
    assert run.left_s is None
    assert "time left not known yet" in drawn(view(run)) and "left" not in plain_line(run)


def test_an_endpoint_that_does_not_tell_how_many_wait_shows_so() -> None:
    assert row_of("a:1", moment(endpoint(waiting_there=None)))[3] == "-"
    assert row_of("a:1", moment(endpoint(waiting_there=0)))[3] == "0"


def test_a_narrow_terminal_cuts_names_and_no_figure() -> None:
    busy: dict[str, Any] = {"in_flight": 128, "limit": 256, "waiting_there": 17, "tokens_per_s": 123456.0}
    long = "http://gpu1.some.cluster.example.org:8000"
    run = moment(
        endpoint(url=long, model="meta-llama/Llama-3.3-70B-Instruct", **busy, completed=98765),
        endpoint(model="another", state="down", reason="no connection: " + "refused " * 20),
        live=dict.fromkeys(STAGES, 99999),
    )
    rows = drawn(view(run), width=80).splitlines()
    assert "128 256 17 123456 98765 0 ready" in " ".join(
        next(r for r in rows if r.startswith("gpu1")).split()
    )
    assert max(map(len, rows)) <= 80 and rows[-1].startswith("a:1") and rows[-2].startswith("gpu1")
    assert next(row for row in rows if "99999" in row).split().count("99999") == len(STAGES)


def test_of_many_endpoints_those_in_trouble_are_seen() -> None:
    many = [endpoint(url=f"http://a:{port}") for port in range(100, 200)]
    many[99] = endpoint(url="http://a:199", state="open", reason="HTTP 500")
    text = drawn(view(moment(*many)))
    assert "open: HTTP 500" in text and f"and {100 - MOST_ENDPOINTS} more" in text
    assert text.count("\na:1") == MOST_ENDPOINTS


@settings(deadline=None)
@given(HOSTILE, HOSTILE, HOSTILE)
def test_nothing_from_outside_steers_the_terminal(name: str, model: str, reason: str) -> None:
    troubled = endpoint(url=f"http://{name}", model=model, state="open", reason=reason, failed={reason: 1})
    run = moment(troubled, rejected={reason: 1}, tokens={model: Tokens(1, 1, 0)})
    status = RunStatus(
        planned=3, not_begun=0, in_progress={}, accepted=1, rejected={reason: 1}, rejected_at={"judge": 1},
        tokens={model: Tokens(1, 1, 0)}, cost=None, per_hour=None, left_s=None, started_at="", last_at="",
        running=True, endpoints_out={name: reason}, damaged=0, repeated=0,
    )  # fmt: skip
    for said in (drawn(view(run)), status_text(status)):
        assert all(char.isprintable() or char == "\n" for char in said)
    for line in (plain_line(run), status_line(status)):
        assert line.isprintable()


def test_names_that_look_like_markup_are_shown_as_they_are() -> None:
    run = moment(endpoint(model="[bold]m[/bold]", state="down", reason="see [link=http://x]here[/link]"))
    text = drawn(view(run))
    assert "[bold]m[/bold]" in text and "see [link=http://x]here[/link]" in text


def test_figures_of_all_endpoints_are_in_the_plain_line() -> None:
    pool = PoolSnapshot(
        1.0, (endpoint(in_flight=2, tokens_per_s=1.0), endpoint(in_flight=3, tokens_per_s=2.0)), 0, 0
    )
    assert "5 in flight, 3 tokens/s" in plain_line(moment(pool=pool))


def test_what_was_sent_twice_is_told_once_there_was_any() -> None:
    assert "sent twice" not in drawn(view(moment()))
    assert "3 sent twice" in drawn(view(moment(pool=PoolSnapshot(1.0, (), 0, 0, hedged=3, hedges_won=2))))
