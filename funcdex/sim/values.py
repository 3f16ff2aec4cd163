"""Values for JSON strings and numbers that fit their key.

A conversation has a few facts (mail addresses, ids, a day, an amount). The user mentions them, calls use
them, and an id or a page that a tool response brings up joins them: so arguments are grounded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Literal

from funcdex.sim.prose import Author

Kind = Literal[
    "email",
    "time",
    "zone",
    "url",
    "phone",
    "id",
    "title",
    "prose",
    "currency",
    "language",
    "mime",
    "status",
    "phrase",
    "verdict",
]

# The first that matches a key (lower case, words joined by "_") decides.
_PATTERNS: tuple[tuple[Kind, str], ...] = (
    ("verdict", r"^(tool_choice|arguments|use_of_response|user_clarity|naturalness|operations|course)$"),
    ("email", r"e?mail|(^|_)(to|cc|bcc|from|sender|recipients?|attendees?|invitees?|organizer)($|_)"),
    ("zone", r"time_?zone|(^|_)tz($|_)"),
    ("currency", r"currency"),
    ("language", r"lang|locale"),
    ("mime", r"mime|content_type"),
    ("status", r"(^|_)(status|state)($|_)"),
    ("url", r"ur[li]($|_)|link|href|website|webhook"),
    ("phone", r"phone|mobile|whatsapp"),
    (
        "id",
        r"(^|_)(g?ids?|i?cal_?uid|uu?id|key|keys|token|code|reference|ref|etag|sku|customer|parent)($|_)",
    ),
    (
        "id",
        r"^(invoice|subscription|product|payment_(intent|method)|charge|price|project|section|assignee|destination)$",
    ),
    ("time", r"time|date|deadline|(^|_)(at|due|start|end|since|until|created|updated|day|on)($|_)"),
    ("prose", r"body|message|text|content|descri|notes?($|_)|reason|comment|explan|html|justif|snippet"),
    ("title", r"name|title|subject|summary|label|heading|caption|topic"),
)
_KINDS = tuple((kind, re.compile(pattern)) for kind, pattern in _PATTERNS)
_FALLBACKS: tuple[Kind, ...] = (
    "phrase",
    "time",
    "email",
    "id",
    "url",
    "phone",
    "zone",
    "language",
    "currency",
)
_COUNTS = re.compile(
    r"count|size|total|amount|number|limit|duration|minutes|position|index|(^|_)max|(^|_)min"
)
_ROUND = (1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30, 45, 50, 60, 90)
_AMOUNTS = (250, 480, 750, 900, 1200, 1850, 2400, 4500, 6000, 12500)


@dataclass(slots=True)
class Facts:
    """What the user of one conversation knows; `ids` and `urls` grow. `number` is an id in figures.
    `other_...`: what the user names too, for a call that is made again otherwise."""

    contacts: tuple[str, ...]
    emails: tuple[str, ...]
    ids: list[str]
    date: str
    time: str
    phone: str
    title: str
    amount: int
    count: int
    number: int
    urls: list[str]
    other_id: str
    other_email: str
    other_phone: str
    other_number: int

    @property
    def mentioned(self) -> dict[str, str]:
        """The facts that fill a sentence of mood `facts` or `figures`."""
        id = f"{self.ids[0]} or else {self.other_id}, {self.number} or {self.other_number}"
        email, phone = f"{self.emails[0]} or {self.other_email}", f"{self.phone} or {self.other_phone}"
        first = {"contact": self.contacts[0], "email": email, "id": id}
        first |= {"date": self.date, "time": self.time, "phone": phone, "url": self.urls[0]}
        return first | {"title": self.title, "amount": str(self.amount), "count": str(self.count)}


def facts_of(author: Author, rng: Random) -> Facts:
    """Facts about the people and the company of the author's topic."""
    domain = f"{author.topic.company.lower()}.example"
    contacts = author.topic.colleagues
    emails = tuple(f"{name.lower().replace(' ', '.')}@{domain}" for name in contacts)
    date = f"2025-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}"
    time = f"{rng.randint(8, 17):02}:{rng.choice((0, 15, 30, 45)):02}"
    first = new_id(rng)
    return Facts(
        contacts=contacts,
        emails=emails,
        ids=[first],
        date=date,
        time=time,
        phone=_new_phone(rng),
        title=author.title(),
        amount=rng.choice(_AMOUNTS),
        count=rng.choice(_ROUND[1:]),
        number=_new_number(rng),
        urls=[f"https://{domain}/{author.fill('noun')}/{first}"],
        other_id=new_id(rng),
        other_email=f"office@{domain}",
        other_phone=_new_phone(rng),
        other_number=_new_number(rng),
    )


def _new_phone(rng: Random) -> str:
    return f"+4470{rng.randint(10_000_000, 99_999_999)}"


def _new_number(rng: Random) -> int:
    """As long as numbers of meetings and orders are."""
    return rng.randint(100_000_000, 999_999_999)


def new_id(rng: Random) -> str:
    """An id that reads like one: letters and digits, 9 characters."""
    return f"{rng.choice('abcdefghkmnprstuvw')}{rng.choice('aeiouy')}{rng.getrandbits(28):07x}"


def snake(key: str) -> str:
    """`dueDate` and `Due-Date` as `due_date`."""
    return re.sub(r"[^a-z0-9]+", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", key).lower())


def kind_of(key: str) -> Kind:
    """What a value under this key looks like."""
    words = snake(key)
    return next((kind for kind, pattern in _KINDS if pattern.search(words)), "phrase")


def strings(key: str, facts: Facts, author: Author, rng: Random, *, answering: bool) -> Iterator[str]:
    """String values for a key, the most fitting first, then of other kinds in case the schema wants those.

    `answering` is true in a tool response, where new ids come up. A value holds no quote and no backslash.
    """
    kind = kind_of(key)
    yield from _of_kind(kind, facts, author, rng, answering=answering)
    for other in _FALLBACKS:
        if other != kind:
            yield from _of_kind(other, facts, author, rng, answering=answering)


def fresh_strings(key: str, facts: Facts, author: Author, rng: Random, *, answering: bool) -> Iterator[str]:
    """String values for a key that were not used before, best first: in a response nobody has said
    them, elsewhere the user has, as far as there are such."""
    kind, word = kind_of(key), new_id(rng) if answering else facts.other_id
    domain = f"{author.topic.company.lower()}.example"
    # What lasts half an hour ends then: of a moment that somebody named, another one that follows from it.
    hour, minute = map(int, facts.time.split(":"))
    ends = f"{facts.date}T{hour + (minute + 30) // 60:02}:{(minute + 30) % 60:02}:00Z"
    new = f"20{rng.randint(26, 39)}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}T{facts.time}:00Z"
    made: dict[Kind, str] = {
        "email": f"{word}@{domain}" if answering else facts.other_email,
        "url": f"https://{domain}/{author.fill('noun')}/{word}",
        "phone": _new_phone(rng) if answering else facts.other_phone,
        "time": new if answering else ends,
        "title": f"{author.title()} {word}",
        "id": word,
    }
    if kind in made:
        yield made[kind]
    yield from (word, _uuid(rng), *made.values(), made["time"][:10])


def _of_kind(kind: Kind, facts: Facts, author: Author, rng: Random, *, answering: bool) -> tuple[str, ...]:
    match kind:
        case "email":
            return (rng.choice(facts.emails[:2]) if answering else facts.emails[0],)
        case "time":
            moment = f"{facts.date}T{facts.time}:00"
            return (f"{moment}Z", facts.date, moment, f"{facts.time}:00Z", facts.time)
        case "id":
            known = rng.choice(facts.ids)
            return (new_id(rng) if answering and rng.random() < 0.6 else known, known, _uuid(rng))
        case "url":
            new = f"https://{author.topic.company.lower()}.example/{author.fill('noun')}/{facts.ids[-1]}"
            return (new if answering else rng.choice(facts.urls),)
        case "prose":
            return (author.paragraph("remark", rng.randint(1, 2)), author.sentence("remark"), author.title())
        case "phrase" | "title":
            return (
                (author.title(), author.fill("noun")) if answering else (facts.title, _last_word(facts.title))
            )
        case "phone":
            return (facts.phone, facts.phone.lstrip("+"))
        case "zone":
            return ("Europe/Lisbon", "UTC")
        case "currency":
            return ("usd", "USD")
        case "mime":
            return ("text/plain",)
        case "status":
            return (rng.choice(("open", "active", "confirmed", "done")),)
        case "verdict":
            # So that not every conversation of a few turns has a fault in each.
            bad = f"{rng.choice(('flawed', 'wrong'))}: {author.sentence('remark')}"
            return ("good" if rng.random() < 0.97 else bad, author.title())
        case "language":
            return ("en", "en-GB")


def _last_word(title: str) -> str:
    return title.split()[-1].lower()


def is_count(key: str) -> bool:
    """Whether a value under this key is a number."""
    return bool(_COUNTS.search(snake(key)))


def _uuid(rng: Random) -> str:
    digits = f"{rng.getrandbits(128):032x}"
    # RFC 9562: version 4, variant 10.
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"


def numbers(key: str, first_digits: str, facts: Facts, rng: Random, *, answering: bool) -> Iterator[str]:
    """Short numbers for a key. A scale from 1 to 5 is a judge's, and gets 4 or 5 nine times in ten."""
    if first_digits == "12345":
        yield rng.choices("12345", weights=(1, 2, 7, 45, 45))[0]
    words = snake(key)
    of_money = re.search(r"amount|price|cents|total|cost", words)
    if not answering:
        yield from map(str, (facts.amount if of_money else facts.count, 1, facts.number))
    if of_money:
        yield str(rng.choice(_AMOUNTS))
    elif "year" in words:
        yield "2025"
    yield str(rng.choice(_ROUND))
    yield from first_digits
