"""What a range tells arrives once, in order, also where an answer is lost on its way."""

from __future__ import annotations

import threading

import pytest
from snapshots import endpoint, moment

from funcdex.cluster import reports
from funcdex.cluster.merging import merged
from funcdex.cluster.reports import Shipment, ToOutputs, fault_of, told_fault
from funcdex.errors import CheckpointError, ClusterError, GrammarError, NoEndpointAvailable
from funcdex.pipeline import Funnel
from funcdex.rundir.replay import Tokens


def test_a_batch_whose_answer_was_lost_is_told_again() -> None:
    shipment = Shipment()
    shipment.put_event("joined", {"endpoint": "http://a:1"})
    first = shipment.fetch(0)
    shipment.say("later")
    assert shipment.fetch(0) == first and first.events == (("joined", {"endpoint": "http://a:1"}),)
    assert shipment.fetch(first.number).said == ("later",)
    assert not shipment.fetch(first.number + 1)


def test_who_writes_waits_while_too_much_is_not_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reports, "MOST_BYTES", 10)
    shipment = Shipment()
    outputs = ToOutputs(shipment)
    outputs.write([{"rejected": [b"0123456789\n"]}])
    writer = threading.Thread(target=outputs.write, args=([{"rejected": [b"next\n"]}],))
    writer.start()
    assert len(shipment.fetch(0).lines) == 1
    writer.join(20)
    assert shipment.fetch(1).lines == ({"rejected": [b"next\n"]},)


def test_a_fault_keeps_the_class_that_exit_codes_go_by() -> None:
    for kind, becomes in ((NoEndpointAvailable, NoEndpointAvailable), (GrammarError, ClusterError)):
        fault = fault_of(told_fault(kind("it", where="there", fix="Do so.")))
        assert type(fault) is becomes and str(fault) == "it (there). Do so."
    assert isinstance(fault_of(told_fault(CheckpointError("a", where="b", fix="c"))), CheckpointError)


def test_moments_of_ranges_make_one_of_the_run() -> None:
    shared = endpoint(url="http://a:1", in_flight=2, limit=4, failed={"timed_out": 1})
    ill = endpoint(url="http://a:1", in_flight=1, limit=3, state="open", reason="faults")
    other = endpoint(url="http://b:1", in_flight=5, limit=8)
    whole = merged(
        [
            moment(shared, accepted=3, rejected={"length": 1}, live={"judge": 2}, settled_per_s=1.5),
            moment(ill, other, accepted=4, rejected={"length": 2}, tokens={"m": Tokens(1, 2, 0)}),
        ],
        planned=30,
        elapsed_s=9.0,
        earlier={"m": Tokens(10, 10, 10)},
        prices={},
        waiting=[Funnel(10, accepted=5)],
    )
    assert (whole.planned, whole.accepted, whole.rejected) == (30, 12, {"length": 3})
    assert whole.tokens == {"m": Tokens(11, 12, 10)} and whole.settled_per_s == 1.5
    assert [one.url for one in whole.pool.endpoints] == ["http://a:1", "http://b:1"]
    assert (whole.pool.endpoints[0].limit, whole.pool.endpoints[0].state) == (7, "open")
    assert whole.pool.in_flight == 8
