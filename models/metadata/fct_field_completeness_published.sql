with

checked as (
    select * from {{ ref('int_critical_fields_checked') }}
),

{% if is_incremental() -%}
newest as (
    select max(observation_date) as published_on
    from {{ this }}
),

{% endif -%}
counted as (
    select
        system,
        field,
        coalesce(segment, 'unknown') as segment,
        coalesce(owner_id, 'unassigned') as owner_id,
        fixed_by,
        {{ as_of_date() }} as observation_date,
        {{ month_start(as_of_date()) }} as month_start,
        cast(count(case when is_filled then 1 end) as integer) as filled,
        cast(count(*) as integer) as expected
    from checked
    group by
        system,
        field,
        coalesce(segment, 'unknown'),
        coalesce(owner_id, 'unassigned'),
        fixed_by
)

select counted.*
from counted
{%- if is_incremental() %}
-- Today's records say nothing of an earlier day.
cross join newest
where coalesce(newest.published_on, counted.observation_date) <= counted.observation_date
{%- endif %}
