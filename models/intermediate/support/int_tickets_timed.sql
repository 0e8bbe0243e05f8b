with

tickets as (
    select
        *,
        cast({{ add_days(as_of_date(), 1) }} as {{ dbt.type_timestamp() }}) as known_until
    from {{ ref('int_tickets_resolved') }}
),

days as (
    select * from {{ ref('int_business_seconds_counted') }}
),

measured as (
    select
        {% for moment in ['first_replied_at', 'solved_at', 'known_until'] %}
        {{ dbt.datediff('tickets.created_at', 'tickets.' ~ moment, 'second') }}
            as seconds_to_{{ moment }},
        {{ business_seconds_at('tickets.' ~ moment, moment ~ '_day') }}
        - ({{ business_seconds_at('tickets.created_at', 'created_day') }})
            as business_seconds_to_{{ moment }},
        {% endfor %}
        tickets.ticket_id
    from tickets
    left join days as created_day
        on cast(tickets.created_at as date) = created_day.date_day
    left join days as first_replied_at_day
        on cast(tickets.first_replied_at as date) = first_replied_at_day.date_day
    left join days as solved_at_day
        on cast(tickets.solved_at as date) = solved_at_day.date_day
    left join days as known_until_day
        on cast(tickets.known_until as date) = known_until_day.date_day
)

select * from measured
