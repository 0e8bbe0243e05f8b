"""Who may ask for what: roles by the role file, callers by the hashes of their tokens."""

import csv
import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

import typer

from scripts.project import ROOT, UsageError, UserError, suggestion
from scripts.publish import put_text

ROLE_FILE = ROOT / "seeds" / "reference" / "access_grants.csv"
TOKEN_COLUMNS = ["token_sha256", "holder", "role", "expires_on"]


class NotAllowedError(UserError):
    """The role may not see what was asked for."""


class UnknownCallerError(UserError):
    """There is no token, or none that is good."""


@dataclass(frozen=True)
class Role:
    """A role of the role file: the schemas it may read, and those with their personal data."""

    name: str
    schemas: frozenset[str] = frozenset()
    schemas_with_personal_data: frozenset[str] = frozenset()


def roles(on: date, role_file: Path = ROLE_FILE) -> dict[str, Role]:
    """The roles with a grant in force on a day, by name."""
    schemas: dict[str, set[str]] = {}
    with_personal_data: dict[str, set[str]] = {}
    for row in _rows(role_file):
        begun = date.fromisoformat(row["effective_from"]) <= on
        ended = row["effective_to"] and date.fromisoformat(row["effective_to"]) <= on
        if not begun or ended or row["privilege"] != "select":
            continue
        schemas.setdefault(row["role"], set()).add(row["schema_name"])
        if row["reads_personal_data"] == "true":
            with_personal_data.setdefault(row["role"], set()).add(row["schema_name"])
    return {
        name: Role(name, frozenset(read), frozenset(with_personal_data.get(name, ())))
        for name, read in schemas.items()
    }


def role_named(name: str, on: date) -> Role:
    """The role of that name; raises a UsageError if the role file gives it nothing on that day."""
    known = roles(on)
    if name not in known:
        raise UsageError(
            f"There is no role {name!r} in force in {ROLE_FILE.relative_to(ROOT)}."
            f"{suggestion(name, known) or ' There are ' + ', '.join(sorted(known)) + '.'}"
        )
    return known[name]


@dataclass(frozen=True)
class Caller:
    """Whose token it is, its role and the last day on which it is good."""

    holder: str
    role: str
    expires_on: date


@dataclass
class Tokens:
    """The callers of a token file, which is read anew whenever it changes."""

    file: Path
    _read_at: tuple[int, int] | None = field(default=None, init=False)
    _callers: dict[str, Caller] = field(default_factory=dict, init=False)

    def role_of(self, token: str | None, on: date) -> Role:
        """The role of a token; raises an UnknownCallerError for none, an unknown or an old one."""
        if not token:
            raise UnknownCallerError(
                "Send a token in the header Authorization: Bearer <token>; whoever runs this "
                "server gives out tokens."
            )
        caller = self.callers().get(hashed(token))
        if caller is None:
            raise UnknownCallerError("This token is unknown; ask whoever runs this server for one.")
        if on > caller.expires_on:
            raise UnknownCallerError(
                f"This token of {caller.holder} expired on {caller.expires_on}; ask whoever runs "
                "this server for a new one."
            )
        try:
            return role_named(caller.role, on)
        except UsageError:
            raise NotAllowedError(
                f"The role {caller.role} of this token is no longer in force."
            ) from None

    def callers(self) -> dict[str, Caller]:
        """The callers by the hash of their token, as the file has them now.

        Looking a hash up takes no longer for one that is nearly right, so nothing is given away.
        """
        try:
            status = self.file.stat()
        except FileNotFoundError:
            raise UserError(
                f"There is no token file {self.file}: make one with `python -m scripts token`."
            ) from None
        read_at = (status.st_ino, status.st_mtime_ns)
        if read_at != self._read_at:
            self._callers = dict(self._read())
            self._read_at = read_at
        return self._callers

    def _read(self) -> Iterable[tuple[str, Caller]]:
        for number, row in enumerate(_rows(self.file, TOKEN_COLUMNS), start=2):
            try:
                if len(bytes.fromhex(row["token_sha256"])) != hashlib.sha256().digest_size:
                    raise ValueError
                caller = Caller(row["holder"], row["role"], date.fromisoformat(row["expires_on"]))
            except (TypeError, ValueError):
                raise UserError(
                    f"Line {number} of the token file {self.file} can't be read: token_sha256 is "
                    "64 hexadecimal digits, expires_on a date as yyyy-mm-dd."
                ) from None
            yield row["token_sha256"].lower(), caller


def hashed(token: str) -> str:
    """What the token file keeps of a token. Tokens are random and long, so no salt is needed."""
    return hashlib.sha256(token.encode()).hexdigest()


def today() -> date:
    """The day in UTC. Access ends on the calendar, unlike numbers, which are as of a date."""
    return datetime.now(UTC).date()


def _rows(file: Path, columns: list[str] | None = None) -> list[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as lines:
        reader = csv.DictReader(lines)
        rows = list(reader)
    missing = [name for name in columns or [] if name not in (reader.fieldnames or [])]
    if missing:
        raise UserError(f"{file} has no column {missing[0]}; it needs {', '.join(columns or [])}.")
    return rows


def command(
    holder: Annotated[str, typer.Option(help="Who will use it, e.g. a tool or a team.")],
    role: Annotated[str, typer.Option(help="A role of seeds/reference/access_grants.csv.")],
    expires_on: Annotated[str, typer.Option(help="The last day on which it is good, yyyy-mm-dd.")],
    tokens: Annotated[
        Path, typer.Option(envvar="BELLWETHER_TOKENS", help="The token file; made if absent.")
    ],
) -> None:
    """Make a token for the metrics server: it is shown once, and the file keeps only its hash.

    Taking its line out of the file takes it back at once.
    Example: python -m scripts token --holder "Finance" --role bi_reader --expires-on 2027-06-30
    --tokens ../tokens.csv
    """
    role_named(role, today())
    try:
        date.fromisoformat(expires_on)
    except ValueError:
        raise UsageError(
            f"--expires-on: {expires_on!r} is not a date; write it as yyyy-mm-dd."
        ) from None
    rows = _rows(tokens, TOKEN_COLUMNS) if tokens.exists() else []
    token = secrets.token_urlsafe(32)
    new = dict(zip(TOKEN_COLUMNS, (hashed(token), holder, role, expires_on), strict=True))
    from scripts.metrics import as_csv

    lines = [[row[name] for name in TOKEN_COLUMNS] for row in (*rows, new)]
    put_text(as_csv(TOKEN_COLUMNS, lines) + "\n", tokens)
    print(token)
