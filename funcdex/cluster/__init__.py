"""A run on many machines, with Ray: docs/ray.md, docs/decisions/0016-ray.md.

`split.py` divides the plan and the endpoints; each range is worked on as a whole run is (`range_work.py`, in
an actor of Ray); `decisions.py` says what is new, in a group of actors that the toolkit sets are shared out
to; `driver.py` gathers what the ranges report. Only `engine.py` imports ray.
"""
