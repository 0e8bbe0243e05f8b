{#- The statement that sets all grants in the project's schemas. Only PostgreSQL has one. -#}
{% macro default__grants_statement(grants) %}
    {{ return('') }}
{% endmacro %}

{#- What anybody but the owner holds is revoked, then what is listed is granted. A role that may
    more than the file says (a superuser, a member of another role) is refused. In a schema with
    personal data a role that may not read it gets the tables that dbt knows, column by column
    without the tagged ones; elsewhere a role gets the schema, with the tables to come. -#}
{% macro postgres__grants_statement(grants) %}
{%- set tables = tables_beside_personal_data() -%}
{%- set sensitive_schemas = tables | map(attribute='schema_name') | unique | list -%}
{%- set listed = [] -%}
{%- for grant in grants -%}
    {%- do listed.append({
        'role': grant.role,
        'schema_name': grant.schema_name,
        'privilege': grant.privilege,
        'is_whole': grant.reads_personal_data or grant.schema_name not in sensitive_schemas,
    }) -%}
{%- endfor %}
do $access$
declare
    schemas constant jsonb := {{ text_literal(tojson(project_schemas())) }};
    listed constant jsonb := {{ text_literal(tojson(listed)) }};
    tables constant jsonb := {{ text_literal(tojson(tables)) }};
    found record;
begin
    -- Roles.
    for found in
        select distinct
            wanted.role,
            roles.oid is null as is_missing,
            roles.rolsuper or roles.rolcreaterole or roles.rolbypassrls or exists (
                select from pg_auth_members as members where members.member = roles.oid
            ) as is_more
        from jsonb_to_recordset(listed) as wanted (role name)
        left join pg_roles as roles on wanted.role = roles.rolname
    loop
        if found.is_more then
            raise exception 'Role "%" is a superuser or a member of another role, so it may '
                'more than the role file says. Take that from it; nothing was granted or '
                'revoked.', found.role;
        elsif found.is_missing then
            execute format('create role %I nologin', found.role);
        end if;
    end loop;

    -- What was given before, by whomever.
    for found in
        with

        held as (
            select spaces.nspname, acl.grantee, spaces.nspowner as owner
            from pg_namespace as spaces
            cross join aclexplode(spaces.nspacl) as acl
            union
            select spaces.nspname, acl.grantee, tables.relowner
            from pg_class as tables
            inner join pg_namespace as spaces on tables.relnamespace = spaces.oid
            cross join aclexplode(tables.relacl) as acl
            union
            select spaces.nspname, acl.grantee, tables.relowner
            from pg_attribute as columns
            inner join pg_class as tables on columns.attrelid = tables.oid
            inner join pg_namespace as spaces on tables.relnamespace = spaces.oid
            cross join aclexplode(columns.attacl) as acl
        )

        select
            quote_ident(nspname) as schema_name,
            case when grantee = 0 then 'public' else quote_ident(pg_get_userbyid(grantee)) end
                as grantee
        from held
        where schemas ? nspname
            and grantee <> owner
    loop
        execute format('revoke all on schema %s from %s', found.schema_name, found.grantee);
        execute format(
            'revoke all on all tables in schema %s from %s', found.schema_name, found.grantee
        );
    end loop;
    for found in
        select distinct
            quote_ident(spaces.nspname) as schema_name,
            quote_ident(pg_get_userbyid(defaults.defaclrole)) as creator,
            case
                when acl.grantee = 0 then 'public'
                else quote_ident(pg_get_userbyid(acl.grantee))
            end as grantee
        from pg_default_acl as defaults
        inner join pg_namespace as spaces on defaults.defaclnamespace = spaces.oid
        cross join aclexplode(defaults.defaclacl) as acl
        where schemas ? spaces.nspname
    loop
        execute format(
            'alter default privileges for role %s in schema %s revoke all on tables from %s',
            found.creator, found.schema_name, found.grantee
        );
    end loop;
    if exists (
        select
        from pg_database as databases
        cross join aclexplode(coalesce(databases.datacl, acldefault('d', databases.datdba))) as acl
        where databases.datname = current_database()
            and acl.grantee = 0
            and acl.privilege_type in ('CREATE', 'TEMPORARY')
    ) then
        execute format(
            'revoke create, temporary on database %I from public', current_database()
        );
    end if;

    -- What is listed.
    for found in
        select *
        from jsonb_to_recordset(listed)
            as wanted (role name, schema_name name, privilege text, is_whole boolean)
    loop
        execute format('create schema if not exists %I', found.schema_name);
        execute format('grant usage on schema %I to %I', found.schema_name, found.role);
        if found.is_whole then
            execute format(
                'grant %s on all tables in schema %I to %I',
                found.privilege, found.schema_name, found.role
            );
            execute format(
                'alter default privileges in schema %I grant %s on tables to %I',
                found.schema_name, found.privilege, found.role
            );
        end if;
    end loop;
    for found in
        select
            wanted.role,
            wanted.privilege,
            classes.oid::regclass as table_name,
            string_agg(quote_ident(columns.attname), ', ') as column_names
        from jsonb_to_recordset(listed)
            as wanted (role name, schema_name name, privilege text, is_whole boolean)
        inner join jsonb_to_recordset(tables)
            as known (schema_name name, table_name name, hidden jsonb)
            on wanted.schema_name = known.schema_name
        inner join pg_namespace as spaces on known.schema_name = spaces.nspname
        inner join pg_class as classes
            on spaces.oid = classes.relnamespace
            and known.table_name = classes.relname
        inner join pg_attribute as columns
            on classes.oid = columns.attrelid
            and columns.attnum > 0
            and not columns.attisdropped
            and not known.hidden ? columns.attname
        where not wanted.is_whole
        group by wanted.role, wanted.privilege, classes.oid
    loop
        execute format(
            'grant %s (%s) on %s to %I',
            found.privilege, found.column_names, found.table_name, found.role
        );
    end loop;
end;
$access$
{% endmacro %}
