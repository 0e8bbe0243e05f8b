"""What the demo company's customers lost, worked out from the clean tables in cents.

An account's churn or contraction of a month is a loss as far as its ultimate parent lost by it:
what a sister account gained in the same month was moved. Independent of the dbt models.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import date

import pandas as pd

from .truth import UNASSIGNED, charge_months, monthly_mrr, movements, resolve_accounts

Tables = dict[tuple[str, str], pd.DataFrame]
COLUMNS = ["account_id", "month_start", "has_churned", "has_contracted", "mrr_lost"]


def truth_tables(tables: Tables) -> dict[str, tuple[list[str], list[tuple]]]:
    """Header and rows of each file of truth, by its name."""
    return {"health_losses": (COLUMNS, losses(tables))}


def losses(tables: Tables) -> list[tuple]:
    """One row per account and month in which it left or shrank, in the order of COLUMNS."""
    top = _ultimate_parents(tables["crm", "accounts"])
    lost_by_parent: dict[tuple[str, date], int] = defaultdict(int)
    lost: dict[tuple[str, date], tuple[str, int]] = {}
    for account, month, kind, cents in movements(monthly_mrr(charge_months(tables))):
        if account == UNASSIGNED or kind == "fx":
            continue
        lost_by_parent[top[account], month] -= cents
        if kind in ("churn", "contraction"):
            lost[account, month] = (kind, -cents)
    rows = []
    for (account, month), (kind, cents) in sorted(lost.items()):
        cents = min(cents, lost_by_parent[top[account], month])
        if cents > 0:
            is_churn = kind == "churn"
            amount = f"{cents // 100}.{cents % 100:02}"
            rows.append((account, month, _text(is_churn), _text(not is_churn), amount))
    return rows


def _text(value: bool) -> str:
    return "true" if value else "false"


def _ultimate_parents(accounts: pd.DataFrame) -> dict[str, str]:
    """Each account → the account at the top of its parents, mergers followed."""
    resolved = resolve_accounts(accounts)
    parent_of = accounts.set_index("account_id").parent_account_id.to_dict()
    tops = {}
    for account in parent_of:
        top = account
        while (parent := resolved.get(parent_of[top])) not in (None, UNASSIGNED, top):
            top = parent
        tops[account] = top
    return tops
