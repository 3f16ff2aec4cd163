"""Refuses a scenario that is much like an earlier one of the same toolkits: finders propose, rules decide."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from funcdex.dedup.profile import PackedProfiles, profile_of
from funcdex.dedup.protocol import Duplicate, Finder, Item, Look, Unsettled, Verdict
from funcdex.dedup.rules import Ruling, Thresholds, ruling
from funcdex.dedup.texts import PackedTexts

NEAR_TOLD = 3
"""Texts that a refusal names as near. Reading one that is packed takes a millisecond."""


class LikenessLayer:
    """`adjudicated` is how many candidates of a text that is unsettled somebody may be asked about. With 0
    nobody is: then what is likely the same is refused, and what is only possibly so is not."""

    def __init__(self, finders: Sequence[Finder], thresholds: Thresholds, adjudicated: int = 0) -> None:
        self._finders = finders
        self._thresholds = thresholds
        self._adjudicated = adjudicated
        self._texts: defaultdict[str, PackedTexts] = defaultdict(PackedTexts)
        self._profiles: defaultdict[str, PackedProfiles] = defaultdict(PackedProfiles)

    def insert(self, group: str, texts: Sequence[str]) -> None:
        """See `Layer.insert`."""
        if texts:
            items = [Item(group, text, profile_of(text)) for text in texts]
            for finder in self._finders:
                finder.insert(items)
            self._add(items)

    def admit(self, items: Sequence[tuple[str, str]]) -> list[Verdict]:
        """See `Layer.admit`."""
        asked = [Item(group, text, profile_of(text)) for group, text in items]
        looks = [finder.look(asked) for finder in self._finders]
        taken: list[int] = []
        verdicts: list[Verdict] = []
        for place, item in enumerate(asked):
            found = self._among_known(item, place, looks)
            found += self._among_taken(asked, taken, place, looks)
            verdicts.append(self._verdict(item.group, found))
            if not isinstance(verdicts[-1], Duplicate):
                taken.append(place)
        for look in looks:
            look.keep(taken)
        self._add([asked[place] for place in taken])
        return verdicts

    def upkeep(self) -> bool:
        """See `Layer.upkeep`."""
        return any(finder.upkeep() for finder in self._finders)

    def _among_known(self, item: Item, place: int, looks: Sequence[Look]) -> list[_Candidate]:
        similar: dict[int, float | None] = {}
        for look in looks:
            for row, similarity in look.near(place):
                similar[row] = _known(similar.get(row), similarity)
        profiles = self._profiles[item.group]
        return [
            (ruling(item.profile, profiles[row], similarity, self._thresholds), row)
            for row, similarity in similar.items()
        ]

    def _among_taken(
        self, items: Sequence[Item], taken: Sequence[int], place: int, looks: Sequence[Look]
    ) -> list[_Candidate]:
        """Those that the same call has admitted before."""
        item = items[place]
        found: list[_Candidate] = []
        for other in taken:
            if items[other].group == item.group:
                similarity = None
                for look in looks:
                    similarity = _known(similarity, look.similarity(place, other))
                found.append(
                    (
                        ruling(item.profile, items[other].profile, similarity, self._thresholds),
                        items[other].text,
                    )
                )
        return found

    def _verdict(self, group: str, found: list[_Candidate]) -> Verdict:
        refusing = ("same",) if self._adjudicated else ("same", "likely")
        found.sort(key=lambda candidate: -candidate[0].value)
        for judged, which in found:
            if judged.kind in refusing:
                near = tuple(self._text(group, one) for _, one in found[:NEAR_TOLD])
                return Duplicate(judged.measure, judged.value, self._text(group, which), near)
        open_ones = [(judged, which) for judged, which in found if judged.kind in ("likely", "possible")]
        candidates = tuple(
            Duplicate("adjudicator", judged.value, self._text(group, which))
            for judged, which in open_ones[: self._adjudicated]
        )
        return Unsettled(candidates) if candidates else None

    def _text(self, group: str, which: int | str) -> str:
        return which if isinstance(which, str) else self._texts[group][which]

    def _add(self, items: Sequence[Item]) -> None:
        for item in items:
            self._texts[item.group].extend([item.text])
            self._profiles[item.group].append(item.profile)


_Candidate = tuple[Ruling, int | str]
"""What is ruled of a text and an earlier one: its row in the group, or the text itself if it has none yet."""


def _known(one: float | None, other: float | None) -> float | None:
    return other if one is None else one
