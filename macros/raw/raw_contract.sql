{#- What the raw contract says of one raw table: its seed's entry in
    seeds/raw/<system>/_<system>__seeds.yml. Known only while dbt executes. -#}
{% macro raw_contract(system, object) %}
    {{ return(graph.nodes['seed.' ~ project_name ~ '.raw_' ~ system ~ '__' ~ object]) }}
{% endmacro %}
