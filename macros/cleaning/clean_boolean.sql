{#- True or false, however it is written. -#}
{% macro clean_boolean(expression) -%}
    case
        when lower({{ expression }}) in ('true', 't', 'yes', 'y', '1', 'on') then true
        when lower({{ expression }}) in ('false', 'f', 'no', 'n', '0', 'off') then false
    end
{%- endmacro %}
