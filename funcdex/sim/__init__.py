"""A simulated endpoint: vLLM's HTTP dialect, real constrained decoding, invented words, faults on request.

It takes the place of a model server where none is at hand: for demonstrations, tests, and benchmarks of
the client side. What it writes obeys the grammar of the request and means nothing.
"""
