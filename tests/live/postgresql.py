"""Starts a real PostgreSQL server in a folder of its own, reached by a socket there, and stops it again.

    with postgresql.running() as server:
        psycopg.connect(server.new_database())

Debian's package `postgresql` brings it: `apt-get install postgresql`.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from tempfile import mkdtemp

_NUMBERS = count(1)


@dataclass(frozen=True)
class PostgresServer:
    """`socket` is the folder of its socket, `user` who owns it."""

    socket: Path
    user: str

    def url(self, database: str) -> str:
        return f"postgresql://{self.user}@/{database}?host={self.socket}"

    def new_database(self) -> str:
        """The URL of an empty one."""
        import psycopg

        name = f"test{next(_NUMBERS)}"
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return self.url(name)


def why_not() -> str | None:
    """None if it can be started, else a line for the user."""
    if _program("initdb") is None:
        return "PostgreSQL is not installed: apt-get install postgresql (Debian) brings it"
    try:
        import psycopg
    except ImportError as error:
        return f"psycopg cannot be used ({error}): pip install 'funcdex[postgres]'"
    assert psycopg
    return None


@contextmanager
def running() -> Iterator[PostgresServer]:
    user = _user()
    # Not below pytest's folders, which are for their owner alone; and a socket's path has 107 bytes at most.
    folder = Path(mkdtemp(prefix="funcdex-postgresql-"))
    data = folder / "data"
    if os.getuid() == 0:
        shutil.chown(folder, user)
    try:
        encoding = ("-E", "UTF8", "--locale=C.UTF-8")
        _run(user, "initdb", "-D", data, "-A", "trust", "-U", user, "--no-sync", *encoding)
        options = f"-k {folder} -c listen_addresses= -c fsync=off -c shared_buffers=16MB"
        _run(user, "pg_ctl", "-D", data, "-w", "-l", folder / "log", "-o", options, "start")
        try:
            yield PostgresServer(folder, user)
        finally:
            _run(user, "pg_ctl", "-D", data, "-w", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _user() -> str:
    """The server refuses to run as root."""
    if os.getuid():
        return pwd.getpwuid(os.getuid()).pw_name
    known = {one.pw_name for one in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"


def _run(user: str, name: str, *arguments: object) -> None:
    program = _program(name)
    assert program is not None
    words: Sequence[str] = [str(program), *map(str, arguments)]
    if os.getuid() == 0:
        words = [
            "setpriv",
            f"--reuid={user}",
            f"--regid={pwd.getpwnam(user).pw_gid}",
            "--clear-groups",
            *words,
        ]
    done = subprocess.run(
        words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, cwd="/", check=False
    )
    assert done.returncode == 0, done.stderr


def _program(name: str) -> Path | None:
    """Debian keeps them out of the path, one folder for each version."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: path.parts[-3])
    if found:
        return found[-1]
    there = shutil.which(name)
    return Path(there) if there else None
