with

stages as (
    select * from {{ ref('int_lifecycle_stages_derived') }}
),

months as (
    select * from {{ ref('int_months_closed') }}
),

-- Only month ends count: the other observation dates depend on when one looks.
at_month_ends as (
    select
        stages.account_id,
        months.month_end,
        coalesce(stages.derived_stage, 'none') as stage,
        stages.stage_order
    from stages
    inner join months
        on stages.observation_date = months.month_end
),

with_previous as (
    select
        *,
        lag(stage) over (partition by account_id order by month_end) as previous_stage,
        lag(stage_order) over (partition by account_id order by month_end)
            as previous_stage_order
    from at_month_ends
),

changes as (
    select * from with_previous
    where previous_stage is null
        or previous_stage <> stage
)

select
    account_id,
    month_end as entered_date,
    lead(month_end) over (partition by account_id order by month_end) as left_date,
    lag(month_end) over (partition by account_id order by month_end) as previous_entered_date,
    stage,
    stage_order,
    previous_stage,
    previous_stage_order,
    lead(stage_order) over (partition by account_id order by month_end) as next_stage_order
from changes
