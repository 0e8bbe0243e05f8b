{#- Seconds that support has been open from the beginning of the calendar up to a moment, so
    that business time between two moments is a difference. `day` names the row of
    int_business_seconds_counted of the moment's day. -#}
{% macro business_seconds_at(moment, day) -%}
    {{ day }}.seconds_open_before + least(
        greatest(
            {{ dbt.datediff('cast(cast(' ~ moment ~ ' as date) as ' ~ dbt.type_timestamp() ~ ')',
                            moment, 'second') }} - {{ day }}.opens_at_second,
            0
        ),
        {{ day }}.seconds_open
    )
{%- endmacro %}
