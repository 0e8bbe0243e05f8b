{#- The model has exactly as many rows as another relation: a join neither lost
    nor multiplied any.
    to: the other relation; to_where: condition on it. -#}
{% test row_count_matches(model, to, to_where=none) %}

with counts as (

    select
        (select count(*) from {{ model }}) as rows_here,
        (
            select count(*)
            from {{ to }}
            {%- if to_where %}
            where {{ to_where }}
            {%- endif %}
        ) as rows_there

)

select *
from counts
where rows_here <> rows_there

{% endtest %}
