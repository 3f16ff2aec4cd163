"""What takes words to be known is held against nobody who speaks another language than English."""

from __future__ import annotations

import pytest

from funcdex.dedup.sketch import sketch_of
from funcdex.dml.writer import write
from funcdex.types.conversation import Conversation, JsonValue
from funcdex.verify.given import Given
from funcdex.verify.verify import verify
from verify.talks import talk, tool, turn

TEXT = {"type": "string"}
BOOK = tool(
    "BOOK_ROOM",
    room_id=TEXT,
    start={"type": "string", "format": "date-time"},
    people={"type": "integer"},
    minutes={"type": "integer"},
    price={"type": "number"},
    currency=TEXT,
    contact=TEXT,
    customer_name=TEXT,
    label=TEXT,
    filter=TEXT,
)
ARGUMENTS: dict[str, JsonValue] = {
    "room_id": "rm_40a91c",
    "start": "2026-04-08T14:30:00Z",
    "people": 12,
    "minutes": 90,
    "price": 45.5,
    "currency": "EUR",
    "customer_name": "Anna Kowalska",
    "label": "budget",
    "filter": "todo",
}
GERMAN = (
    "Ich brauche übermorgen um halb drei für eineinhalb Stunden den Raum rm_40a91c, wir sind zwölf Leute, "
    "und mehr als fünfundvierzig fünfzig soll er nicht kosten. Es geht um den Haushalt von Frau Kowalska.",
    "Der Raum ist gebucht: ihr habt ihn am Mittwoch um 14:30 Uhr für rund 95 Minuten und etwa 50 Euro, und "
    "ich habe drei Einladungen verschickt.",
)
FRENCH = (
    "Il me faut la salle rm_40a91c après-demain à deux heures et demie pour une heure et demie, nous "
    "serons une "
    "douzaine et je ne veux pas payer plus de quarante-cinq euros et demi pour le budget de madame Kowalska.",
    "La salle est réservée pour vous mercredi à 14 h 30, pour environ 50 euros, et les 1 200 000 points de "
    "votre "
    "compte sont encore là.",
)


def booked(words: tuple[str, str], **changed: JsonValue) -> Conversation:
    asked, told = words
    return talk(turn(asked, ("BOOK_ROOM", ARGUMENTS | changed, {"ok": True, "seats": 14}), told))


@pytest.mark.parametrize(("language", "words"), [("de", GERMAN), ("de-AT", GERMAN), ("fr", FRENCH)])
def test_what_is_said_in_words_is_not_missed(language: str, words: tuple[str, str]) -> None:
    assert verify(booked(words), [BOOK], Given(language=language)) == ()
    # The same is held against somebody who speaks English, so the check could have found it.
    assert verify(booked(words), [BOOK], Given(language="en")) != ()


@pytest.mark.parametrize(("language", "words"), [("de", GERMAN), ("fr", FRENCH)])
@pytest.mark.parametrize(
    ("key", "value"),
    [("room_id", "rm_77b20e"), ("contact", "anna.k@nordlicht.example"), ("label", "see rm_77b20e9")],
)
def test_ids_and_addresses_are_the_same_in_every_language(
    language: str, words: tuple[str, str], key: str, value: str
) -> None:
    found = verify(booked(words, **{key: value}), [BOOK], Given(language=language))
    assert [fault.reason for fault in found] == ["ungrounded_argument"]


@pytest.mark.parametrize(("language", "words"), [("de", GERMAN), ("fr", FRENCH)])
def test_an_id_that_nobody_named_is_found_in_words_too(language: str, words: tuple[str, str]) -> None:
    asked, told = words
    found = verify(booked((asked, f"{told} (bk_55f0e3)")), [BOOK], Given(language=language))
    assert [fault.reason for fault in found] == ["contradicts_response"]


def test_an_error_is_told_in_words_that_are_not_known() -> None:
    failed: JsonValue = {"error": {"code": 404, "message": "No."}}
    told = "Das hat leider nicht geklappt, den Raum gibt es so nicht mehr, und ich habe nichts gebucht."
    conversation = talk(turn(GERMAN[0], ("BOOK_ROOM", {"room_id": "rm_40a91c"}, failed), told))
    assert verify(conversation, None, Given(language="de"), error_responses=True) == ()


def test_german_nouns_are_not_taken_for_names_when_conversations_are_compared() -> None:
    asked = "Bitte schicke die {} an den {} und lege danach eine {} in den richtigen Ordner im Archiv."
    one, other = (
        write(talk(turn(asked.format(*nouns), "Gern.")))
        for nouns in (("Rechnung", "Kunden", "Kopie"), ("Bestellung", "Lieferanten", "Notiz"))
    )
    as_english, as_german = (
        [sketch.said for text in (one, other) if (sketch := sketch_of(text, names=names))]
        for names in (True, False)
    )
    assert as_english[0] is not None and as_english[0] == as_english[1]
    assert as_german[0] != as_german[1]
