"""Currencies by code, sign and name."""

from __future__ import annotations

from funcdex.verify.evidence import Evidence
from funcdex.verify.sources import Place

_CURRENCIES = {
    "usd": ("$", "dollar", "usd", "buck"),
    "eur": ("€", "euro", "eur"),
    "gbp": ("£", "pound", "gbp", "quid"),
    "jpy": ("¥", "yen", "jpy"),
    "inr": ("₹", "rupee", "inr"),
    "chf": ("franc", "chf"),
}


def place_of_currency(folded: str, evidence: Evidence) -> Place | None:
    """Where a currency was named, or nothing of another one."""
    others = [
        name
        for code, names in _CURRENCIES.items()
        if code != folded
        for name in names
        if len(name) > 3 or not name.isalpha()
    ]
    for source in evidence.sources:
        for name in (folded, *_CURRENCIES.get(folded, ())):
            start = source.folded.find(name)
            if start >= 0:
                return source.place(start, start + len(name))
    # Canadian and Australian dollars are dollars.
    if any(
        name in source.folded
        for source in evidence.sources
        if source.kind == "user"
        for name in others
        if name != "$"
    ):
        return None
    return Place("calendar")
