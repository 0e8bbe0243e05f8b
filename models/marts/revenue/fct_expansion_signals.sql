with

account_months as (
    select * from {{ ref('fct_account_months') }}
    where is_active_customer
),

feature_adoption as (
    select * from {{ ref('fct_feature_adoption') }}
    where is_used
        and not is_in_plan
),

plan_features as (
    select feature_key
    from {{ ref('int_plan_features_listed') }}
    group by feature_key
),

answers as (
    select * from {{ ref('fct_survey_responses') }}
    where survey_type = 'nps'
        and category = 'promoter'
        and is_answered
),

rules as (
    select * from {{ ref('expansion_signals') }}
),

features_tried as (
    select
        feature_adoption.account_id,
        feature_adoption.month_start,
        count(*) as features
    from feature_adoption
    inner join plan_features
        on feature_adoption.feature_key = plan_features.feature_key
    group by feature_adoption.account_id, feature_adoption.month_start
),

promoters as (
    select
        account_months.account_month_id,
        count(*) as promoters
    from account_months
    inner join rules
        on rules.signal = 'promoter'
        and {{ is_in_force(
            'account_months.month_end', 'rules.effective_from', 'rules.effective_to'
        ) }}
    inner join answers
        on account_months.account_id = answers.account_id
        and account_months.month_end >= answers.responded_date
        and {{ add_days('account_months.month_end', '-1 * rules.window_days') }}
        < answers.responded_date
    group by account_months.account_month_id
),

measured as (
    select
        account_months.account_month_id,
        account_months.account_id,
        account_months.account_version_id,
        account_months.month_start,
        account_months.month_end,
        account_months.mrr,
        case
            when account_months.monthly_active_users is not null
                then coalesce(features_tried.features, 0)
        end as higher_plan_features_tried,
        coalesce(promoters.promoters, 0) as promoters,
        account_months.monthly_active_users * 1.0 / nullif(account_months.paid_seats, 0)
            as seat_utilization
    from account_months
    left join features_tried
        on account_months.account_id = features_tried.account_id
        and account_months.month_start = features_tried.month_start
    left join promoters
        on account_months.account_month_id = promoters.account_month_id
),

judged as (
    select
        measured.*,
        seats.threshold <= measured.seat_utilization as has_seats_nearly_full,
        features.threshold <= measured.higher_plan_features_tried as has_tried_higher_plan,
        answers.threshold <= measured.promoters as has_promoter
    from measured
    inner join rules as seats
        on seats.signal = 'seats_nearly_full'
        and {{ is_in_force('measured.month_end', 'seats.effective_from', 'seats.effective_to') }}
    inner join rules as features
        on features.signal = 'higher_plan_tried'
        and {{ is_in_force(
            'measured.month_end', 'features.effective_from', 'features.effective_to'
        ) }}
    inner join rules as answers
        on answers.signal = 'promoter'
        and {{ is_in_force(
            'measured.month_end', 'answers.effective_from', 'answers.effective_to'
        ) }}
)

select
    account_month_id,
    account_id,
    account_version_id,
    month_start,
    month_end,
    mrr,
    {{ rounded('seat_utilization', 18, 4) }} as seat_utilization,
    cast(higher_plan_features_tried as {{ dbt.type_int() }}) as higher_plan_features_tried,
    cast(promoters as {{ dbt.type_int() }}) as promoters,
    has_seats_nearly_full,
    has_tried_higher_plan,
    has_promoter,
    coalesce(has_seats_nearly_full, false)
    or coalesce(has_tried_higher_plan, false)
    or has_promoter as has_any_signal
from judged
