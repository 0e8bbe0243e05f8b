"""`python -m scripts demo-data`: the demo company's raw data, or a larger company's."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from scripts.project import UserError


def command(
    seed: Annotated[int, typer.Option(help="Seed number: the same gives the same bytes.")] = 13,
    accounts: Annotated[int, typer.Option(help="Accounts in the CRM, at least 60.")] = 150,
    months: Annotated[int, typer.Option(help="Months of product data, 24 to 120.")] = 30,
    usage: Annotated[float, typer.Option(help="How often users are active; 1 is the demo.")] = 1.0,
    format: Annotated[
        Literal["csv", "parquet"], typer.Option(help="csv: dirty text; parquet: clean and typed.")
    ] = "csv",
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for <system>/<object> files; without it, the project's seeds."),
    ] = None,
) -> None:
    """Write the raw data of a made-up company, and the truth it was made from.

    Without options this writes the committed seeds and tests/truth. Larger companies go to
    a folder, for benchmarks:

    python -m scripts demo-data --accounts 10000 --months 36 --format parquet --out big

    That has 4 million rows of activity; with --usage 1.3, 5 million.
    """
    from .company import build_company
    from .settings import Settings
    from .write import write_csv, write_parquet

    if accounts < 60 or not 24 <= months <= 120:
        raise UserError("The demo company needs at least 60 accounts and 24 to 120 months.")
    if seed < 0 or not 0.2 <= usage <= 20:
        raise UserError("The seed number can't be negative, and --usage goes from 0.2 to 20.")
    if format == "parquet" and out is None:
        raise UserError("Parquet files need a folder: add --out FOLDER.")
    company = build_company(Settings(seed=seed, accounts=accounts, months=months, usage=usage))
    write = write_csv if format == "csv" else write_parquet
    try:
        rows = write(company, out)
    except OSError as error:
        raise UserError(f"Can't write the demo data: {error}. Choose another --out.") from error
    print(f"{rows:,} rows written to {out or 'seeds/raw'}.")
