"""What follows from what was said before one place: dates, times and spans, and the claims of a text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from funcdex.verify.claims import Claim
from funcdex.verify.dates import Day
from funcdex.verify.heard import Heard
from funcdex.verify.moments import Moment, Moments, moment_of_epoch, shifted
from funcdex.verify.quantities import Span
from funcdex.verify.sources import Place, Source, SourceKind

_SPOKEN: frozenset[SourceKind] = frozenset(("system", "user", "assistant"))

MAX_SPAN_BASES = 40
USUAL_LENGTHS = (30, 60)
"""Minutes after a start that was named at which something ends where nobody said how long it takes."""
_BOUNDS_OF_DAY = (0, 1439)


@dataclass(slots=True)
class Evidence(Heard):
    """What was heard, and what follows from it."""

    relative: bool = True
    """Whether `tomorrow` and `next week` name dates."""

    def minutes(self, value: float) -> Place | None:
        """A span of time in minutes that was named, or lies between two times that were."""
        for source, said in self.said():
            if any(_is_as_long(span, value) for span in said.spans):
                return source.place()
            times = sorted(said.times)[:24]
            if any(abs(one - two) == value for one in times for two in times):
                return source.place()
        return None

    def day(self, day: Day, *, edge: bool = False) -> Place | None:
        """A date that was named, or that follows from one or from today. `edge`: it may be a limit."""
        if not day[0]:
            return self._day_without_year(day)
        try:
            wanted = date(*day)
        except ValueError:
            return None
        if self.today == wanted:
            return Place("calendar")
        # Most are named as they are, and then nothing else of the texts has to be read.
        if named := next((source for source, said in self.said() if day in said.dates), None):
            return named.place()
        for source, said in self.said():
            if self._names(said, wanted, edge, source):
                return source.place()
        return self._after_a_span(wanted, edge)

    def time(self, moment: Moment | int) -> Place | None:
        """A time of day that was named, with or without a zone, or that ends what begins at one."""
        minutes, zoned = (moment, False) if isinstance(moment, int) else (moment.minutes, moment.zoned)
        if minutes is None or minutes in _BOUNDS_OF_DAY:
            return Place("calendar")
        for source, said in self.said():
            if minutes in said.times or any(low <= minutes <= high for low, high in said.parts):
                return source.place()
        return self._time_that_follows(minutes, zoned=zoned)

    def _time_that_follows(self, minutes: int, *, zoned: bool) -> Place | None:
        other_zones = zoned or any(said.zoned for _, said in self.said())
        lengths = {
            round(span.minutes) for _, said in self.said() for span in said.spans if span.minutes < 1440
        }
        lengths.update(USUAL_LENGTHS)
        for source, said in self.said():
            if any((minutes - length) % 1440 in said.times for length in lengths):
                return source.place()
            # The same moment elsewhere: zones differ by whole and half hours.
            if other_zones and any((minutes - one) % 30 == 0 for one in said.times):
                return source.place()
        return None

    def epoch(self, value: float, *, edge: bool) -> Place | None:
        """A number of seconds since 1970 whose day is known; a day off where zones differ."""
        moment = moment_of_epoch(value)
        if moment is None or moment.day is None:
            return None
        for shift in (0, 1, -1):
            day = moment.day + timedelta(days=shift)
            if found := self.day((day.year, day.month, day.day), edge=edge):
                return found
        return None

    def claim(self, claim: Claim, *, factors: Sequence[float], edge: bool) -> Place | None:
        """Where a claim within a text comes from; None if from nowhere."""
        match claim.kind:
            case "email":
                return self.email(claim.text)
            case "url":
                return self.url(claim.text)
            case "phone":
                return self.phone(claim.text)
            case "id":
                return self.id(claim.text)
            case "date":
                return next((at for day in _days(claim) if (at := self.day(day, edge=edge))), None)
            case "time":
                return next(
                    (at for time in claim.values if isinstance(time, int) and (at := self.time(time))), None
                )
            case _:
                return self._figure(claim, factors, edge=edge)

    def _figure(self, claim: Claim, factors: Sequence[float], *, edge: bool) -> Place | None:
        for value in claim.values:
            if not isinstance(value, int | float):
                continue
            if found := self.number(value, factors) or self.epoch(value, edge=edge):
                return found
            if claim.kind == "number" and 1900 <= value <= 2100 and self._year(int(value)):
                return Place("calendar")
        return self.whole(claim.text.strip())

    def _year(self, year: int) -> bool:
        if self.today and abs(self.today.year - year) <= 1:
            return True
        return any(
            year in said.years
            or any(abs(day[0] - year) <= 1 for day in said.dates)
            or any(known == year for known, _ in said.months)
            for _, said in self.said()
        )

    def _day_without_year(self, day: Day) -> Place | None:
        for source, said in self.said():
            if any(known[1:] == day[1:] for known in said.dates) or day[2] in said.days_of_month:
                return source.place()
        years = (
            {self.today.year} if self.today else {known[0] for _, said in self.said() for known in said.dates}
        )
        years = {year for year in years if year} or {2026}
        tried = (self.day((year + shift, *day[1:])) for year in sorted(years)[:5] for shift in (0, 1))
        return next((found for found in tried if found), None)

    def _names(self, said: Moments, day: date, edge: bool, source: Source) -> bool:
        """Whether a text names this day. What is relative counts in what people say, not in data."""
        if (day.year, day.month, day.day) in said.dates:
            return True
        if (0, day.month, day.day) in said.dates and (
            self.today is None or abs(self.today.year - day.year) <= 1
        ):
            return True
        if edge and self._is_edge(said, day):
            return True
        return self.relative and source.kind in _SPOKEN and self._is_relative(said, day, source)

    def _is_edge(self, said: Moments, day: date) -> bool:
        near = [(day + timedelta(days=shift)) for shift in (-1, 1)] if 1 < day.year < 9999 else []
        if any(
            (one.year, one.month, one.day) in said.dates or (0, one.month, one.day) in said.dates
            for one in near
        ):
            return True
        ends = day.day == 1 or day.day >= 28
        if ends and any(
            year in (0, day.year) and month in (day.month, _month_before(day)) for year, month in said.months
        ):
            return True
        if (day.month, day.day) in ((1, 1), (12, 31)) and {day.year, day.year - 1} & said.years:
            return True
        # Monday, Friday or Sunday of a week that was meant.
        return (
            said.vague
            and day.weekday() in (0, 4, 6)
            and any(
                0 <= (named - day).days <= 6 or 0 <= (day - named).days <= 6 for named in _full(said.dates)
            )
        )

    def _is_relative(self, said: Moments, day: date, source: Source) -> bool:
        if self.today is None:
            # A text that names dates means those, not any other day of a month or week; and what the user
            # called tomorrow has no weight some turns later.
            vague = (said.offsets or said.vague) and not said.dates and self._is_recent(source)
            return bool(vague or day.weekday() in said.weekdays or day.day in said.days_of_month)
        ahead = (day - self.today).days
        return (
            ahead in said.offsets
            or (day.weekday() in said.weekdays and -21 <= ahead <= 28)
            or (day.day in said.days_of_month and -62 <= ahead <= 93)
            or (said.vague and -400 <= ahead <= 100)
        )

    def _is_recent(self, source: Source) -> bool:
        latest = next((one.turn for one in reversed(self.sources) if one.kind == "user"), None)
        return source.kind == "user" and source.turn is not None and source.turn + 1 >= (latest or 0)

    def _after_a_span(self, day: date, edge: bool) -> Place | None:
        """A number of days or months from a date that was named, or from today."""
        bases = [self.today] if self.today else []
        for _, said in self.said():
            bases.extend(_full(said.dates))
        for source, said in self.said():
            for span in said.spans[:20]:
                if any(day == other for base in bases[:MAX_SPAN_BASES] for other in shifted(base, span)):
                    return source.place()
                if (
                    self.relative
                    and self.today is None
                    and self._is_recent(source)
                    and (span.months or span.minutes >= 1440)
                ):
                    return source.place()
        return None


def _is_as_long(span: Span, minutes: float) -> bool:
    """A month has 28 to 31 days."""
    days = minutes / 1440
    return abs(span.minutes - minutes) < 0.01 or (span.months > 0 and 28 <= days / span.months <= 31)


def _days(claim: Claim) -> Iterator[Day]:
    for value in claim.values:
        if isinstance(value, tuple) and len(value) == 3:
            yield value


def _full(days: Iterable[Day]) -> list[date]:
    return [date(*day) for day in sorted(days)[:MAX_SPAN_BASES] if day[0]]


def _month_before(day: date) -> int:
    return 12 if day.month == 1 else day.month - 1
