{#- Whether every system is read from the demo seeds, up to the demo's last day. -#}
{% macro is_full_demo() %}
    {%- set overrides = [] -%}
    {%- for system in ['crm', 'billing', 'usage', 'tickets', 'surveys', 'success', 'ops'] -%}
        {%- do overrides.append(var('raw_source_' ~ system, var('raw_source'))) -%}
    {%- endfor -%}
    {{ return(
        overrides | unique | list == ['seeds']
        and (var('as_of_date') | string) >= (var('demo_last_date') | string)
    ) }}
{% endmacro %}
