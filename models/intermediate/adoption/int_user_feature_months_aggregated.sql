{#- Days that active users are counted over: four weeks. They never reach into the
    month before. -#}
{%- set month_days = 28 -%}

with

activity as (
    select * from {{ ref('stg_usage__activity') }}
    where event_count > 0
),

months as (
    select * from {{ ref('int_months_closed') }}
),

ids as (
    select * from {{ ref('int_account_ids_resolved') }}
)

select
    activity.product_user_id,
    coalesce(ids.resolved_account_id, 'unassigned') as account_id,
    activity.feature_key,
    months.month_start,
    months.month_end,
    cast(sum(activity.event_count) as {{ dbt.type_bigint() }}) as event_count
from activity
inner join months
    on {{ month_start('activity.activity_date') }} = months.month_start
left join ids
    on activity.account_id = ids.account_id
where activity.activity_date > {{ add_days('months.month_end', -month_days) }}
group by
    activity.product_user_id,
    coalesce(ids.resolved_account_id, 'unassigned'),
    activity.feature_key,
    months.month_start,
    months.month_end
