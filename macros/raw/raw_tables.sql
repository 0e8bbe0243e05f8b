{#- Every raw table of the contract as (system, object). Written down because a model's
    dependencies have to be known before dbt knows the contract; a test compares. -#}
{% macro raw_tables() %}
    {%- set tables = {
        'crm': [
            'accounts', 'account_history', 'users', 'contacts', 'opportunities',
            'opportunity_history', 'activities',
        ],
        'billing': [
            'customers', 'plans', 'subscriptions', 'subscription_charges', 'invoices',
            'fx_rates',
        ],
        'usage': ['features', 'users', 'activity'],
        'tickets': ['tickets', 'ticket_events', 'sla_policies'],
        'surveys': ['responses'],
        'success': [
            'playbooks', 'ctas', 'onboarding_projects', 'success_plans',
            'health_overrides', 'cta_pushes',
        ],
        'ops': [
            'requests', 'dashboards', 'dashboard_views', 'incidents',
            'automation_runs', 'dependencies',
        ],
    } -%}
    {%- set pairs = [] -%}
    {%- for system, objects in tables.items() -%}
        {%- for object in objects %}{% do pairs.append((system, object)) %}{% endfor -%}
    {%- endfor -%}
    {{ return(pairs) }}
{% endmacro %}
