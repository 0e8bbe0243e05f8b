"""What the sources held at the end of a day: their rows of today, taken back to that day.

Each query reads staging tables by name and gives the rows of one, with `@tomorrow` the first
moment that nobody knew of yet. A row that came later is gone, and what happened later is taken
out of the rows that stay. What a source keeps no history of stays as it is today: which account
was merged into which, who is managed or internal; type, tags and rating of a ticket solved
before; voided invoices; drafts, pauses and arrears of subscriptions; and every success plan,
which has no date of its own.
"""

# Dates that may lie ahead of the day on which they were set.
PLANNED = {
    "crm.accounts": {"renewal_date"},
    "crm.opportunity_history": {"close_date"},
    "billing.invoices": {"due_at", "service_start", "service_end"},
    "success.ctas": {"due_at"},
    "success.onboarding_projects": {"target_at"},
    "success.success_plans": {"due_at"},
    "success.health_overrides": {"valid_from", "valid_to"},
}

HELD = {
    "crm.accounts": """
        with changed as (
            select
                account_id,
                map_from_entries(
                    list(struct_pack(field := field, old_value := old_value))
                ) as old_values
            from (
                select account_id, field, arg_min_null(old_value, changed_at) as old_value
                from stg_crm__account_history
                where changed_at >= @tomorrow
                group by account_id, field
            )
            group by account_id
        )

        select accounts.* replace (
            {attributes},
            case when customer_since < @tomorrow then customer_since end as customer_since,
            least(updated_at, @tomorrow - interval 1 second) as updated_at
        )
        from stg_crm__accounts as accounts
        left join changed using (account_id)
        where created_at < @tomorrow
    """.replace(
        "{attributes}",
        ",\n".join(
            f"case when map_contains(old_values, '{field}') then old_values['{field}'] "
            f"else {field} end as {field}"
            for field in (
                *("segment", "owner_id", "csm_id", "lifecycle_stage", "product_tier", "region"),
            )
        ),
    ),
    "crm.account_history": """
        select * from stg_crm__account_history where changed_at < @tomorrow
    """,
    "crm.users": "select * from stg_crm__users",
    "crm.contacts": """
        select * replace (case when left_at < @tomorrow then left_at end as left_at)
        from stg_crm__contacts
        where created_at < @tomorrow
    """,
    "crm.activities": "select * from stg_crm__activities where occurred_at < @tomorrow",
    "crm.opportunities": """
        with latest as (
            select
                opportunity_id,
                arg_max_null(stage, changed_at) as stage,
                arg_max_null(forecast_category, changed_at) as forecast_category,
                arg_max_null(forecast_amount, changed_at) as forecast_amount,
                arg_max_null(close_date, changed_at) as close_date
            from stg_crm__opportunity_history
            where changed_at < @tomorrow
            group by opportunity_id
        )

        select opportunities.* replace (
            coalesce(latest.stage, opportunities.stage) as stage,
            coalesce(latest.forecast_category, opportunities.forecast_category)
                as forecast_category,
            coalesce(latest.forecast_amount, opportunities.forecast_amount) as forecast_amount,
            coalesce(latest.close_date, opportunities.close_date) as close_date,
            case when closed_at < @tomorrow then closed_at end as closed_at,
            case when closed_at < @tomorrow then is_won end as is_won,
            case when closed_at < @tomorrow then loss_reason end as loss_reason
        )
        from stg_crm__opportunities as opportunities
        left join latest using (opportunity_id)
        where created_at < @tomorrow
    """,
    "crm.opportunity_history": """
        select * from stg_crm__opportunity_history where changed_at < @tomorrow
    """,
    "billing.customers": "select * from stg_billing__customers where created_at < @tomorrow",
    "billing.plans": "select * from stg_billing__plans",
    # Nobody had heard of a cancellation booked later, and what it ended ran on. One that is
    # booked leaves the subscription active until its last day.
    "billing.subscriptions": """
        select * replace (
            case
                when status = 'canceled' and cancel_effective_at >= @tomorrow then 'active'
                when status = 'expired' and term_end >= @tomorrow then 'active'
                else status
            end as status,
            case when canceled_at < @tomorrow then canceled_at end as canceled_at,
            case when canceled_at < @tomorrow then cancel_effective_at end
                as cancel_effective_at,
            case when canceled_at < @tomorrow then cancel_reason end as cancel_reason
        )
        from stg_billing__subscriptions
        where coalesce(signed_at, term_start) < @tomorrow
    """,
    # A charge begins with the subscription or comes by a later change; a later change or
    # cancellation is also what ends a charge before the end it was given.
    "billing.subscription_charges": """
        with ended as (
            select
                charges.charge_id,
                bool_or(subscriptions.canceled_at >= @tomorrow)
                or bool_or(successors.charge_id is not null) as is_ended_later
            from stg_billing__subscription_charges as charges
            inner join stg_billing__subscriptions as subscriptions
                on charges.subscription_id = subscriptions.subscription_id
            left join stg_billing__subscription_charges as successors
                on charges.subscription_id = successors.subscription_id
                and charges.plan_id = successors.plan_id
                and charges.effective_to = successors.effective_from
            where charges.effective_to >= @tomorrow
            group by charges.charge_id
        )

        select charges.* replace (
            case when ended.is_ended_later then null else charges.effective_to end
                as effective_to
        )
        from stg_billing__subscription_charges as charges
        left join ended using (charge_id)
        left join stg_billing__subscriptions as subscriptions using (subscription_id)
        where charges.effective_from < @tomorrow
            or (
                subscriptions.signed_at < @tomorrow
                and charges.effective_from <= subscriptions.term_start
            )
    """,
    "billing.invoices": """
        select * replace (
            case when paid_at < @tomorrow then paid_at end as paid_at,
            case when paid_at >= @tomorrow then 0 else amount_paid end as amount_paid,
            case when paid_at >= @tomorrow and status = 'paid' then 'open' else status end
                as status
        )
        from stg_billing__invoices
        where issued_at < @tomorrow
    """,
    "billing.fx_rates": "select * from stg_billing__fx_rates where rate_date < @tomorrow",
    "usage.features": "select * from stg_usage__features",
    "usage.users": """
        select * replace (
            case when deactivated_at < @tomorrow then deactivated_at end as deactivated_at
        )
        from stg_usage__users
        where created_at < @tomorrow
    """,
    "usage.activity": "select * from stg_usage__activity where activity_date < @tomorrow",
    "tickets.tickets": """
        with changed as (
            select
                ticket_id,
                map_from_entries(
                    list(struct_pack(event_type := event_type, old_value := old_value))
                ) as old_values
            from (
                select ticket_id, event_type, arg_min_null(old_value, event_at) as old_value
                from stg_tickets__ticket_events
                where event_at >= @tomorrow
                    and event_type in ('assignee', 'priority', 'status')
                group by ticket_id, event_type
            )
            group by ticket_id
        )

        select tickets.* replace (
            case when map_contains(old_values, 'priority') then old_values['priority']
                else priority end as priority,
            case when map_contains(old_values, 'assignee') then old_values['assignee']
                else assignee_id end as assignee_id,
            case when map_contains(old_values, 'status') then old_values['status']
                when solved_at >= @tomorrow then 'open' else status end as status,
            case when escalated_at >= @tomorrow then false else is_escalated end as is_escalated,
            case when escalated_at < @tomorrow then escalated_at end as escalated_at,
            case when first_replied_at < @tomorrow then first_replied_at end as first_replied_at,
            case when solved_at < @tomorrow then solved_at end as solved_at,
            case when solved_at < @tomorrow then csat_score end as csat_score,
            case when solved_at < @tomorrow then reopened_count else 0 end as reopened_count,
            case when updated_at < @tomorrow then root_cause end as root_cause,
            case when updated_at < @tomorrow then resolution_code end as resolution_code,
            least(updated_at, @tomorrow - interval 1 second) as updated_at
        )
        from stg_tickets__tickets as tickets
        left join changed using (ticket_id)
        where created_at < @tomorrow
    """,
    "tickets.ticket_events": """
        select * from stg_tickets__ticket_events where event_at < @tomorrow
    """,
    "tickets.sla_policies": "select * from stg_tickets__sla_policies",
    "surveys.responses": """
        select * replace (
            case when responded_at < @tomorrow then responded_at end as responded_at,
            case when responded_at < @tomorrow then score end as score,
            case when responded_at < @tomorrow then comment end as comment,
            case when responded_at < @tomorrow then language end as language
        )
        from stg_surveys__responses
        where sent_at < @tomorrow
    """,
    "success.playbooks": "select * from stg_success__playbooks",
    "success.ctas": """
        select * replace (
            case when closed_at < @tomorrow then closed_at end as closed_at,
            case when closed_at >= @tomorrow then 'open' else status end as status,
            case when closed_at < @tomorrow then outcome end as outcome
        )
        from stg_success__ctas
        where created_at < @tomorrow
    """,
    "success.cta_pushes": "select * from stg_success__cta_pushes where pushed_at < @tomorrow",
    "success.onboarding_projects": """
        select * replace (
            case when completed_at < @tomorrow then completed_at end as completed_at,
            case when completed_at >= @tomorrow then 'in_progress' else status end as status
        )
        from stg_success__onboarding_projects
        where started_at < @tomorrow
    """,
    "success.success_plans": """
        select * replace (
            case when completed_at < @tomorrow then completed_at end as completed_at,
            case when completed_at >= @tomorrow then 'active' else status end as status
        )
        from stg_success__success_plans
    """,
    "success.health_overrides": """
        select * from stg_success__health_overrides
        where coalesce(created_at, valid_from) < @tomorrow
    """,
}
