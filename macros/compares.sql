{#- Whether a value compares with a threshold as an operator that stands in a column says;
    false where the value is unknown. -#}
{% macro compares(measured_value, operator, threshold) -%}
    coalesce(
        case {{ operator }}
            when '<' then {{ measured_value }} < {{ threshold }}
            when '<=' then {{ measured_value }} <= {{ threshold }}
            when '=' then {{ measured_value }} = {{ threshold }}
            when '>=' then {{ measured_value }} >= {{ threshold }}
            when '>' then {{ measured_value }} > {{ threshold }}
        end, false
    )
{%- endmacro %}
