"""The viewer in a real Chromium: every page, with the keyboard alone, with hostile texts, dark and light.

`make browser` installs what this needs beside the browser (Debian: `apt-get install chromium`).
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import uvicorn

from funcdex.rundir.layout import RunDir
from funcdex.rundir.lock import exclusive
from funcdex.rundir.review import read_reviews
from funcdex.viewer.app import application
from funcdex.viewer.following import Follower
from funcdex.viewer.index import Index
from funcdex.viewer.serve import bound_socket, url_of
from funcdex.viewer.site import write_site
from funcdex.viewer.source import look_at
from funcdex.viewer.views import View
from viewer.made import hostile_file, records

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, LocatorAssertions, Page

pytestmark = pytest.mark.live
AXE = Path(__file__).parents[2] / ".live" / "axe" / "package" / "axe.min.js"
PICTURES = os.environ.get("FUNCDEX_PICTURES")
"""A folder to put a picture of each page into, for people to look at."""
FOCUSED = """(() => {
    const one = document.activeElement, style = getComputedStyle(one);
    return [one.outerHTML.slice(0, 120), style.outlineStyle, style.boxShadow];
})()"""
"""What has the focus, and how it shows that."""
SCHEMES = pytest.mark.parametrize("scheme", ["light", "dark"])


def expect(place: Locator) -> LocatorAssertions:
    """Waits for what is said of a place. The pages' policy refuses what `wait_for_function` takes."""
    from playwright.sync_api import expect as expected

    return expected(place)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    program = next(filter(None, map(shutil.which, names)), None)
    if program is None:
        pytest.skip("no Chromium is found: `apt-get install chromium`, or another package of it")
    if importlib.util.find_spec("playwright") is None:
        pytest.skip("the package playwright is not installed: `make browser` does that")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        # As root, as in a container, Chromium starts only without its own sandbox.
        options = [] if os.geteuid() else ["--no-sandbox"]
        one = playwright.chromium.launch(executable_path=program, args=options)
        yield one
        one.close()


@contextmanager
def served(path: Path, folder: Path) -> Iterator[str]:
    """A viewer as `funcdex inspect` starts it; its address."""
    looked = look_at(path)
    folder.mkdir(exist_ok=True)
    index = Index(looked, folder / "index.sqlite")
    index.grow_to_the_end()
    listener = bound_socket("127.0.0.1", 0)
    app = application(View(looked, index), Follower(index), hosts={"localhost"})
    server = uvicorn.Server(
        uvicorn.Config(app, log_level="warning", access_log=False, timeout_graceful_shutdown=1)
    )
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        yield url_of(listener)
    finally:
        server.should_exit = True
        thread.join()
        index.close()
        listener.close()


@contextmanager
def opened(browser: Browser, url: str, **more: Any) -> Iterator[tuple[Page, list[str]]]:
    """A page in a context of its own, and what went wrong in it: errors, and what its policy forbade."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, **more)
    page = context.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(f"error: {error}"))
    page.on("console", lambda told: wrong.append(told.text) if told.type == "error" else None)
    page.on("dialog", lambda dialog: dialog.dismiss())
    page.on("dialog", lambda dialog: wrong.append(f"dialog: {dialog.message}"))
    page.goto(url)
    page.wait_for_load_state("load")
    try:
        yield page, wrong
    finally:
        context.close()


def serious(page: Page) -> list[str]:
    """What axe-core finds that keeps people out."""
    if not AXE.is_file():
        pytest.skip("axe-core is not here: `make browser` fetches it from the npm registry")
    page.evaluate(AXE.read_text("utf-8"))
    found = page.evaluate(
        "async () => (await axe.run(document, {resultTypes: ['violations'], preload: false})).violations"
    )
    return [
        f"{one['id']}: {one['nodes'][0]['html'][:200]} {one['nodes'][0]['failureSummary'][:300]}"
        for one in found
        if one["impact"] in ("serious", "critical")
    ]


def picture(page: Page, name: str) -> None:
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"{name}.png")


def paths(run: RunDir) -> dict[str, str]:
    kept = [one["id"] for one in records(run, "parsed_conversations")]
    lost = [one["id"] for one in records(run, "rejected") if "conversation_dml" in one]
    early = [one["id"] for one in records(run, "rejected") if "conversation_dml" not in one]
    return {
        "list": "",
        "found": "?q=invoice&state=accepted",
        "nothing": "?q=zzzzqqq",
        "conversation": f"conversation?key={kept[0]}",
        "rejected": f"conversation?key={lost[0]}",
        "early": f"conversation?key={early[0]}",
        "compare": f"compare?left={kept[0]}&right={kept[1]}",
        "edit": f"edit?key={kept[0]}",
        "dashboard": "dashboard",
        "missing": "conversation?key=nobody",
    }


@SCHEMES
def test_every_page_is_for_everybody_and_breaks_no_rule(
    browser: Browser, run: RunDir, tmp_path: Path, scheme: Any
) -> None:
    with served(run.path, tmp_path / "index") as url:
        for name, path in paths(run).items():
            with opened(browser, url + path, color_scheme=scheme) as (page, wrong):
                picture(page, f"{name}-{scheme}")
                assert serious(page) == [], name
                for tab in page.get_by_role("tab").all():
                    tab.click()
                    assert serious(page) == [], f"{name}, {tab.inner_text()}"
                assert [one for one in wrong if "404" not in one] == [], name


def test_pages_fit_small_screens(browser: Browser, run: RunDir, tmp_path: Path) -> None:
    with served(run.path, tmp_path / "index") as url:
        for name, path in paths(run).items():
            with opened(browser, url + path) as (page, _):
                page.set_viewport_size({"width": 360, "height": 700})
                picture(page, f"{name}-small")
                assert page.evaluate("document.documentElement.scrollWidth") <= 360, name


def test_the_keyboard_alone_is_enough(browser: Browser, run: RunDir, tmp_path: Path) -> None:
    review = run.path / "review.jsonl"
    with served(run.path, tmp_path / "index") as url, opened(browser, url) as (page, wrong):
        keys = page.keyboard
        keys.press("j")
        keys.press("j")
        second = page.locator(".row").nth(1)
        assert second.locator("a.open").evaluate("one => one === document.activeElement")
        with page.expect_response(re.compile("/review")):
            keys.press("f")
        page.wait_for_selector(".row .mark.flagged")
        id = second.locator(".id").inner_text()
        assert read_reviews(review)[id].flagged
        expect(second.locator("a.open")).to_be_focused()
        keys.press("k")
        keys.press("j")
        keys.press("Enter")
        page.wait_for_selector("#panel-chat")
        for key, said in (("a", "accepted by hand"), ("r", "rejected by hand")):
            with page.expect_response(re.compile("/review")):
                keys.press(key)
            page.get_by_text(said).first.wait_for()
        keys.press("n")
        keys.type("no a r f j keys here")
        keys.press("Tab")
        with page.expect_response(re.compile("/review")):
            keys.press("Enter")
        page.locator("#review .mark", has_text="note").wait_for()
        assert read_reviews(review)[id].note == "no a r f j keys here"
        assert read_reviews(review)[id].decision == "rejected"
        keys.press("Escape")
        page.locator("h1").click()
        keys.press("e")
        page.wait_for_selector("textarea[name=text]")
        keys.press("u")
        page.wait_for_selector("#panel-chat")
        keys.press("j")
        expect(page.locator("aside .id").first).not_to_contain_text(id)
        keys.press("?")
        assert page.locator("dialog[open]").count() == 1
        keys.press("Escape")
        keys.press("u")
        page.wait_for_selector("#results")
        keys.press("/")
        keys.type("invoice")
        page.wait_for_url(re.compile("q=invoice"))
        page.get_by_text("found").first.wait_for()
        assert page.locator("#q").evaluate("one => one === document.activeElement")
        assert wrong == []


def test_the_focus_is_always_seen(browser: Browser, run: RunDir, tmp_path: Path) -> None:
    with (
        served(run.path, tmp_path / "index") as url,
        opened(browser, f"{url}{paths(run)['conversation']}") as (page, _),
    ):
        for _ in range(25):
            page.keyboard.press("Tab")
            told = page.evaluate(FOCUSED)
            assert told[1] != "none" or told[2] != "none", told[0]


def test_an_argument_lights_up_where_it_was_said(browser: Browser, run: RunDir, tmp_path: Path) -> None:
    id = next(one["id"] for one in records(run, "parsed_conversations") if "stripe" in one["toolkits"])
    with (
        served(run.path, tmp_path / "index") as url,
        opened(browser, f"{url}conversation?key={id}") as (page, wrong),
    ):
        link = page.locator("a.origin:visible").first
        link.focus()
        assert page.locator(".lit").count() == 1
        link.click()
        anchor = link.get_attribute("href")
        assert anchor and page.evaluate("document.activeElement.id") == anchor[1:]
        assert wrong == []


def test_no_hostile_text_runs(browser: Browser, tmp_path: Path) -> None:
    path = hostile_file(tmp_path / "hostile.jsonl")
    with served(path, tmp_path / "index") as url, opened(browser, url) as (page, wrong):
        links = page.locator("a.open").evaluate_all("all => all.map(one => one.href)")
        assert len(links) == 7
        for link in links:
            key = link.partition("key=")[2]
            for address in (
                link,
                f"{url}edit?key={key}",
                f"{url}compare?left={key}&right={key}",
                f"{url}?q={key}&kind={key}",
            ):
                page.goto(address)
                for tab in page.get_by_role("tab").all():
                    tab.click()
                for origin in page.locator("a.origin").all()[:3]:
                    if origin.is_visible():
                        origin.hover()
                assert page.evaluate("window.hacked") is None
                assert page.locator("main script, main img, main iframe").count() == 0
        page.goto(links[0])
        page.keyboard.press("f")
        page.locator("#review .mark.flagged").wait_for()
        assert wrong == []


def test_the_theme_is_kept_and_turned(browser: Browser, run: RunDir, tmp_path: Path) -> None:
    with served(run.path, tmp_path / "index") as url, opened(browser, url, color_scheme="dark") as (page, _):
        ground = "getComputedStyle(document.body).backgroundColor"
        dark = page.evaluate(ground)
        page.get_by_label("Dark or light").click()
        light = page.evaluate(ground)
        page.goto(f"{url}dashboard")
        assert page.evaluate(ground) == light != dark


def test_what_comes_meanwhile_is_told_without_moving_anything(
    browser: Browser, run: RunDir, tmp_path: Path
) -> None:
    lines = run.output("parsed_conversations").read_bytes().splitlines(keepends=True)
    run.output("parsed_conversations").write_bytes(b"".join(lines[:-3]))
    with served(run.path, tmp_path / "index") as url, opened(browser, url) as (page, wrong):
        first = page.locator(".row .id").first.inner_text()
        with run.output("parsed_conversations").open("ab") as file:
            file.writelines(lines[-3:])
        page.get_by_text("3 more since").wait_for(timeout=20_000)
        assert page.locator(".row .id").first.inner_text() == first
        page.get_by_text("3 more since").click()
        expect(page.locator(".row .id").first).not_to_have_text(first)
        assert wrong == []


def test_the_dashboard_follows_a_run_without_losing_the_place_and_stops_with_it(
    browser: Browser, run: RunDir, tmp_path: Path
) -> None:
    kept = run.output("parsed_conversations")
    lines = kept.read_bytes().splitlines(keepends=True)
    kept.write_bytes(b"".join(lines[:-3]))
    with (
        exclusive(run),
        served(run.path, tmp_path / "index") as url,
        opened(browser, f"{url}dashboard") as (page, wrong),
    ):
        tile = page.locator(".tiles div:nth-child(2) dd")
        before = int(tile.inner_text())
        assert page.locator("#running").is_visible()
        link = page.locator(".bars a").nth(9)
        link.focus()
        label, place = link.inner_text(), page.evaluate("scrollY")
        assert place > 0, "one has scrolled down"
        page.evaluate("window.stays = true")
        with kept.open("ab") as file:
            file.writelines(lines[-3:])
        expect(tile).to_have_text(str(before + 3), timeout=20_000)
        expect(page.locator(":focus")).to_have_text(label)
        assert page.evaluate("[window.stays, scrollY]") == [True, place] and wrong == []
        picture(page, "dashboard-live")
    with served(run.path, tmp_path / "index") as url:
        with exclusive(run):
            context = browser.new_context()
            page = context.new_page()
            page.goto(f"{url}dashboard")
            assert page.locator("#running").is_visible()
        page.wait_for_selector("#running", state="hidden", timeout=20_000)
        assert page.locator("#dashboard").get_attribute("hx-get") is None, "it asks no more"
        context.close()


def test_what_a_correction_replaced_opens_at_its_turn(browser: Browser, run: RunDir, tmp_path: Path) -> None:
    kept = {one["id"] for one in records(run, "parsed_conversations")}
    entries = (json.loads(line) for line in run.journal.read_bytes().splitlines())
    id = next(one["id"] for one in entries if one["entry"] == "stage" and one["id"] in kept)
    with (
        served(run.path, tmp_path / "index") as url,
        opened(browser, f"{url}conversation?key={id}") as (page, wrong),
    ):
        fold = page.locator("details.before")
        assert not fold.locator(".bubble.user").is_visible()
        fold.locator("summary").first.focus()
        page.keyboard.press("Enter")
        fold.locator(".bubble.user").wait_for()
        assert fold.get_by_label("Why it was corrected").is_visible() and serious(page) == []
        picture(page, "before-a-correction")
        fold.get_by_role("link", name="Compare with what became of it").click()
        page.locator(".diff del").first.wait_for()
        picture(page, "original-and-corrected")
        assert wrong == []


@SCHEMES
def test_a_site_of_files_needs_no_server(browser: Browser, run: RunDir, tmp_path: Path, scheme: Any) -> None:
    write_site(run.path, tmp_path / "site")
    with opened(browser, (tmp_path / "site" / "index.html").as_uri(), color_scheme=scheme) as (page, wrong):
        assert page.locator(".row").count() == 60 and serious(page) == []
        page.keyboard.press("/")
        page.keyboard.type("invoice")
        page.locator("#site-found .row").first.wait_for()
        assert 0 < page.locator("#site-found .row").count() < 60
        page.locator("#site-found a.open").first.click()
        page.wait_for_selector("#panel-chat .turn")
        page.get_by_role("tab", name="JSON").click()
        assert serious(page) == []
        page.get_by_role("link", name="Dashboard").click()
        page.wait_for_selector("h1")
        assert "Dashboard" in page.locator("h1").inner_text() and serious(page) == []
        assert wrong == []
