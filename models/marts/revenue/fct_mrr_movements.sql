with

account_months as (
    select * from {{ ref('fct_account_months') }}
),

movements as (
    {% for movement_type, column in movement_columns().items() -%}
    select
        account_month_id || '|{{ movement_type }}' as mrr_movement_id,
        account_id,
        account_version_id,
        month_start,
        '{{ movement_type }}' as movement_type,
        {{ column }} as amount
    from account_months
    where {{ column }} <> 0
    {% if not loop.last %}
    union all

    {% endif %}
    {%- endfor %}
)

select * from movements
