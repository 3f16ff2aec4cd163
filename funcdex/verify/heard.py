"""Everything said before one place, as it stands: is this word, id, address or number known?

Which sources count for what:

    ids, addresses, phones    user, responses, system prompt
    numbers, dates, times     these, and what the assistant proposed in an earlier turn, which the user has
    seen names, labels             these, and arguments of earlier calls
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date

from funcdex.verify.claims import digits_of
from funcdex.verify.fold import fold, words
from funcdex.verify.moments import Moments, moments_in, stated_today
from funcdex.verify.quantities import canonical, numbers_in
from funcdex.verify.sources import Place, Source, SourceKind

HARD: frozenset[SourceKind] = frozenset(("system", "user", "response"))
SOFT: frozenset[SourceKind] = HARD | {"assistant"}
ANY: frozenset[SourceKind] = SOFT | {"call"}

_NO_NAMES = frozenset(
    "mr mrs ms dr prof of the and inc ltd llc gmbh plc co corp sa de la van von der st mx herr frau team a "
    "an".split()
)


@dataclass(slots=True)
class Heard:
    """Sources in the order in which they were said. `schema` is what the shown tools say of themselves."""

    today: date | None = None
    schema: str = ""
    sources: list[Source] = field(default_factory=list)
    everything_counts: bool = False
    """Also for ids what calls and the assistant said: for what an assistant may repeat."""

    def add(self, source: Source) -> None:
        """From now on this has been said."""
        if not source.text:
            return
        self.sources.append(source)
        if self.today is None and source.kind in ("system", "user"):
            self.today = stated_today(source.folded)

    def whole(self, folded: str) -> Place | None:
        """Where an id or another value stands as it is."""
        return self._find(folded, HARD)

    def word(self, folded: str) -> Place | None:
        """Where a word of a name stands."""
        return self._find(folded, ANY)

    def every_word(self, text: str) -> Place | None:
        """Where a name stands, or the first of its words if all are known."""
        folded = fold(text)
        if whole := self.word(folded):
            return whole
        parts = [word for word in words(folded) if len(word) > 1 and word not in _NO_NAMES]
        places = [self.word(word) for word in parts]
        return places[0] if places and all(places) else None

    def some_word(self, text: str) -> Place | None:
        """Where a word of a label is known, by its first letters: `invoices` where `invoice` was said."""
        parts = [word for word in words(fold(text)) if len(word) > 2]
        if not parts:
            return Place("schema")
        for source in self._of(ANY):
            for word in parts:
                start = source.folded.find(word[:4])
                if start >= 0:
                    return source.place(start, start + len(word[:4]))
        return None

    def email(self, folded: str) -> Place | None:
        return self._find(folded, HARD)

    def url(self, folded: str) -> Place | None:
        """The address, or its last part where its host is known as well."""
        bare = folded.split("://", 1)[-1].removeprefix("www.").rstrip("/")
        if found := self._contains(bare):
            return found
        path, _, last = bare.partition("?")[0].rpartition("/")
        host = bare.partition("/")[0]
        if path and len(last) >= 3 and (self._contains(host) or host in self.schema):
            return self.whole(last)
        return Place("schema") if bare in self.schema else None

    def phone(self, digits: str) -> Place | None:
        """The same digits, whatever stands between them; without the country as well."""
        tail = digits[-9:] if len(digits) > 9 else digits
        for source in self._of(HARD):
            if tail in digits_of(source.folded):
                return source.place()
        return None

    def number(self, value: float, factors: Sequence[float] = (1.0,)) -> Place | None:
        """A number, or another that is one of the factors' share of it."""
        wanted = [canonical(value / factor) for factor in factors]
        for source in self._of(SOFT):
            known = numbers_in(source.folded)
            if any(one in known for one in wanted):
                return source.place()
        return None

    def any_number(self, values: Iterable[object], factors: Sequence[float]) -> Place | None:
        """Any reading of a figure."""
        for value in values:
            if isinstance(value, int | float) and (found := self.number(value, factors)):
                return found
        return None

    def id(self, folded: str) -> Place | None:
        """An id; in the description of a tool it is an example."""
        return self.whole(folded) or (Place("schema") if folded in self.schema else None)

    def said(self, kinds: frozenset[SourceKind] = SOFT) -> Iterator[tuple[Source, Moments]]:
        """Sources of these kinds, each with what it says of dates and times."""
        return ((source, moments_in(source.folded)) for source in self._of(kinds))

    def _of(self, kinds: frozenset[SourceKind]) -> Iterator[Source]:
        if self.everything_counts:
            return iter(self.sources)
        return (source for source in self.sources if source.kind in kinds)

    def _find(self, folded: str, kinds: frozenset[SourceKind]) -> Place | None:
        if not folded:
            return None
        return next((found for source in self._of(kinds) if (found := source.find(folded))), None)

    def _contains(self, folded: str) -> Place | None:
        for source in self._of(HARD):
            start = source.folded.find(folded)
            if start >= 0:
                return source.place(start, start + len(folded))
        return None
