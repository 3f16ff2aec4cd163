"""Arguments that nobody told: what counts as an id, an address, an amount or a date, and another of its make.

It is decided here by key, not by the checks."""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from random import Random
from typing import Any

from planted.places import Kind, Planted, arguments, changed

from funcdex.types.conversation import Conversation
from funcdex.types.tools import Tool

_ID_KEYS = re.compile(
    r"(?:^|[a-z_])(?:id|Id|gid|uuid|key)$|^(?:customer|invoice|payment_intent|issueIdOrKey|user|parents|projects|addLabelIds|documentId|fileId)$"
)
_AMOUNT_KEYS = re.compile(r"amount|timeSpentSeconds|days_until_due")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_CLOCK = re.compile(r"T(\d\d):(\d\d)")
_MAIL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.]+")


def argument_kind(
    fits: Callable[[str, Any], bool],
    change: Callable[[Any, Random], Any],
    reason: str = "ungrounded_argument",
) -> Kind:
    def kind(talk: Conversation, tools: Sequence[Tool], rng: Random) -> Planted | None:
        places = arguments(talk, fits)
        if not places:
            return None
        spot, path, value = rng.choice(places)
        return Planted(changed(talk, spot, path, change(value, rng)), spot.turn, (reason,))

    return kind


def other_id(value: str, rng: Random) -> str:
    """Another of the same make: digits for digits, letters for letters, the prefix kept."""
    start = (
        value.find("_") + 1
        if "_" in value[:8]
        else (value.find("-") + 1 if re.match(r"[A-Z]+-\d", value) else 0)
    )
    if value.startswith("http"):
        start = value.rfind("/") + 1
    while True:
        made = value[:start] + "".join(
            rng.choice(string.digits)
            if char.isdigit()
            else rng.choice(string.ascii_lowercase)
            if char.islower()
            else rng.choice(string.ascii_uppercase)
            if char.isupper()
            else char
            for char in value[start:]
        )
        if made != value:
            return made


def other_mail(value: str, rng: Random) -> str:
    first, last = rng.choice(("sandra", "victor", "leila")), rng.choice(("brooks", "haas", "ito"))
    return _MAIL.sub(
        f"{first}.{last}@{rng.choice(('gmail.com', 'nordlicht.de'))}",
        value,
    )


def other_amount(value: int, rng: Random) -> int:
    return rng.choice(
        (value * 10, value + rng.choice((50, 700, 1500)), max(2, value - 7), round(value * 1.19) + 3)
    )


def other_day(value: str, rng: Random) -> str:
    shift = timedelta(days=rng.choice((3, 5, 9, 17, 31, -4, 45)))
    return _DAY.sub(lambda found: (date.fromisoformat(found[0]) + shift).isoformat(), value, count=1)


def other_time(value: str, rng: Random) -> str:
    return _CLOCK.sub(
        lambda found: (
            f"T{(int(found[1]) + rng.choice((2, 3, 5))) % 24:02}"
            f":{(int(found[2]) + rng.choice((10, 20, 25))) % 60:02}"
        ),
        value,
    )


def other_name(value: str, rng: Random) -> str:
    return rng.choice(("Daniel Brooks", "Sophie Laurent", "Kenji Morita"))


def is_id(key: str, value: Any) -> bool:
    return (
        isinstance(value, str)
        and bool(_ID_KEYS.search(key))
        and any(map(str.isdigit, value))
        and not _MAIL.search(value)
    )


def is_mail(key: str, value: object) -> bool:
    return isinstance(value, str) and bool(_MAIL.search(value))


def is_name(key: str, value: object) -> bool:
    return key == "query" and isinstance(value, str) and value.istitle()


def is_amount(key: str, value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and bool(_AMOUNT_KEYS.search(key))


def is_day(key: str, value: object) -> bool:
    return isinstance(value, str) and bool(_DAY.match(value)) and "max" not in key.lower()


def is_time(key: str, value: object) -> bool:
    return key == "dateTime" and isinstance(value, str)
