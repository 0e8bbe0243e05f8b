{#- One raw table with the columns of its contract as text, wherever it comes from:

    seeds      the demo company (the seed itself)
    files      <raw_dir>/<system>/<object>.csv, .parquet or <object>/*.parquet
    warehouse  the table <raw_schema>.raw_<system>__<object>
    <name>     the connector model <name>_<system>__<object>

    Var raw_source says which; raw_source_<system> overrides it for one system.
    A table that is absent and not required is empty, an absent optional column
    null. Only base models read this. -#}
{% macro raw(system, object) %}
    {%- set source = raw_source(system) -%}
    {%- if source == 'seeds' -%}
        {{ return(ref('raw_' ~ system ~ '__' ~ object)) }}
    {%- elif source == 'files' -%}
        {%- set found = raw_files(system, object) -%}
    {%- elif source == 'warehouse' -%}
        {%- set found = raw_warehouse_table(system, object) -%}
    {%- else -%}
        {%- set found = raw_connector_table(source, system, object) -%}
    {%- endif -%}
    {{ return(contract_subquery(system, object, found) if execute else '') }}
{% endmacro %}

{% macro raw_source(system) %}
    {{ return(var('raw_source_' ~ system, var('raw_source'))) }}
{% endmacro %}

{#- Each way of finding a table returns its place (words for messages), its relation
    (what stands after `from`; none if absent) and the names of its columns. -#}
{% macro raw_files(system, object) %}
    {%- if not execute %}{{ return({}) }}{% endif -%}
    {%- set path = var('raw_dir') ~ '/' ~ system ~ '/' ~ object -%}
    {%- for ending in ['.csv', '.parquet', '/*.parquet'] -%}
        {%- if files_matching(path ~ ending) -%}
            {%- set relation = file_relation(path ~ ending) -%}
            {%- set columns = adapter.get_column_schema_from_query('select * from ' ~ relation) -%}
            {{ return({
                'place': path ~ ending,
                'relation': relation,
                'columns': columns | map(attribute='name') | list,
            }) }}
        {%- endif -%}
    {%- endfor -%}
    {{ return({'place': path ~ '.csv or .parquet'}) }}
{% endmacro %}

{% macro raw_warehouse_table(system, object) %}
    {%- if not execute %}{{ return({}) }}{% endif -%}
    {%- set name = 'raw_' ~ system ~ '__' ~ object -%}
    {{ return(found_relation(target.database, var('raw_schema'), name)) }}
{% endmacro %}

{#- Var connector_tables lists what each connector maps: a model's dependencies have
    to be known before dbt knows which models exist. -#}
{% macro raw_connector_table(connector, system, object) %}
    {%- if connector not in var('connector_tables') -%}
        {{ exceptions.raise_compiler_error(
            'raw_source "' ~ connector ~ '" is none of seeds, files, warehouse, '
            ~ var('connector_tables').keys() | join(', ') ~ '.'
        ) }}
    {%- elif system ~ '.' ~ object not in var('connector_tables')[connector] -%}
        {{ return({'place': 'connector ' ~ connector}) }}
    {%- endif -%}
    {%- set model = ref(connector ~ '_' ~ system ~ '__' ~ object) -%}
    {%- if not execute %}{{ return({}) }}{% endif -%}
    {{ return(found_relation(model.database, model.schema, model.identifier)) }}
{% endmacro %}

{% macro found_relation(database, schema, identifier) %}
    {%- set place = schema ~ '.' ~ identifier -%}
    {%- set relation = adapter.get_relation(database, schema, identifier) -%}
    {%- if relation is none %}{{ return({'place': place}) }}{% endif -%}
    {{ return({
        'place': place,
        'relation': relation,
        'columns': adapter.get_columns_in_relation(relation) | map(attribute='name') | list,
    }) }}
{% endmacro %}

{% macro contract_subquery(system, object, found) %}
    {%- set contract = raw_contract(system, object) -%}
    {%- set table = 'Raw table ' ~ system ~ '.' ~ object -%}
    {%- if not found.relation and contract.required -%}
        {{ exceptions.raise_compiler_error(
            table ~ ' is required but absent: expected it at ' ~ found.place ~ '.'
        ) }}
    {%- endif -%}
    {%- set names = {} -%}
    {%- for name in found.columns or [] -%}
        {%- do names.update({name | trim | lower: name}) -%}
    {%- endfor -%}
    {%- set selected = [] -%}
    {%- for column in contract.columns -%}
        {%- if column.name in names -%}
            {%- set value = adapter.quote(names[column.name]) -%}
        {%- elif found.relation and column.required -%}
            {{ exceptions.raise_compiler_error(
                table ~ ' lacks the required column ' ~ column.name ~ ' at ' ~ found.place
                ~ ', which has ' ~ found.columns | join(', ') ~ '.'
            ) }}
        {%- else -%}
            {%- set value = 'null' -%}
        {%- endif -%}
        {%- do selected.append(
            'cast(' ~ value ~ ' as ' ~ dbt.type_string() ~ ') as ' ~ column.name
        ) -%}
    {%- endfor -%}
    {{ return(
        '(select ' ~ selected | join(', ')
        ~ (' from ' ~ found.relation if found.relation else ' where 1 = 0')
        ~ ') as raw_table'
    ) }}
{% endmacro %}
