"""People, days, amounts and ids of one conversation, and a talk that is written down as it goes on."""

from __future__ import annotations

import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

from funcdex.types.conversation import AssistantMessage, Conversation, Step, ToolCall, Turn

FIRST = (
    *("Marta Jonas Aisha Hiroshi Claire Tomás Priya Erik".split()),
    *("Nadia Oluwaseun Greta Felix Lucía Henrik Mei Samir".split()),
)
LAST = (
    *("Keller Okonkwo Tanaka Dubois Herrera Lindgren Shah".split()),
    *("Novak Moreau Petrov Castillo Weiss Adeyemi Rossi".split()),
)
FIRMS = (
    "Harbor & Pine",
    "Nordlicht GmbH",
    "Copperfield Labs",
    "Bluebird Logistics",
    "Atelier Morane",
    "Kestrel Foods",
)
THINGS = (
    "budget review",
    "launch plan",
    "supplier contract",
    "onboarding guide",
    "safety audit",
    "pricing sheet",
)
CITIES = ("Lisbon", "Hamburg", "Toronto", "Nairobi", "Osaka", "Leeds")


@dataclass(slots=True)
class World:
    """What one conversation is about; everything is drawn from `rng`."""

    rng: Random
    today: date = field(init=False)

    def __post_init__(self) -> None:
        self.today = date(2026, 1, 5) + timedelta(days=self.rng.randrange(330))

    def pick(self, *options: Any) -> Any:
        return self.rng.choice(options)

    def person(self) -> str:
        return f"{self.rng.choice(FIRST)} {self.rng.choice(LAST)}"

    def mail_of(self, name: str) -> str:
        plain = name.lower().translate(str.maketrans("áí", "ai")).split()
        host = self.rng.choice(("harborpine.com", "nordlicht.de", "copperfieldlabs.io", "kestrelfoods.co.uk"))
        return f"{plain[0]}.{plain[1]}@{host}"

    def id(self, prefix: str = "", length: int = 14) -> str:
        return prefix + "".join(self.rng.choices(string.ascii_letters + string.digits, k=length))

    def digits(self, length: int) -> str:
        return self.rng.choice("123456789") + "".join(self.rng.choices(string.digits, k=length - 1))

    def uuid(self) -> str:
        first, second, third, fourth, fifth = (self.rng.getrandbits(bits) for bits in (32, 16, 12, 12, 48))
        return f"{first:08x}-{second:04x}-4{third:03x}-a{fourth:03x}-{fifth:012x}"

    def day(self, within: int = 40) -> date:
        return self.today + timedelta(days=self.rng.randint(2, within))

    def said(self, day: date) -> str:
        """A day as people write it."""
        month = day.strftime("%B")
        tail = self.rng.choice(("", f" {day.year}"))
        ordinal = (
            f"{day.day}{'th' if 10 < day.day < 14 else {1: 'st', 2: 'nd', 3: 'rd'}.get(day.day % 10, 'th')}"
        )
        return str(
            self.rng.choice(
                (
                    f"{day.day} {month}{tail}",
                    f"{month} {day.day}" + (f", {day.year}" if tail else ""),
                    f"{month} {ordinal}",
                    f"the {ordinal} of {month}",
                    day.isoformat(),
                    f"{day:%d/%m/%Y}",
                    f"{day.strftime('%A')}, {month} {day.day}",
                )
            )
        )

    def clock(self, hour: int, minute: int) -> str:
        """A time as people write it."""
        half = "am" if hour < 12 else "pm"
        twelve = (hour - 1) % 12 + 1
        forms = [f"{hour:02}:{minute:02}", f"{twelve}:{minute:02} {half}", f"{twelve}:{minute:02}{half}"]
        if minute == 0:
            forms += [f"{twelve} {half}", f"{twelve}{half}", f"{twelve} o'clock"]
        if minute == 30:
            forms.append(f"half past {twelve}")
        return str(self.rng.choice(forms))

    def money(self, cents: int, sign: str = "$") -> str:
        """An amount as people write it."""
        whole, rest = divmod(cents, 100)
        exact = f"{whole:,}.{rest:02}" if rest else f"{whole:,}"
        plain = f"{whole}.{rest:02}" if rest else f"{whole}"
        word = {"$": "dollars", "€": "euros", "£": "pounds"}[sign]
        code = {"$": "USD", "€": "EUR", "£": "GBP"}[sign]
        return str(
            self.rng.choice(
                (f"{sign}{exact}", f"{sign}{plain}", f"{plain} {word}", f"{exact} {code}", f"{code} {exact}")
            )
        )


def stamp(day: date, hour: int, minute: int = 0, zone: str = "") -> str:
    """A moment in ISO 8601."""
    return f"{datetime(day.year, day.month, day.day, hour, minute).isoformat()}{zone}"


class Talk:
    """Turns as they are written: `user`, then `say` and `call` in any order, the last word being the
    assistant's."""

    def __init__(self) -> None:
        self._turns: list[Turn] = []
        self._user = ""
        self._messages: list[tuple[str, list[Step]]] = []

    @property
    def begun(self) -> bool:
        """Whether anything was said."""
        return bool(self._turns or self._user)

    @property
    def asked(self) -> str:
        """What the user said last."""
        return self._user

    def user(self, text: str) -> None:
        self._close()
        self._user = text

    def say(self, text: str) -> None:
        self._messages.append((text, []))

    def call(self, name: str, arguments: Mapping[str, Any], response: Any) -> Any:
        if not self._messages:
            self._messages.append(("", []))
        self._messages[-1][1].append(Step((ToolCall(name, dict(arguments)),), (response,)))
        return response

    def calls(self, *made: tuple[str, Mapping[str, Any], Any]) -> None:
        """Several at once."""
        if not self._messages:
            self._messages.append(("", []))
        step = Step(
            tuple(ToolCall(name, dict(arguments)) for name, arguments, _ in made),
            tuple(r for _, _, r in made),
        )
        self._messages[-1][1].append(step)

    def conversation(self) -> Conversation:
        """All of it so far."""
        self._close()
        return Conversation(tuple(self._turns))

    def _close(self) -> None:
        if self._user:
            messages = tuple(AssistantMessage(text, tuple(steps)) for text, steps in self._messages)
            self._turns.append(Turn(self._user, messages))
        self._user, self._messages = "", []


def listed(parts: Sequence[str]) -> str:
    """`a, b and c`."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
