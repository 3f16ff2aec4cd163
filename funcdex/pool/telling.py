"""Tells the pool's owner what happens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from funcdex.errors import EndpointError
from funcdex.pool.events import EventKind, MemberState, PoolEvent
from funcdex.pool.member import Member

_TOLD_AS: dict[MemberState, EventKind] = {
    "open": "opened",
    "down": "down",
    "ready": "closed",
    "refused": "refused",
}


@dataclass(frozen=True, slots=True)
class Teller:
    """`on_event` must return at once."""

    on_event: Callable[[PoolEvent], None] | None
    clock: Callable[[], float]

    def tell(
        self,
        kind: EventKind,
        member: Member,
        fault: EndpointError | None = None,
        conversation_id: str | None = None,
        detail: str | None = None,
    ) -> None:
        """Without a detail, why the endpoint is not ready."""
        if self.on_event is not None:
            said = member.reason if detail is None else detail
            kind_of_fault = fault.kind if fault else None
            event = PoolEvent(kind, self.clock(), member.url, kind_of_fault, said, conversation_id)
            self.on_event(event)

    def tell_change(self, member: Member, before: MemberState, fault: EndpointError | None = None) -> None:
        """Of its state, if there is one."""
        after = member.state(self.clock())
        kind = _TOLD_AS.get(after)
        if kind is not None and after != before:
            self.tell(kind, member, fault)
