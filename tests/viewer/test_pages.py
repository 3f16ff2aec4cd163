"""Every page shows what the records say, found by filters, words and pages."""

from __future__ import annotations

import html
import json
import re
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import quote

import pytest

from funcdex.rundir.jsonlines import as_line
from funcdex.rundir.layout import RunDir
from funcdex.rundir.lock import exclusive
from funcdex.viewer.figures import dashboard
from viewer.made import HOSTILE, Viewed, hostile_file, ids, records, viewed


def attributes_that_act(page: str) -> list[tuple[str, str | None]]:
    """Of all elements: handlers, styles, and addresses that are scripts."""
    found: list[tuple[str, str | None]] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            for name, value in attrs:
                is_script = name in ("href", "src", "action") and (value or "").strip().lower().startswith(
                    "javascript"
                )
                if name.startswith("on") or name == "style" or is_script:
                    found.append((name, value))

    Reader().feed(page)
    return found


def every_id(looking: Viewed, query: str) -> list[str]:
    """Of a list, page by page."""
    found, path = list[str](), f"/?{query}"
    while path:
        page = looking.page(path)
        found += ids(page)
        onwards = re.search(r'rel="next" href="([^"]+)"', page)
        path = html.unescape(onwards[1]) if onwards else ""
    return found


def test_the_list_has_every_conversation_once_whatever_the_order(looking: Viewed, finished: RunDir) -> None:
    there = {one["id"] for name in ("parsed_conversations", "rejected") for one in records(finished, name)}
    for order in ("new", "old", "worst", "best", "long", "short"):
        found = every_id(looking, f"order={order}")
        assert len(found) == 60 and set(found) == there, order


def test_previous_pages_lead_back_the_same_way(looking: Viewed) -> None:
    first = looking.page("/?order=worst")
    second = looking.page(html.unescape(re.search(r'rel="next" href="([^"]+)"', first)[1]))  # type: ignore[index]
    back = looking.page(html.unescape(re.search(r'rel="prev" href="([^"]+)"', second)[1]))  # type: ignore[index]
    assert ids(back) == ids(first) and not set(ids(second)) & set(ids(first))


def test_each_filter_finds_what_the_records_say(looking: Viewed, finished: RunDir) -> None:
    kept, lost = records(finished, "parsed_conversations"), records(finished, "rejected")
    both = kept + lost
    assert set(every_id(looking, "state=rejected")) == {one["id"] for one in lost}
    assert set(every_id(looking, "reason=low_score")) == {
        one["id"] for one in lost if one["reason"] == "low_score"
    }
    assert set(every_id(looking, "toolkit=gmail")) == {
        one["id"] for one in both if "gmail" in one["toolkits"]
    }
    assert set(every_id(looking, "kind=happy_path")) == {
        one["id"] for one in both if one["kind"] == "happy_path"
    }
    fives = {one["id"] for one in kept if one["scores"]["tool_use_quality"] == 5}
    assert set(every_id(looking, "score=5")) == fives and fives
    calls = {one["id"] for one in kept if '"name": "CREATE_INVOICE"' in json.dumps(one["messages"])}
    assert set(every_id(looking, "tool=CREATE_INVOICE&state=accepted")) == calls and calls


def test_filters_and_words_go_together_in_every_order(looking: Viewed, finished: RunDir) -> None:
    wanted = {
        one["id"]
        for one in records(finished, "parsed_conversations")
        if "stripe" in one["toolkits"] and "invoice" in json.dumps(one["messages"]).lower()
    }
    for order in ("new", "best", "long"):
        assert set(every_id(looking, f"q=invoice&toolkit=stripe&state=accepted&order={order}")) >= wanted


def test_a_search_takes_the_beginning_of_the_last_word_and_no_accents(looking: Viewed) -> None:
    assert every_id(looking, "q=invoi") and set(every_id(looking, "q=invoi")) >= set(
        every_id(looking, "q=invoice")
    )
    assert every_id(looking, "q=tomas") == every_id(looking, f"q={quote('TOMÁS')}")


@pytest.mark.parametrize(
    "text", ['"', "AND OR NOT", "a*b", "(", "NEAR(a b)", "'; --", "\x00", "é" * 600, "-", "text:x"]
)
def test_a_search_for_anything_gives_a_page(looking: Viewed, text: str) -> None:
    looking.page(f"/?q={quote(text)}")


@pytest.mark.parametrize(
    "query",
    [
        "after=x",
        "after=1.2.3",
        "before=-9999999999999999999999",
        "after=nan.1",
        "score=x&order=?",
        "state=%00",
    ],
)
def test_an_address_that_makes_no_sense_gives_a_page(looking: Viewed, query: str) -> None:
    looking.page(f"/?{query}")


def test_a_conversation_shows_words_calls_verdicts_and_lineage(looking: Viewed, finished: RunDir) -> None:
    one = next(one for one in records(finished, "parsed_conversations") if "stripe" in one["toolkits"])
    page = html.unescape(looking.page(f"/conversation?key={one['id']}"))
    assert one["messages"][0]["content"] in page and "✓" not in page
    called = next(message["tool_calls"][0] for message in one["messages"] if "tool_calls" in message)
    assert called["function"]["name"] in page and ">fits<" in page
    assert one["lineage"]["persona"] in page and one["lineage"]["requests"][0]["endpoint"] in page
    assert "</user>" in page and one["scores"]["reasoning"] in page and 'class="verdict v-good"' in page


def test_an_argument_leads_to_where_it_was_said(looking: Viewed) -> None:
    page = looking.page("/conversation?key=" + ids(looking.page("/?toolkit=stripe&state=accepted"))[0])
    anchors = re.findall(r'class="j-\w+ origin" href="#([\w-]+)" title="From', page)
    assert len(anchors) > 3
    assert all(Counter(re.findall(r'id="([\w-]+)"', page))[anchor] == 1 for anchor in anchors)


def test_a_fault_stands_at_its_turn(looking: Viewed, finished: RunDir) -> None:
    shown = []
    for one in records(finished, "rejected"):
        page = looking.page(f"/conversation?key={one['id']}")
        assert html.escape(one["detail"], quote=False) in page or one["detail"] in html.unescape(page)
        turns = page.split('<article class="turn"')[1:]
        shown += [at for at, turn in enumerate(turns) if 'class="faults"' in turn or 'v-wrong"' in turn]
    assert shown


def test_one_that_was_given_up_early_says_so(looking: Viewed, finished: RunDir) -> None:
    early = next(one for one in records(finished, "rejected") if "conversation_dml" not in one)
    page = looking.page(f"/conversation?key={early['id']}")
    assert "before there was a conversation" in page and early["scenario"] in html.unescape(page)


def test_next_and_previous_keep_to_what_was_filtered(looking: Viewed) -> None:
    wanted = every_id(looking, "toolkit=gmail")
    page = looking.page(f"/conversation?toolkit=gmail&key={wanted[1]}")
    assert f"key={wanted[2]}" in re.search(r'rel="next" href="([^"]+)"', page)[1]  # type: ignore[index]
    assert f"key={wanted[0]}" in re.search(r'rel="prev" href="([^"]+)"', page)[1]  # type: ignore[index]


def test_the_dashboard_counts_what_is_there(looking: Viewed, finished: RunDir) -> None:
    page = looking.page("/dashboard")
    kept, lost = len(records(finished, "parsed_conversations")), len(records(finished, "rejected"))
    for name, number in (("accepted", kept), ("rejected", lost), ("planned", 60)):
        assert re.search(rf"<dt>{name}</dt><dd>{number}</dd>", page)
    assert "<polyline" in page and "http://gpu1:8000" in page and "retry: timed out" in page


def dashboard_version(page: str) -> str | None:
    """What the page asks for again, None if it does not."""
    found = re.search(r'hx-get="/dashboard\?seen=(\w+)" hx-trigger="every', page)
    return found and found[1]


def test_the_dashboard_follows_a_run_for_as_long_as_it_goes_on(seen: Viewed, run: RunDir) -> None:
    assert dashboard_version(seen.page("/dashboard")) is None
    with exclusive(run, "--run"):
        page = seen.page("/dashboard")
        version = dashboard_version(page)
        assert version and 'id="running">' in page
        assert seen.client.get(f"/dashboard?seen={version}").status_code == 204, "nothing is new"
        line = json.loads(run.output("rejected").read_bytes().splitlines()[0])
        with run.output("rejected").open("ab") as file:
            file.write(as_line(line | {"id": "conv_77777"}))
        seen.index.grow_to_the_end()
        newer = dashboard_version(seen.page(f"/dashboard?seen={version}"))
        assert newer and newer != version
    over = seen.page(f"/dashboard?seen={newer}")
    assert dashboard_version(over) is None and 'id="running" hidden' in over


def test_the_list_says_when_a_run_is_over(seen: Viewed, run: RunDir) -> None:
    with exclusive(run, "--run"):
        assert 'id="running" hx-swap-oob="true"' in seen.page("/live?seen=0")
    assert 'id="running" hidden hx-swap-oob="true"' in seen.page("/live?seen=0")


def test_tokens_of_what_was_given_up_early_count_for_their_endpoints(
    looking: Viewed, finished: RunDir
) -> None:
    spent = [
        request["completion_tokens"]
        for name in ("parsed_conversations", "rejected")
        for one in records(finished, name)
        for request in one["lineage"]["requests"]
    ]
    told = dashboard(looking.index, looking.view.looked)
    assert sum(one.completion for one in told.endpoints) == sum(spent)
    assert told.throughput is not None and len(told.throughput.lines) == 3


def test_two_conversations_are_compared_word_by_word(looking: Viewed) -> None:
    one, other = every_id(looking, "state=accepted")[:2]
    page = looking.page(f"/compare?left={one}&right={other}")
    assert "<del>" in page and "<ins>" in page
    same = f"/compare?left={one}&right={one}&left_version=recorded&right_version=recorded"
    assert "They are the same" in looking.page(same)
    assert "There is no conversation" in looking.page("/compare?left=nobody&right=x")


def test_the_record_is_there_as_json(looking: Viewed, finished: RunDir) -> None:
    one = records(finished, "parsed_conversations")[0]
    response = looking.client.get(f"/raw?key={one['id']}")
    assert response.json() == one and response.headers["content-type"] == "application/json"


def test_what_is_not_there_says_so(looking: Viewed) -> None:
    assert "no such page" in looking.page("/nowhere", 404)
    assert "no conversation of this name" in looking.page("/conversation?key=nobody", 404)


def test_hostile_texts_are_texts_on_every_page(tmp_path: Path) -> None:
    with viewed(hostile_file(tmp_path / "hostile.jsonl")) as seen:
        listed = seen.page("/")
        assert len(ids(listed)) == len(HOSTILE)
        links = [html.unescape(one) for one in re.findall(r'class="open" href="([^"]+)"', listed)]
        pages = [listed, seen.page("/dashboard")]
        for link in links:
            key = link.partition("key=")[2]
            pages += [
                seen.page(link),
                seen.page(f"/compare?left={key}&right={key}"),
                seen.page(f"/edit?key={key}"),
            ]
            seen.client.get(f"/raw?key={key}")
        for page in pages:
            assert "<script>" not in page and "<img" not in page and "<svg onload" not in page
            shown = re.sub(r"<textarea.*?</textarea>|<[^>]*>", "", page, flags=re.S)
            assert not re.search("[\u202e\u2066\x1b\x00]", shown)
            assert "{{ 7 * 7 }}" in shown or "49 " not in shown
            assert attributes_that_act(page) == []


def test_a_file_that_is_no_run_is_shown_too(finished: RunDir, tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    path.write_bytes(
        finished.output("accepted_conversations").read_bytes() + b'not json\n{"id": 3}\n{"messages": 5}\n[]\n'
    )
    with viewed(path) as seen:
        assert len(every_id(seen, "")) == len(records(finished, "accepted_conversations")) + 2
        assert "2 damaged lines" in seen.page("/dashboard")
        seen.page("/conversation?key=" + ids(seen.page("/?order=old"))[0])


def test_records_without_ids_and_with_the_same_id_are_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    talk = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]
    path.write_text(
        "".join(
            json.dumps(one) + "\n"
            for one in ({"messages": talk}, {"id": "a", "messages": talk}, {"id": "a", "messages": talk})
        )
    )
    with viewed(path) as seen:
        assert sorted(every_id(seen, "")) == ["a", "a~3", "line_000001"]
        for key in ("a", "a~3", "line_000001"):
            assert "Hello" in seen.page(f"/conversation?key={key}")
