with

months as (
    select * from {{ ref('int_months_closed') }}
),

incidents as (
    select * from {{ ref('fct_incidents') }}
),

-- Nothing was recorded before the first incident; from then on a month without any is 0.
first_incident as (
    select min(started_date) as first_date from incidents
),

counted as (
    select
        months.month_start,
        cast(count(incidents.incident_id) as integer) as incidents,
        cast(count(case when incidents.severity = 'critical' then 1 end) as integer)
            as critical_incidents
    from months
    inner join first_incident
        on months.month_end >= first_incident.first_date
    left join incidents
        on incidents.started_date between months.month_start and months.month_end
    group by months.month_start
)

select * from counted
