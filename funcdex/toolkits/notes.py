"""What was left out or changed while reading, and why: for the user to see, never an error."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

_LISTED_CHARS = 160


@dataclass(frozen=True, slots=True)
class Note:
    """`where`: a file, or a file and a JSON path; `what`: a sentence without its full stop."""

    where: str
    what: str


class Notebook:
    """Collects notes; what happens to many tools of a file becomes one note that counts them."""

    def __init__(self) -> None:
        self._subjects: dict[tuple[str, str], dict[str, None]] = {}

    def add(self, file: str, what: str, subject: str = "") -> None:
        """`what` happened to `subject` (a tool's or parameter's name, a JSON path) of `file`."""
        subjects = self._subjects.setdefault((file, what), {})
        if subject:
            subjects[subject] = None

    def notes(self) -> tuple[Note, ...]:
        """One note for each file and thing, in the order they first happened."""
        return tuple(
            Note(file, f"{what}: {_listed(subjects)}" if subjects else what)
            for (file, what), subjects in self._subjects.items()
        )


def _listed(subjects: Iterable[str]) -> str:
    every = list(subjects)
    shown = every[:1]
    for subject in every[1:]:
        if sum(map(len, shown)) + len(subject) > _LISTED_CHARS:
            break
        shown.append(subject)
    hidden = len(every) - len(shown)
    return ", ".join(shown) + (f" and {hidden} more" if hidden else "")
