{#- What a metric computes, as text, without what it is called: two metrics with the same text are
    two definitions of one number. -#}
{% macro metric_formula(metric) %}
    {%- set parts = [metric.type, tojson(metric.filter)] -%}
    {%- for name, value in metric.type_params.items() if name != 'is_private' -%}
        {#- Without an expression dbt takes the column named as the metric. -#}
        {%- set is_own_column = name == 'expr' and metric.type == 'simple' and not value -%}
        {%- do parts.append(name ~ ' ' ~ tojson(metric.name if is_own_column else value)) -%}
    {%- endfor -%}
    {{ return(parts | join(', ')) }}
{% endmacro %}
