"""The rows that are wrong, or odd but right, and how many copies there are of good ones."""

from __future__ import annotations

from dataclasses import dataclass

Name = tuple[str, str]

# Exact copies of rows, per table.
DUPLICATES: dict[Name, int] = {
    ("crm", "accounts"): 3,
    ("crm", "account_history"): 5,
    ("crm", "contacts"): 6,
    ("crm", "opportunities"): 4,
    ("crm", "opportunity_history"): 12,
    ("crm", "activities"): 12,
    ("billing", "customers"): 2,
    ("billing", "subscriptions"): 3,
    ("billing", "subscription_charges"): 5,
    ("billing", "invoices"): 9,
    ("billing", "fx_rates"): 2,
    ("usage", "users"): 7,
    ("usage", "activity"): 150,
    ("tickets", "tickets"): 11,
    ("tickets", "ticket_events"): 25,
    ("surveys", "responses"): 8,
    ("success", "ctas"): 2,
    ("success", "onboarding_projects"): 2,
    ("ops", "dashboard_views"): 6,
    ("ops", "requests"): 4,
}


@dataclass(frozen=True)
class OlderVersions:
    """Re-sent rows: ``count`` of those that fit ``where``, as they were before.

    A value that begins with ``=`` is taken from the column named after it.
    """

    count: int
    where: str
    values: dict[str, str]
    stray_key: str | None = None


OLDER_VERSIONS: dict[Name, OlderVersions] = {
    ("crm", "accounts"): OlderVersions(
        7,
        "renewal_date != ''",
        {"updated_at": "2026-01-15T08:00:00Z", "arr": "1000.00", "segment": "smb"},
        stray_key="account_id",
    ),
    ("tickets", "tickets"): OlderVersions(
        30,
        "solved_at != ''",
        {"status": "open", "solved_at": "", "csat_score": "", "updated_at": "=created_at"},
    ),
}


@dataclass(frozen=True)
class Gap:
    """``cells`` cells of rows that fit ``where`` lose their value, or get one nobody can read."""

    column: str
    cells: int
    where: str
    value: str = ""


CUSTOMER = "renewal_date != '' and segment != 'enterprise'"
GAPS: dict[Name, list[Gap]] = {
    ("crm", "accounts"): [
        Gap("lifecycle_stage", 2, CUSTOMER),
        Gap("owner_id", 2, CUSTOMER),
        Gap("product_tier", 1, CUSTOMER),
        Gap("renewal_date", 3, CUSTOMER),
        Gap("employee_count", 2, "segment == 'smb'", "about fifty"),
        Gap("customer_since", 1, "customer_since != ''", "last spring"),
    ],
    ("crm", "contacts"): [Gap("email", 4, "is_champion == 'false'", "no email")],
    ("tickets", "tickets"): [Gap("reopened_count", 3, "status == 'closed'", "once or twice")],
}

# Rows that staging has to reject: the reason, and what is changed in an ordinary row.
REJECTS: dict[Name, list[tuple[str, dict[str, str]]]] = {
    ("crm", "accounts"): [
        ("missing_required_value", {"account_id": "a900001", "account_name": "N/A"}),
        ("unreadable_value", {"account_id": "a900002", "updated_at": "yesterday"}),
    ],
    ("crm", "account_history"): [
        (
            "unknown_value",
            {"account_id": "a001050", "field": "mood", "changed_at": "2025-08-01T10:00:00Z"},
        ),
    ],
    ("crm", "contacts"): [
        ("missing_required_value", {"contact_id": "con_x1", "account_id": ""}),
        ("missing_required_value", {"contact_id": "con_x2", "account_id": "none"}),
    ],
    ("crm", "opportunities"): [
        ("missing_required_value", {"opportunity_id": "opp_x1", "stage": "-"}),
    ],
    ("crm", "activities"): [
        ("unreadable_value", {"activity_id": "act_x1", "occurred_at": "2025-02-30T09:00:00Z"}),
        ("missing_required_value", {"activity_id": "act_x2", "account_id": "N/A"}),
    ],
    ("billing", "customers"): [
        ("missing_required_value", {"customer_id": "cus_x1", "created_at": ""}),
    ],
    ("billing", "plans"): [
        (
            "unknown_value",
            {"plan_id": "basic_day", "plan_name": "Basic daily", "billing_interval": "day"},
        ),
    ],
    ("billing", "subscriptions"): [
        ("unknown_value", {"subscription_id": "sub_x1", "status": "incomplete"}),
        (
            "ends_before_start",
            {"subscription_id": "sub_x2", "term_start": "2025-05-01", "term_end": "2025-04-01"},
        ),
    ],
    ("billing", "subscription_charges"): [
        (
            "ends_before_start",
            {
                "charge_id": "ch_x1",
                "effective_from": "2025-06-01",
                "effective_to": "2025-03-01",
            },
        ),
        ("negative_amount", {"charge_id": "ch_x2", "unit_price": "-250.00"}),
        ("missing_required_value", {"charge_id": "ch_x3", "unit_price": ""}),
        ("unreadable_value", {"charge_id": "ch_x4", "quantity": "ten"}),
        ("missing_required_value", {"charge_id": "ch_x5", "currency": ""}),
    ],
    ("billing", "invoices"): [
        ("missing_required_value", {"invoice_id": "in_x1", "amount_due": "N/A"}),
        ("unreadable_value", {"invoice_id": "in_x2", "issued_at": "2025-13-01T00:00:00Z"}),
        ("unreadable_value", {"invoice_id": "in_x3", "amount_due": "see attachment"}),
    ],
    ("billing", "fx_rates"): [
        ("out_of_range", {"currency": "CHF", "rate_date": "2025-01-01", "rate_to_usd": "-1.1000"}),
    ],
    ("usage", "users"): [
        ("missing_required_value", {"product_user_id": "u_x1", "account_id": "-"}),
    ],
    ("usage", "activity"): [
        ("missing_required_value", {"product_user_id": "u_x1", "activity_date": ""}),
        ("missing_required_value", {"product_user_id": "u_x2", "activity_date": "none"}),
        ("missing_required_value", {"product_user_id": "u_x3", "account_id": ""}),
        ("unreadable_value", {"product_user_id": "u_x4", "activity_date": "2025-04-31"}),
        ("unreadable_value", {"product_user_id": "u_x5", "activity_date": "last week"}),
        ("unreadable_value", {"product_user_id": "u_x6", "event_count": "many"}),
        ("negative_amount", {"product_user_id": "u_x7", "event_count": "-4"}),
        ("negative_amount", {"product_user_id": "u_x8", "event_count": "-1"}),
    ],
    ("tickets", "tickets"): [
        ("out_of_range", {"ticket_id": "t_x1", "csat_score": "11"}),
        ("missing_required_value", {"ticket_id": "t_x2", "created_at": "N/A"}),
        (
            "ends_before_start",
            {
                "ticket_id": "t_x3",
                "created_at": "2025-10-05T10:00:00Z",
                "first_replied_at": "",
                "solved_at": "2025-10-01T10:00:00Z",
            },
        ),
    ],
    ("tickets", "ticket_events"): [
        (
            "unknown_value",
            {"ticket_id": "t_x1", "event_type": "mood", "new_value": "angry"},
        ),
    ],
    ("surveys", "responses"): [
        (
            "out_of_range",
            {
                "response_id": "sv_x1",
                "survey_type": "nps",
                "score": "11",
                "sent_at": "2025-03-03T09:00:00Z",
                "responded_at": "2025-03-04T09:00:00Z",
            },
        ),
        (
            "ends_before_start",
            {
                "response_id": "sv_x2",
                "survey_type": "nps",
                "score": "8",
                "sent_at": "2025-03-03T09:00:00Z",
                "responded_at": "2025-03-01T09:00:00Z",
            },
        ),
        # an answer to an invitation that nobody sent
        (
            "missing_required_value",
            {
                "response_id": "sv_x3",
                "survey_type": "nps",
                "score": "2",
                "sent_at": "",
                "responded_at": "2025-03-04T09:00:00Z",
            },
        ),
    ],
    ("success", "ctas"): [
        ("missing_required_value", {"cta_id": "cta_x1", "status": ""}),
        (
            "ends_before_start",
            {
                "cta_id": "cta_x2",
                "created_at": "2025-04-10T09:00:00Z",
                "closed_at": "2025-04-08T16:00:00Z",
            },
        ),
        (
            "ends_before_start",
            {
                "cta_id": "cta_x3",
                "created_at": "2026-02-17T09:00:00Z",
                "closed_at": "2026-02-17T08:59:59Z",
            },
        ),
    ],
    ("success", "onboarding_projects"): [
        (
            "ends_before_start",
            {
                "project_id": "onb_x1",
                "started_at": "2025-06-02T09:00:00Z",
                "completed_at": "2025-05-20T16:00:00Z",
            },
        ),
        ("unknown_value", {"project_id": "onb_x2", "path": "concierge"}),
    ],
    ("ops", "requests"): [
        ("unknown_value", {"request_id": "req_x1", "priority": "P9"}),
        (
            "ends_before_start",
            {
                "request_id": "req_x2",
                "created_at": "2025-06-10T09:00:00Z",
                "delivered_at": "2025-06-03T09:00:00Z",
            },
        ),
    ],
    ("ops", "incidents"): [
        (
            "ends_before_start",
            {
                "incident_id": "inc_x1",
                "started_at": "2025-06-10T09:00:00Z",
                "resolved_at": "2025-06-09T09:00:00Z",
            },
        ),
    ],
}

# The account that returns after six months had no contract from January to July 2025.
GONE = "a001001"

# Rows that are odd but right: kept by staging; what to make of them is the models' business.
ODD_ROWS: dict[Name, list[dict[str, str]]] = {
    ("crm", "opportunities"): [
        # a renewal of an account that nobody knows
        {
            "opportunity_id": "opp_orphan1",
            "account_id": "a999906",
            "type": "renewal",
            "subscription_id": "",
        },
    ],
    ("crm", "opportunity_history"): [
        # of an opportunity that nobody knows
        {"opportunity_id": "opp_gone1", "changed_at": "2025-02-03T09:00:00Z"},
    ],
    ("usage", "activity"): [
        # of an account and a user that nobody knows
        {"product_user_id": "u_stray1", "account_id": "a999901", "activity_date": "2025-09-02"},
        {"product_user_id": "u_stray1", "account_id": "a999901", "activity_date": "2025-09-03"},
        # of an account that has left; after the last day
        {"product_user_id": "u_late1", "account_id": GONE, "activity_date": "2025-03-20"},
        {"product_user_id": "u_future", "activity_date": "2026-12-24"},
    ],
    ("tickets", "tickets"): [
        # of an account that nobody knows; of none at all; of one that has left; after the last day
        {"ticket_id": "t_orphan1", "account_id": "a999902"},
        {"ticket_id": "t_orphan2", "account_id": ""},
        {
            "ticket_id": "t_late1",
            "account_id": GONE,
            "created_at": "2025-03-15T09:00:00Z",
            "first_replied_at": "2025-03-15T11:30:00Z",
            "is_escalated": "false",
            "escalated_at": "",
            "solved_at": "2025-03-16T08:00:00Z",
            "updated_at": "2025-03-16T08:00:00Z",
        },
        {
            "ticket_id": "t_future",
            "created_at": "2026-11-01T09:00:00Z",
            "first_replied_at": "",
            "solved_at": "",
            "csat_score": "",
            "status": "new",
            "updated_at": "2026-11-01T09:00:00Z",
        },
    ],
    ("surveys", "responses"): [
        # of an account nobody knows; of a colleague, who is no customer; of nobody knows when
        {"response_id": "sv_orphan1", "account_id": "a999903", "contact_id": ""},
        {
            "response_id": "sv_internal1",
            "survey_type": "nps",
            "account_id": "a001020",
            "contact_id": "",
            "sent_at": "2025-05-05T09:00:00Z",
            "responded_at": "2025-05-06T09:00:00Z",
            "score": "1",
            "comment": "Too expensive for what we use",
            "language": "en",
        },
        {
            "response_id": "sv_undated1",
            "survey_type": "nps",
            "contact_id": "",
            "responded_at": "",
            "score": "3",
            "comment": "Too many bugs lately",
            "language": "en",
        },
    ],
    ("crm", "activities"): [
        {"activity_id": "act_future", "occurred_at": "2026-09-15T10:00:00Z"},
        {"activity_id": "act_orphan1", "account_id": "a999904", "contact_id": ""},
    ],
    ("ops", "requests"): [
        # made after the last day
        {
            "request_id": "req_future",
            "created_at": "2026-09-07T09:00:00Z",
            "first_response_at": "",
            "delivered_at": "",
            "status": "open",
        },
    ],
    ("ops", "dashboard_views"): [
        # of dashboards that nobody registered; by somebody who is no employee; after the last day
        {"dashboard_key": "q3_draft", "viewed_at": "2025-09-02T09:00:00Z"},
        {"dashboard_key": "q3_draft", "viewed_at": "2025-09-09T09:00:00Z"},
        {"dashboard_key": "copy_of_renewals", "viewed_at": "2025-09-09T10:00:00Z"},
        {"viewer_email": "board.member@investor.example"},
        {"viewed_at": "2026-08-03T09:00:00Z"},
    ],
}
