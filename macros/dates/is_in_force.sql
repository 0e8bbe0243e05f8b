{#- Whether the day lies in a span: from its first day up to, not including, its end;
    without an end it is open. The far date stands for no end, because engines join
    large tables by hash on `and`, but compare every pair on `or`. -#}
{% macro is_in_force(day, valid_from, valid_to) -%}
    {{ day }} >= {{ valid_from }}
    and {{ day }} < coalesce({{ valid_to }}, cast('9999-12-31' as date))
{%- endmacro %}
