{#- Each arm of a classifier occurs at least once. It looks only at the full demo,
    which was made to contain them all; on other data any of them may be absent.
    column_name: the classifier; values: its arms. Returns the arms not found. -#}
{% test arms_occur(model, column_name, values) %}

{{ config(enabled=is_full_demo()) }}

with arms as (

    {% for value in values -%}
    select '{{ value }}' as arm
    {%- if not loop.last %}
    union all
    {% endif %}
    {%- endfor %}

)

select arms.arm
from arms
left join {{ model }} as classified
    on arms.arm = cast(classified.{{ column_name }} as {{ dbt.type_string() }})
where classified.{{ column_name }} is null

{% endtest %}
