{#- A day; of a moment with an offset, the day it is in UTC. Dates that are written
    in ISO, most of all dates there are, take the short way. -#}
{% macro clean_date(expression) -%}
    case
        when {{ matches(expression, '^[0-9]{4}-[0-9]{2}-[0-9]{2}$') }}
            then {{ try_cast_to(expression, 'date') }}
        else cast({{ clean_timestamp(expression) }} as date)
    end
{%- endmacro %}
