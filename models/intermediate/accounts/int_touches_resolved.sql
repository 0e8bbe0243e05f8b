with

activities as (
    select * from {{ ref('stg_crm__activities') }}
    where cast(occurred_at as date) <= {{ as_of_date() }}
),

touch_types as (
    select * from {{ ref('touch_types') }}
    where is_meaningful
),

ids as (
    select * from {{ ref('int_account_ids_resolved') }}
),

resolved as (
    select
        activities.activity_id,
        coalesce(ids.resolved_account_id, 'unassigned') as account_id,
        activities.contact_id,
        activities.type as touch_type,
        activities.occurred_at as touched_at,
        cast(activities.occurred_at as date) as touch_date
    from activities
    inner join touch_types
        on activities.type = touch_types.activity_type
    left join ids
        on activities.account_id = ids.account_id
)

select * from resolved
