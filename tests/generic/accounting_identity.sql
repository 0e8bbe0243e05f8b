{#- An amount equals the sum of its parts on every row, exactly: no tolerance, and
    a null on either side fails.
    total: SQL expression; parts: list of SQL expressions that add up to it. -#}
{% test accounting_identity(model, total, parts) %}

with sides as (

    select
        *,
        {{ total }} as identity_total,
        {{ parts | join(' + ') }} as identity_parts
    from {{ model }}

)

select
    *,
    identity_total - identity_parts as identity_difference
from sides
where (identity_total = identity_parts) is not true

{% endtest %}
