{#- What the role file gives, as {role, schema_name, privilege, reads_personal_data}; a file
    that can't be meant stops here, before anything is granted or revoked. -#}
{% macro access_grants() %}
    {%- set rows = run_query(
        'select role, schema_name, privilege, reads_personal_data, '
        ~ is_in_force(as_of_date(), 'effective_from', 'effective_to') ~ ' as holds from '
        ~ ref('access_grants') ~ ' order by role, schema_name'
    ).rows -%}
    {%- set schemas = project_schemas() -%}
    {%- set privileges = ['select'] -%}
    {%- for row in rows -%}
        {%- if not modules.re.fullmatch('[a-z][a-z0-9_]*', row.role or '')
            or row.role == 'public' or row.role.startswith('pg_') -%}
            {%- do refuse_access(row, 'that is no name of a role') -%}
        {%- elif row.role == target.get('user') -%}
            {%- do refuse_access(row, 'that is the builder, who owns everything') -%}
        {%- elif row.schema_name not in schemas -%}
            {%- do refuse_access(
                row, 'there is no schema "' ~ row.schema_name ~ '"; there are '
                ~ schemas | join(', ')
            ) -%}
        {%- elif row.privilege not in privileges -%}
            {%- do refuse_access(
                row, 'there is no privilege "' ~ row.privilege ~ '"; there is '
                ~ privileges | join(', ')
            ) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(rows | selectattr('holds') | list) }}
{% endmacro %}

{% macro refuse_access(row, because) %}
    {{ exceptions.raise_compiler_error(
        'Role file seeds/reference/access_grants.csv, role "' ~ row.role ~ '": ' ~ because
        ~ '. Correct the row; nothing was granted or revoked.'
    ) }}
{% endmacro %}

{#- Every schema the project writes: of models, seeds and exported metrics. -#}
{% macro project_schemas() %}
    {%- set schemas = [] -%}
    {%- for node in graph.nodes.values() if node.resource_type in ['model', 'seed'] -%}
        {%- do schemas.append(node.schema) -%}
    {%- endfor -%}
    {%- for query in graph.saved_queries.values() -%}
        {%- for export in query.exports -%}
            {%- do schemas.append(export.config.schema_name) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(schemas | unique | sort) }}
{% endmacro %}

{#- The tables dbt knows in schemas with personal data, as {schema_name, table_name, hidden}:
    hidden are the columns tagged as holding such in clear. -#}
{% macro tables_beside_personal_data() %}
    {%- set tables = [] -%}
    {%- for node in graph.nodes.values() if node.resource_type in ['model', 'seed'] -%}
        {%- set hidden = [] -%}
        {%- for column in node.columns.values() -%}
            {%- set meta = column.config.meta -%}
            {%- if meta.get('personal_data') and not meta.get('masked') -%}
                {%- do hidden.append(column.name) -%}
            {%- endif -%}
        {%- endfor -%}
        {%- do tables.append(
            {'schema_name': node.schema, 'table_name': node.alias, 'hidden': hidden}
        ) -%}
    {%- endfor -%}
    {%- set schemas = tables | selectattr('hidden') | map(attribute='schema_name') | list -%}
    {{ return(tables | selectattr('schema_name', 'in', schemas) | list) }}
{% endmacro %}
