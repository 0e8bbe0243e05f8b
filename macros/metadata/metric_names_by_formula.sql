{#- Formula of each metric, helper metrics included → names of the metrics that have it. Only while
    dbt executes: it reads the graph. -#}
{% macro metric_names_by_formula() %}
    {%- set names = {} -%}
    {%- for metric in graph.metrics.values() | sort(attribute='name') -%}
        {%- do names.setdefault(metric_formula(metric), []).append(metric.name) -%}
    {%- endfor -%}
    {{ return(names) }}
{% endmacro %}
