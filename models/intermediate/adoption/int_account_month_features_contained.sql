with

charges as (
    select * from {{ ref('int_charges_in_force') }}
    where account_id <> 'unassigned'
),

months as (
    select * from {{ ref('int_months_closed') }}
),

plan_features as (
    select * from {{ ref('int_plan_features_listed') }}
)

select
    charges.account_id,
    plan_features.feature_key,
    months.month_start,
    months.month_end
from charges
inner join months
    on charges.observation_date = months.month_end
inner join plan_features
    on charges.plan_id = plan_features.plan_id
group by
    charges.account_id,
    plan_features.feature_key,
    months.month_start,
    months.month_end
