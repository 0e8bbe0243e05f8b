with

dependencies as (
    select * from {{ ref('stg_ops__dependencies') }}
),

known as (
    select
        dependency_id,
        providing_team,
        description,
        cast(due_at as date) as due_date,
        case
            when cast(delivered_at as date) <= {{ as_of_date() }}
                then cast(delivered_at as date)
        end as delivered_date
    from dependencies
)

select
    dependency_id,
    providing_team,
    {{ masked('description') }} as description,
    due_date,
    delivered_date,
    due_date <= {{ as_of_date() }} as is_due,
    case
        when due_date <= {{ as_of_date() }} then coalesce(delivered_date <= due_date, false)
    end as is_delivered_on_time,
    case
        when delivered_date > due_date then {{ days_between('due_date', 'delivered_date') }}
        when delivered_date is null and due_date < {{ as_of_date() }}
            then {{ days_between('due_date', as_of_date()) }}
    end as days_late
from known
