"""`python -m funcdex`: the same as the `funcdex` command."""

from funcdex.cli.app import main

main()
