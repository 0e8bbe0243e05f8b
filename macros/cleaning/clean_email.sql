{#- An e-mail address in lower case; text that can't be an address is unreadable. -#}
{% macro clean_email(expression) -%}
    case
        when {{ matches(expression, '^[^@ ]+@[^@ ]+$') }} then lower({{ expression }})
    end
{%- endmacro %}
