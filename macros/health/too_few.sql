{#- In words, of which groups there are fewer than it takes, `too few lost accounts: 4 of
    10`; null if there are enough of each.
    groups: (name, column with their number, column with the least number) of each. -#}
{% macro too_few(groups) -%}
    nullif(
        substr(
            {%- for name, number, least in groups %}
            case
                when {{ number }} < {{ least }}
                    then '; too few {{ name }}: '
                        || cast({{ number }} as {{ dbt.type_string() }})
                        || ' of ' || cast({{ least }} as {{ dbt.type_string() }})
                else ''
            end
            {{- ' ||' if not loop.last }}
            {%- endfor %},
            3
        ), ''
    )
{%- endmacro %}
