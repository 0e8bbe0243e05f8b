with

overrides as (
    select * from {{ ref('stg_success__health_overrides') }}
),

ids as (
    select * from {{ ref('int_account_ids_resolved') }}
),

-- Where the day it was entered is unknown, the first day counts as such.
dated as (
    select
        *,
        coalesce(created_at, cast(valid_from as {{ dbt.type_timestamp() }})) as set_at
    from overrides
),

resolved as (
    select
        dated.override_id,
        ids.resolved_account_id as account_id,
        dated.band,
        dated.reason,
        dated.set_by,
        dated.set_at,
        case
            when dated.valid_from > cast(dated.set_at as date) then dated.valid_from
            else cast(dated.set_at as date)
        end as held_from,
        dated.valid_to
    from dated
    inner join ids
        on dated.account_id = ids.account_id
)

-- Entered after it had expired, it never held.
select * from resolved
where held_from < valid_to
    and held_from <= {{ as_of_date() }}
