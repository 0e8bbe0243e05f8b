{#- Id of the model that each data test looks at, once per test. Only while dbt executes: it reads
    the graph. -#}
{% macro models_by_test() %}
    {%- set tests = graph.nodes.values() | selectattr('resource_type', 'equalto', 'test') -%}
    {{ return(tests | map(attribute='attached_node') | list) }}
{% endmacro %}
