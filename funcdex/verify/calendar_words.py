"""Words for months, days of the week, parts of the day and days as seen from today, folded (`fold.py`)."""

from __future__ import annotations

_MONTHS = """
january jan januar janvier enero gennaio janeiro januari stycznia ocak
february feb februar fevrier febrero febbraio fevereiro februari lutego subat
march mar marz mars marzo marco maart marca mart
april apr avril abril aprile kwietnia nisan
may mai mayo maggio maio mei maj maja mayis
june jun juni juin junio giugno junho czerwca haziran
july jul juli juillet julio luglio julho lipca temmuz
august aug aout agosto augustus augusti sierpnia agustos
september sep sept septembre septiembre settembre setembro wrzesnia eylul
october oct oktober octobre octubre ottobre outubro okt pazdziernika ekim
november nov novembre noviembre novembro listopada kasim
december dec dezember decembre diciembre dicembre dezembro grudnia dez aralik
"""
MONTHS = {
    word: number for number, line in enumerate(_MONTHS.strip().splitlines(), 1) for word in line.split()
}

_WEEKDAYS = """
monday mon mondays montag lundi lunes lunedi segunda-feira maandag mandag poniedzialek pazartesi
tuesday tue tues tuesdays dienstag mardi martes martedi terca-feira dinsdag tisdag wtorek sali
wednesday wed wednesdays mittwoch mercredi miercoles mercoledi quarta-feira woensdag onsdag sroda carsamba
thursday thu thur thurs thursdays donnerstag jeudi jueves giovedi quinta-feira donderdag torsdag czwartek
persembe friday fri fridays freitag vendredi viernes venerdi sexta-feira vrijdag fredag piatek cuma
saturday sat saturdays samstag samedi sabado sabato zaterdag lordag sobota cumartesi
sunday sun sundays sonntag dimanche domingo domenica zondag sondag niedziela pazar
"""
WEEKDAYS = {word: day for day, line in enumerate(_WEEKDAYS.strip().splitlines()) for word in line.split()}
"""Monday is 0."""

_DAYS_FROM_TODAY = {
    0: "today tonight heute hoy oggi hoje vandaag idag dzis  bugun aujourd'hui",
    1: "tomorrow morgen demain manana domani amanha imorgon jutro yarin overnight",
    -1: "yesterday gestern hier ayer ieri ontem gisteren igar wczoraj dun",
}
DAYS_FROM_TODAY = {word: days for days, line in _DAYS_FROM_TODAY.items() for word in line.split()}

VAGUE = frozenset(
    "soon recent recently lately upcoming latest ago next last this weekend week weeks month months "
    "quarter year ytd eow eom overdue now asap immediately currently "
    "nachste nachsten woche monat prochain prochaine semaine mois proxima proximo semana mes "
    "prossima settimana mese volgende maand nasta vecka manad tydzien miesiac hafta".split()
)
"""With one of these in a text, dates follow from today, which may not be known."""

Part = tuple[int, int]
PARTS_OF_DAY: dict[str, Part] = {
    "morning": (360, 720),
    "afternoon": (720, 1080),
    "evening": (1020, 1320),
    "tonight": (1020, 1439),
    "night": (1080, 1439),
    "noon": (720, 720),
    "midday": (720, 720),
    "midnight": (0, 0),
    "lunch": (660, 840),
    "lunchtime": (660, 840),
    "breakfast": (360, 600),
    "dinner": (1020, 1260),
    "eod": (960, 1140),
    "cob": (960, 1140),
    "end of day": (960, 1140),
    "end of the day": (960, 1140),
    "close of business": (960, 1140),
    "business hours": (420, 1140),
    "working hours": (420, 1140),
    "office hours": (420, 1140),
    "work hours": (420, 1140),
    "workday": (420, 1140),
    "all day": (0, 1439),
    "all-day": (0, 1439),
    "whole day": (0, 1439),
    "vormittag": (360, 720),
    "nachmittag": (720, 1080),
    "abend": (1020, 1320),
    "mittag": (660, 840),
    "matin": (360, 720),
    "apres-midi": (720, 1080),
    "soir": (1020, 1320),
    "midi": (720, 720),
    "tarde": (720, 1200),
    "noche": (1080, 1439),
    "mattina": (360, 720),
    "pomeriggio": (720, 1080),
}
"""In minutes of the day, both ends allowed."""
