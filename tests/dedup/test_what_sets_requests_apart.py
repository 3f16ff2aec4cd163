"""Masks, stems and contrast: what a request is without its particulars, and what makes two of them
different."""

# Sentences are easier to compare on one line.
# ruff: noqa: E501
from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from funcdex.dedup.contrast import contrast
from funcdex.dedup.masked import masked_form
from funcdex.dedup.masking import masked_tokens
from funcdex.dedup.profile import MOST_TOKENS, PackedProfiles, Profile, longest_common, overlap, rouge_l
from funcdex.dedup.rules import Thresholds, measures, ruling
from funcdex.dedup.wordforms import stem


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("On 6 March Mr. Lindqvist asks #staff for 16 slots.", "on <number> <date> <name> asks <channel> for <number> slot ."),
        ("Gwen keeps suppliers.", "<name> keep supplier ."),
        ("Upload it to Drive, please", "upload it to driv please"),
        ("Write to ada@example.org or https://a.example/x?y=1", "writ to <address> or <url>"),
        ('Call it "Final Report", for $1,200.50 or 30 euros', "call it <quoted> for <amount> or <number> <amount>"),
        ("She won't and cannot wait", "she wo not and cannot wait"),
        ("They may come in May", "they may com in <date>"),
        ("", ""),
    ],
)  # fmt: skip
def test_particulars_are_replaced_by_their_kind(text: str, masked: str) -> None:
    assert " ".join(masked_tokens(text)) == masked


def test_forms_of_a_word_have_one_stem() -> None:
    for forms in (
        "move moves moved moving",
        "send sends sent sending",
        "reply replies replied",
        "plan plans planned",
    ):
        assert len({stem(form) for form in forms.split()}) == 1, forms


@settings(deadline=None)
@given(st.text())
def test_any_text_has_a_profile(text: str) -> None:
    profile = Profile.of(text)
    assert len(profile.codes) <= MOST_TOKENS
    assert contrast(profile, profile) == "none"
    assert masked_form(text) == masked_form(text)


def test_long_texts_and_halves_of_characters_are_no_trouble() -> None:
    assert len(Profile.of("word \ud800 " * 1_000_000).codes) <= MOST_TOKENS
    assert Profile.of("x" * 1_000_000).codes == Profile.of("x" * 8000).codes


@settings(deadline=None)
@given(st.lists(st.integers(0, 5), max_size=12), st.lists(st.integers(0, 5), max_size=12))
def test_the_longest_common_subsequence_is_that_of_the_table(one: list[int], other: list[int]) -> None:
    table = [[0] * (len(other) + 1) for _ in range(len(one) + 1)]
    for i, left in enumerate(one):
        for j, right in enumerate(other):
            table[i + 1][j + 1] = table[i][j] + 1 if left == right else max(table[i][j + 1], table[i + 1][j])
    assert longest_common(one, other) == table[-1][-1]


def test_profiles_are_packed_and_found_by_row() -> None:
    packed, texts = PackedProfiles(), ["Move the files.", "", "Ask Ada for the keys of 3 rooms."]
    for text in texts:
        packed.append(Profile.of(text))
    assert len(packed) == 3
    assert [packed[row].codes for row in range(3)] == [Profile.of(text).codes for text in texts]


SAME = [
    (
        "Three reps left in June. Their open deals should be reassigned, and a note added to each deal by the manager.",
        "A note must be added by the manager to each open deal of the three reps that left in June, and the deals reassigned.",
    ),
    (
        "Trainer Jakub at Kompas wants the stockroom manual shared with his 34 managers in #stores-cz for a week.",
        "Trainer Mona at Velvet wants the till manual shared with her 60 managers in #stores-uk for two weeks.",
    ),
    (
        "The seller bounced three mails; those contacts get a task.",
        "A task is due for contacts whose three mails bounced at the seller.",
    ),
]
APART = [
    ("Upload the certificate from Drive to the mail of the bank.", "Download the certificate from the mail of the bank to Drive."),
    ("Families want to book a visit in May on the page.", "Families want no longer to book a visit in May on the page."),
    ("Reopen the tickets on the login page that were closed.", "Close the tickets on the login page that were opened."),
    ("She adds the five consultants to the channel today.", "She removes the five consultants from the channel today."),
    ("Translate the consent form from the English document.", "Compare the consent form with the English document."),
    ("The messages in the channel are made into tasks for tonight.", "The tasks for tonight are posted as messages in the channel."),
    ("Send the reminder before the meeting of the board starts.", "Send the reminder after the meeting of the board starts."),
    ("Find the old questionnaires in the folder and delete them.", "Find the old questionnaires in the folder for the auditor."),
]  # fmt: skip


@pytest.mark.parametrize(("one", "other"), SAME)
def test_order_and_particulars_set_nothing_apart(one: str, other: str) -> None:
    assert contrast(Profile.of(one), Profile.of(other)) != "plain"
    assert contrast(Profile.of(other), Profile.of(one)) != "plain"


@pytest.mark.parametrize(("one", "other"), APART)
def test_opposites_in_the_same_words_are_set_apart(one: str, other: str) -> None:
    here, there = Profile.of(one), Profile.of(other)
    assert max(overlap(here, there), rouge_l(here, there)) >= 0.6, "or nothing needs to set them apart"
    assert contrast(here, there) == contrast(there, here) == "plain"


@pytest.mark.parametrize(
    ("one", "other", "kind"),
    [
        # Another action, of verbs that are known by their opposites alone.
        ("She wants to enable the weekly reports of the choir.", "She wants to subscribe the weekly reports of the choir.", "plain"),
        ("They lock the grant letters.", "They confirm the grant letters.", "plain"),
        # Of one side of an opposition, so they may mean the same.
        ("They enable the grant letters.", "They activate the grant letters.", "none"),
        # What tells things apart is no action.
        ("They pay the external clerk.", "They pay the newest clerk.", "none"),
    ],
)  # fmt: skip
def test_a_verb_with_an_opposite_is_an_action(one: str, other: str, kind: str) -> None:
    assert contrast(Profile.of(one), Profile.of(other)) == kind


FRAME = "Ada, the {} of a bakery, has to {} the {} before Monday, 9 of them, and then tell everyone in the hall, as {}."


def test_texts_of_one_build_are_near_by_their_order_only_if_the_same_is_wanted() -> None:
    here = FRAME.format("founder", "count", "parking permits", "the roof leaks")
    same = FRAME.format("manager", "count", "entry permits", "the roof drips")
    other = FRAME.format("founder", "photograph", "parking tickets", "the roof leaks")
    found = [measures(Profile.of(here), Profile.of(text), None) for text in (same, other)]
    assert found[0]["rouge_l"] > 0.8 and found[1]["rouge_l"] == 0.0
    assert found[1]["words"] > 0.4


WORDS = st.lists(
    st.sampled_from("archive the label of invoices to from Friday delete urgent mail".split()), max_size=12
)
SHARE = st.sampled_from([0.0, 0.2, 0.4, 0.6, 0.8, 0.95, 2.0])


@given(WORDS, WORDS, st.none() | st.floats(0, 1), SHARE, SHARE, SHARE, SHARE)
def test_what_is_ruled_at_once_is_what_all_measures_say(
    some: list[str],
    others: list[str],
    similarity: float | None,
    words: float,
    rouge: float,
    embedding: float,
    unsettled: float,
) -> None:
    thresholds = Thresholds(words, rouge, embedding, unsettled)
    one, other = Profile.of(" ".join(some)), Profile.of(" ".join(others))
    found = measures(one, other, similarity)
    near = [measure for measure, value in found.items() if value >= getattr(thresholds, measure)]
    ruled = ruling(one, other, similarity, thresholds)
    if near:
        assert ruled.measure in near
    elif similarity is not None and similarity >= unsettled:
        assert (ruled.kind, ruled.value) == ("possible", similarity)
    else:
        assert (ruled.kind, ruled.value) == ("other", max(found.values(), default=0.0))
        assert not found or found[ruled.measure] == ruled.value
