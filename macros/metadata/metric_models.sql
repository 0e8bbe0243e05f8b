{#- Ids of the models that a metric is computed from, by way of its input metrics too.
    Only while dbt executes: it reads the graph. -#}
{% macro metric_models(unique_id) %}
    {%- if unique_id.startswith('model.') -%}
        {{ return([unique_id]) }}
    {%- endif -%}
    {%- set definition = graph.metrics[unique_id] if unique_id.startswith('metric.')
        else graph.semantic_models[unique_id] -%}
    {%- set models = [] -%}
    {%- for upstream in definition.depends_on.nodes -%}
        {%- do models.extend(metric_models(upstream)) -%}
    {%- endfor -%}
    {{ return(models | unique | list) }}
{% endmacro %}
