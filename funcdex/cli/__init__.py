"""The command line: the only place that prints, and where exit codes are decided.

Each command imports what it needs when it runs, so that `funcdex --help` is quick.
"""
