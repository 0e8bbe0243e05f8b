{#- The sum of an expression here equals, exactly, the sum of another one there, in
    every group of group_by and over groups that only one side has. Without
    group_by the two grand totals are compared.
    expression, to_expression: SQL expressions to sum (1 counts rows);
    to: the other relation; group_by: expressions of this model;
    to_group_by: those of the other relation, if they are called otherwise;
    to_where: condition on the other relation (use config.where for this one). -#}
{% test sums_match(
    model, expression, to, to_expression=none, group_by=[], to_group_by=none, to_where=none
) %}

{%- set to_group_by = to_group_by or group_by -%}
{%- set keys = [] -%}
{%- for _ in group_by %}{% do keys.append('group_' ~ loop.index) %}{% endfor %}

with both_sides as (

    select
        {%- for column in group_by %}
        {{ column }} as group_{{ loop.index }},
        {%- endfor %}
        {{ expression }} as amount_here,
        0 as amount_there
    from {{ model }}

    union all

    select
        {%- for column in to_group_by %}
        {{ column }} as group_{{ loop.index }},
        {%- endfor %}
        0 as amount_here,
        {{ to_expression or expression }} as amount_there
    from {{ to }}
    {%- if to_where %}
    where {{ to_where }}
    {%- endif %}

)

select
    {%- for key in keys %}
    {{ key }},
    {%- endfor %}
    sum(amount_here) as sum_here,
    sum(amount_there) as sum_there
from both_sides
{%- if keys %}
group by {{ keys | join(', ') }}
{%- endif %}
having coalesce(sum(amount_here), 0) <> coalesce(sum(amount_there), 0)

{% endtest %}
