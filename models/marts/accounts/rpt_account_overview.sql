with

accounts as (
    select * from {{ ref('dim_accounts') }}
    where account_id <> 'unassigned'
),

mrr_today as (
    select * from {{ ref('int_account_mrr_observed') }}
    where observation_date = {{ as_of_date() }}
),

last_closed as (
    select max(month_start) as month_start from {{ ref('int_months_closed') }}
),

latest_months as (
    select account_months.*
    from {{ ref('fct_account_months') }} as account_months
    inner join last_closed
        on account_months.month_start = last_closed.month_start
),

health as (
    select * from {{ ref('fct_health_scores') }}
    where is_champion
        and period_type = 'as_of'
),

stages as (
    select * from {{ ref('fct_lifecycle_stages') }}
    where period_type = 'as_of'
),

next_term_ends as (
    select
        *,
        row_number() over (
            partition by account_id order by term_end_date, renewal_id
        ) as renewal_number
    from {{ ref('fct_renewals') }}
    where is_open
        and term_end_date >= {{ as_of_date() }}
),

usage_today as (
    select * from {{ ref('int_accounts_usage_observed') }}
    where observation_date = {{ as_of_date() }}
),

month_end_before as (
    select max(observation_date) as observation_date
    from {{ ref('int_observation_dates_listed') }}
    where period_type = 'month_end'
        and observation_date < {{ as_of_date() }}
),

usage_before as (
    select usage_observed.*
    from {{ ref('int_accounts_usage_observed') }} as usage_observed
    inner join month_end_before
        on usage_observed.observation_date = month_end_before.observation_date
),

-- No row: nothing is recorded of tickets. Otherwise none open is 0.
tickets_today as (
    select * from {{ ref('int_accounts_tickets_observed') }}
    where observation_date = {{ as_of_date() }}
),

escalations as (
    select
        account_id,
        count(*) as open_escalations
    from {{ ref('fct_escalations') }}
    where is_open
    group by account_id
),

last_touches as (
    select
        account_id,
        max(touch_date) as last_touch_date
    from {{ ref('int_touches_resolved') }}
    group by account_id
),

answers as (
    select
        *,
        row_number() over (
            partition by account_id order by responded_at desc, response_id desc
        ) as answer_number
    from {{ ref('fct_survey_responses') }}
    where score is not null
),

ctas as (
    select
        account_id,
        count(*) as open_ctas,
        sum(case when due_date < {{ as_of_date() }} then 1 else 0 end) as overdue_ctas
    from {{ ref('fct_ctas') }}
    where is_open
    group by account_id
),

overview as (
    select
        accounts.account_id,
        accounts.account_name,
        accounts.segment,
        accounts.region,
        accounts.product_tier,
        accounts.csm_id,
        accounts.customer_since_date,
        accounts.is_active_customer,
        {{ money('coalesce(mrr_today.mrr, 0)') }} as mrr,
        {{ money('12 * coalesce(mrr_today.mrr, 0)') }} as arr,
        {{ money('latest_months.mrr - latest_months.mrr_previous_month') }}
            as mrr_change_last_month,
        latest_months.mrr_12_months_ago,
        health.score as health_score,
        health.final_band as health_band,
        health.change_vs_previous_month as health_change,
        health.moved_by as health_moved_by,
        health.reason_1,
        health.reason_2,
        health.reason_3,
        coalesce(stages.recorded_stage, accounts.lifecycle_stage) as recorded_stage,
        stages.derived_stage,
        stages.days_in_stage,
        next_term_ends.term_end_date as next_renewal_date,
        next_term_ends.expiring_arr as next_renewal_arr,
        next_term_ends.risk_status as next_renewal_risk_status,
        next_term_ends.has_close_plan as next_renewal_has_close_plan,
        cast(usage_today.monthly_active_users as integer) as monthly_active_users,
        cast(usage_before.monthly_active_users as integer) as monthly_active_users_last_month,
        cast(mrr_today.paid_seats as integer) as paid_seats,
        cast(tickets_today.open_tickets as integer) as open_tickets,
        cast(
            case
                when tickets_today.account_id is not null
                    then coalesce(escalations.open_escalations, 0)
            end as integer
        ) as open_escalations,
        last_touches.last_touch_date,
        answers.survey_type as last_survey_type,
        answers.score as last_survey_score,
        answers.category as last_survey_category,
        cast(answers.responded_at as date) as last_survey_date,
        cast(coalesce(ctas.open_ctas, 0) as integer) as open_ctas,
        cast(coalesce(ctas.overdue_ctas, 0) as integer) as overdue_ctas
    from accounts
    left join mrr_today
        on accounts.account_id = mrr_today.account_id
    left join latest_months
        on accounts.account_id = latest_months.account_id
    left join health
        on accounts.account_id = health.account_id
    left join stages
        on accounts.account_id = stages.account_id
    left join next_term_ends
        on accounts.account_id = next_term_ends.account_id
        and next_term_ends.renewal_number = 1
    left join usage_today
        on accounts.account_id = usage_today.account_id
    left join usage_before
        on accounts.account_id = usage_before.account_id
    left join tickets_today
        on accounts.account_id = tickets_today.account_id
    left join escalations
        on accounts.account_id = escalations.account_id
    left join last_touches
        on accounts.account_id = last_touches.account_id
    left join answers
        on accounts.account_id = answers.account_id
        and answers.answer_number = 1
    left join ctas
        on accounts.account_id = ctas.account_id
)

select * from overview
