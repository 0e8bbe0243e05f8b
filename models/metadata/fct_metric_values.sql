with

metric_values as (
    select * from {{ ref('int_metric_values_queried') }}
),

-- Some metrics have a value in months to come: what is due then.
up_to_the_as_of_date as (
    select
        metric || '|' || period_start || '|' || segment as metric_value_id,
        metric as metric_name,
        period_start as month_start,
        segment,
        value
    from metric_values
    where period_start <= {{ as_of_date() }}
)

select * from up_to_the_as_of_date
