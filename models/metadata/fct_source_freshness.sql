with

systems as (
    select * from {{ ref('source_systems') }}
    where {{ is_in_force(as_of_date(), 'effective_from', 'effective_to') }}
),

newest as (
    select
        system,
        max(record_date) as newest_record_date
    from {{ ref('fct_source_days') }}
    group by system
),

aged as (
    select
        systems.system,
        systems.owner,
        newest.newest_record_date,
        {{ days_between('newest.newest_record_date', as_of_date()) }} as age_days,
        systems.max_age_days
    from systems
    left join newest
        on systems.system = newest.system
)

select
    *,
    case
        when newest_record_date is null then 'absent'
        when age_days > max_age_days then 'stale'
        else 'fresh'
    end as freshness
from aged
