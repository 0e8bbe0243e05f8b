-- Which signals come before a churn, and how much more often than otherwise: for each signal its
-- share among the account-months 30 to 180 days before the customer left, over its share among all
-- other account-months. A lift of 1 says nothing. An account-month is an active customer at a
-- month's end, with what was known then; one whose inputs were not measured counts for neither
-- side of a signal.
--
-- A customer has left in the month in which its MRR falls to 0; the days are counted back from that
-- month's first day. The later months of accounts that left, less than 30 days before, are among
-- the others, and so are months from which nobody can have left 180 days later yet: the lift is
-- rather too low than too high.
{%- set nearest_days = 30 -%}
{%- set farthest_days = 180 %}

with

account_months as (
    select * from {{ ref('fct_account_months') }}
    where is_active_customer
),

churns as (
    select
        account_id,
        month_start as churn_date
    from {{ ref('fct_account_months') }}
    where is_churned
),

health as (
    select * from {{ ref('fct_health_scores') }}
    where period_type = 'month_end'
        and is_champion
),

escalations as (
    select
        account_id,
        {{ month_start('escalated_at') }} as month_start,
        count(*) as escalations
    from {{ ref('fct_escalations') }}
    group by account_id, {{ month_start('escalated_at') }}
),

answers as (
    select
        account_id,
        {{ month_start('responded_date') }} as month_start,
        count(case when category = 'detractor' then 1 end) as detractors
    from {{ ref('fct_survey_responses') }}
    where survey_type = 'nps'
        and is_answered
    group by account_id, {{ month_start('responded_date') }}
),

overdue as (
    select
        account_months.account_month_id,
        count(*) as invoices
    from account_months
    inner join {{ ref('fct_invoices') }} as invoices
        on account_months.account_id = invoices.account_id
        and account_months.month_end > {{ add_days('invoices.due_date', 30) }}
        and (account_months.month_end < invoices.paid_date or invoices.paid_date is null)
    where invoices.status <> 'void'
    group by account_months.account_month_id
),

with_past as (
    select
        *,
        lag(monthly_active_users, 2) over (
            partition by account_id order by month_start
        ) as users_two_months_ago
    from account_months
),

observed as (
    select
        with_past.account_id,
        with_past.month_end,
        with_past.monthly_active_users * 1.0 / nullif(with_past.paid_seats, 0) < 0.4
            as few_seats_in_use,
        with_past.monthly_active_users < 0.8 * with_past.users_two_months_ago
            as usage_down_by_a_fifth,
        not with_past.is_active_every_week as weeks_without_use,
        coalesce(escalations.escalations, 0) > 0 as ticket_escalated,
        case when answers.account_id is not null then answers.detractors > 0 end
            as detractor_answered,
        coalesce(overdue.invoices, 0) > 0 as invoice_30_days_overdue,
        health.final_band = 'red' as health_red,
        health.final_band in ('red', 'yellow') as health_red_or_yellow,
        exists(
            select 1
            from churns
            where churns.account_id = with_past.account_id
                and {{ days_between('with_past.month_end', 'churns.churn_date') }}
                between {{ nearest_days }} and {{ farthest_days }}
        ) as is_before_churn
    from with_past
    left join health
        on with_past.account_id = health.account_id
        and with_past.month_end = health.observation_date
        and health.final_band <> 'unscored'
    left join escalations
        on with_past.account_id = escalations.account_id
        and with_past.month_start = escalations.month_start
    left join answers
        on with_past.account_id = answers.account_id
        and with_past.month_start = answers.month_start
    left join overdue
        on with_past.account_month_id = overdue.account_month_id
),

signals as (
    {% for signal in [
        'few_seats_in_use', 'usage_down_by_a_fifth', 'weeks_without_use', 'ticket_escalated',
        'detractor_answered', 'invoice_30_days_overdue', 'health_red', 'health_red_or_yellow',
    ] -%}
    select
        '{{ signal }}' as signal,
        {{ signal }} as has_signal,
        is_before_churn
    from observed
    where {{ signal }} is not null
    {% if not loop.last %}
    union all

    {% endif %}
    {%- endfor %}
),

counted as (
    select
        signal,
        count(case when is_before_churn then 1 end) as months_before_churn,
        count(case when is_before_churn and has_signal then 1 end) as signalled_before_churn,
        count(case when not is_before_churn then 1 end) as other_months,
        count(case when not is_before_churn and has_signal then 1 end) as signalled_otherwise
    from signals
    group by signal
),

shares as (
    select
        *,
        signalled_before_churn * 1.0 / nullif(months_before_churn, 0) as share_before_churn,
        signalled_otherwise * 1.0 / nullif(other_months, 0) as share_otherwise
    from counted
)

select
    *,
    share_before_churn / nullif(share_otherwise, 0) as lift
from shares
order by lift desc
