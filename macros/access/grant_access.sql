{#- Runs at the end of a build: makes the database's roles hold what the role file says, and
    nothing else. One statement, so it is done whole or not at all. Engines without roles have
    nothing to do; the file is checked there too. -#}
{% macro grant_access() %}
    {%- set file = ref('access_grants') -%}
    {%- if execute and flags.WHICH in ['build', 'run', 'seed']
        and adapter.get_relation(file.database, file.schema, file.identifier) -%}
        {{ return(adapter.dispatch('grants_statement')(access_grants())) }}
    {%- endif -%}
{% endmacro %}
