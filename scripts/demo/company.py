"""Puts the company together: from the hidden state to the raw tables as they should have been."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from . import catalogue, crm, operations, pipeline, success, support, surveys, usage
from .accounts import INTERVALS, Accounts, draw_accounts
from .adjustments import adjust_invoices, misstate_arr
from .billing import Billing, build_billing
from .contracts import Contracts, simulate_contracts
from .quality import Quality, draw_quality
from .scripted import add_orphans, add_scenarios, clear_scripted, scripted_crm
from .settings import LAST_DAY, Settings
from .terms import vary_terms

Tables = dict[tuple[str, str], pd.DataFrame]
MONTHS_OF = dict(zip(INTERVALS, [12 / 52, 1, 3, 6, 12, 24], strict=True))


@dataclass
class Company:
    """The clean world. ``tables`` holds every raw table but the daily activity.

    ``planted_terms`` says which odd case a subscription's term was made to be, ``lost_links``
    which subscription a renewal opportunity is about that no longer says so,
    ``adjusted_invoices`` which odd case an invoice is, and ``misstated_arr`` why the CRM has an
    account's ARR wrong.
    """

    settings: Settings
    accounts: Accounts
    quality: Quality
    contracts: Contracts
    users: usage.Users
    tables: Tables
    planted_terms: dict[str, str]
    lost_links: dict[str, str]
    adjusted_invoices: dict[str, str]
    misstated_arr: dict[str, str]

    def activity(self) -> Iterator[pd.DataFrame]:
        """The activity table in chunks of one month, with dictionary-coded texts."""
        months = usage.activity_months(
            self.settings, self.accounts, self.contracts, self.quality, self.users
        )
        user_ids = pd.CategoricalDtype(self.users.ids)
        account_ids = pd.CategoricalDtype(self.accounts.ids)
        feature_keys = pd.CategoricalDtype(catalogue.FEATURE_KEYS)
        for month in months:
            month = usage.with_guests(self.settings, self.users, month)
            month = usage.with_trials(self.settings, self.contracts, month)
            yield pd.DataFrame(
                {
                    "product_user_id": pd.Categorical.from_codes(month.user, dtype=user_ids),
                    "account_id": pd.Categorical.from_codes(month.account, dtype=account_ids),
                    "feature_key": pd.Categorical.from_codes(month.feature, dtype=feature_keys),
                    "activity_date": month.day,
                    "event_count": month.events,
                }
            )


def build_company(settings: Settings) -> Company:
    accounts = draw_accounts(settings)
    clear_scripted(settings, accounts)
    quality = draw_quality(settings, accounts)
    contracts = simulate_contracts(settings, accounts, quality)
    billing = build_billing(settings, accounts, contracts, quality)
    rates = catalogue.exchange_rates(settings)
    opportunities, opportunity_history = pipeline.opportunities_tables(
        settings, accounts, contracts, quality, billing.subscriptions
    )
    planted_terms = vary_terms(settings, billing, opportunities)
    lost_links = pipeline.lose_links(settings, opportunities)
    add_scenarios(settings, accounts, contracts, billing)
    add_orphans(billing)
    adjusted = adjust_invoices(settings, billing)
    users = usage.draw_users(settings, accounts, contracts)
    plans = catalogue.plans()
    annual = annual_usd(accounts, billing, plans, rates)
    staff = crm.staff(accounts)
    contacts = crm.contacts_table(settings, accounts, quality)
    first_contact = contacts.drop_duplicates("account_id").email.to_numpy()
    tickets = support.tickets_table(
        settings, accounts, contracts, quality, first_contact, crm.support_agents(staff)
    )
    tickets, instrumented = support.instrument(settings, tickets)
    ticket_events = support.ticket_events_table(settings, tickets, instrumented)
    leaders = staff[staff.role.isin(["cs_leader", "cs_manager"])]
    state = (settings, accounts, contracts, quality)
    responses = surveys.responses_table(*state, contacts, leaders)
    touches = [
        crm.touches_table(*state, contacts),
        surveys.follow_ups_table(settings, accounts, responses),
    ]
    tables: Tables = {
        ("crm", "accounts"): scripted_crm(accounts, crm.accounts_table(*state, annual)),
        ("crm", "account_history"): crm.history(*state),
        ("crm", "users"): staff,
        ("crm", "contacts"): contacts,
        ("crm", "opportunities"): opportunities,
        ("crm", "opportunity_history"): opportunity_history,
        ("crm", "activities"): pd.concat(touches, ignore_index=True),
        ("billing", "customers"): billing.customers,
        ("billing", "plans"): plans,
        ("billing", "subscriptions"): billing.subscriptions,
        ("billing", "subscription_charges"): billing.subscription_charges,
        ("billing", "invoices"): billing.invoices,
        ("billing", "fx_rates"): rates,
        ("usage", "features"): catalogue.features(),
        ("usage", "users"): usage.users_table(settings, accounts, users),
        ("tickets", "tickets"): support.count_notes(settings, tickets, ticket_events),
        ("tickets", "ticket_events"): ticket_events,
        ("tickets", "sla_policies"): support.sla_policies(),
        ("surveys", "responses"): responses,
        ("success", "playbooks"): success.playbooks_table(),
        ("success", "ctas"): success.ctas_table(*state),
        ("success", "onboarding_projects"): success.onboarding_table(*state),
        ("success", "success_plans"): success.success_plans_table(*state),
        ("success", "health_overrides"): success.overrides_table(*state),
        ("success", "cta_pushes"): success.pushes_table(settings, accounts, contracts),
        ("ops", "requests"): operations.requests_table(settings, staff),
        ("ops", "dashboards"): operations.dashboards_table(settings, staff),
        ("ops", "dashboard_views"): operations.views_table(settings, staff),
        ("ops", "incidents"): operations.incidents_table(settings),
        ("ops", "automation_runs"): operations.automation_table(settings),
        ("ops", "dependencies"): operations.dependencies_table(settings),
    }
    planted = (planted_terms, lost_links, adjusted, misstate_arr(settings, accounts, tables))
    return Company(settings, accounts, quality, contracts, users, tables, *planted)


def annual_usd(
    accounts: Accounts, billing: Billing, plans: pd.DataFrame, rates: pd.DataFrame
) -> np.ndarray:
    """Recurring revenue a year per account on the last day, in US dollars: what sales keeps."""
    charges = billing.subscription_charges
    charges = charges[
        (charges.effective_from <= LAST_DAY)
        & (charges.effective_to.isna() | (charges.effective_to > LAST_DAY))
    ]
    charges = charges.merge(plans, on="plan_id").merge(billing.subscriptions, on="subscription_id")
    charges = charges.merge(billing.customers, on="customer_id", suffixes=("", "_of_customer"))
    charges = charges[
        (charges.charge_type == "recurring") & charges.status.isin(["active", "past_due"])
    ]
    latest = rates.drop_duplicates("currency", keep="last").set_index("currency").rate_to_usd
    monthly = (
        charges.quantity
        * charges.unit_price
        * (1 - charges.discount_pct.fillna(0) / 100)
        / charges.billing_interval.map(MONTHS_OF)
        * charges.currency.map(latest)
    )
    per_account = (monthly * 12).groupby(charges.account_id).sum()
    return per_account.reindex(accounts.ids).fillna(0).round(2).to_numpy()
