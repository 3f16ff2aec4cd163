"""Numbers, dates and times in many forms are the same value."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from funcdex.verify.claims import claims_in
from funcdex.verify.fold import find_whole, fold
from funcdex.verify.moments import moment_of, moments_in
from funcdex.verify.quantities import numbers_in, spans_in

DATES = st.dates(date(1950, 1, 1), date(2099, 12, 31))
FORMS = ("%d %B %Y", "%B %d, %Y", "%Y-%m-%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d %b %Y", "%Y/%m/%d")


@given(day=DATES, form=st.sampled_from(FORMS))
def test_a_date_is_found_in_every_form(day: date, form: str) -> None:
    assert (day.year, day.month, day.day) in moments_in(fold(f"It is on {day.strftime(form)}.")).dates


@given(hour=st.integers(0, 23), minute=st.integers(0, 59))
def test_a_time_of_12_hours_is_one_of_24(hour: int, minute: int) -> None:
    half = "am" if hour < 12 else "pm"
    said = moments_in(f"at {(hour - 1) % 12 + 1}:{minute:02} {half}")
    assert hour * 60 + minute in said.times
    assert hour * 60 + minute in moments_in(f"at {hour:02}:{minute:02}").times


@given(number=st.integers(0, 10**9))
def test_a_number_is_found_with_and_without_marks(number: int) -> None:
    for text in (
        f"{number}",
        f"{number:,}",
        f"{number:,}".replace(",", "."),
        f"{number:,}".replace(",", " "),
    ):
        assert number in numbers_in(f"pay {text} now")


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("twenty-five", 25),
        ("two hundred and five", 205),
        ("three thousand", 3000),
        ("2.5k", 2500),
        ("a dozen", 12),
        ("1.2 million", 1_200_000),
    ],
)
def test_words_are_numbers(text: str, number: float) -> None:
    assert number in numbers_in(text)


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("half an hour", 30),
        ("an hour and a half", 90),
        ("2 hours 30 minutes", 150),
        ("2h 30m", 150),
        ("PT1H30M", 90),
        ("45-minute", 45),
        ("three days", 4320),
    ],
)
def test_spans_of_time_are_minutes(text: str, minutes: float) -> None:
    assert minutes in {span.minutes for span in spans_in(fold(text))}


def test_and_is_no_day() -> None:
    assert spans_in("ana and ben") == ()


@given(text=st.text(max_size=60))
def test_folding_twice_is_folding_once_and_nothing_crashes(text: str) -> None:
    folded = fold(text)
    moments_in(folded)
    numbers_in(folded)
    claims_in(text)
    moment_of(text)


def test_a_short_number_is_not_found_within_a_date_or_a_number() -> None:
    assert find_whole("31", "on 2026-03-31 at 10:31 for 31.50") == -1
    assert find_whole("31", "row 31.") == 4


@pytest.mark.parametrize(
    "text",
    ["the 3rd of 30min", "Q3 and UTF-8, COVID-19", "report_2026_final.pdf in 1080p", "step 12 of 24", "24/7"],
)
def test_plain_words_with_digits_are_no_ids(text: str) -> None:
    assert [claim for claim in claims_in(text) if claim.kind == "id"] == []


def test_ids_addresses_and_amounts_are_claims() -> None:
    text = "See cus_NffrFeUf2hib, INV-1042, #10425, a@b.org, https://x.org/y and $4,310.00 on 3 March 2026."
    kinds = sorted(claim.kind for claim in claims_in(text))
    assert kinds == ["amount", "date", "email", "id", "id", "id", "url"]


@pytest.mark.parametrize("hour", ["11am", "11 a.m.", "11 o'clock", "11:00", "11h"])
def test_an_hour_behind_a_date_is_no_second_day(hour: str) -> None:
    said = moments_in(fold(f"Sunday, March 22nd, {hour}"))
    assert said.dates == {(0, 3, 22)}
    assert 11 * 60 in said.times
    assert moments_in("march 22nd, 23rd").dates == {(0, 3, 22), (0, 3, 23)}
