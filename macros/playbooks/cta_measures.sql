{#- The measures that a rule for calls to action may name: columns of
    int_cta_measures_observed. To add one, add its column there and its name here. -#}
{% macro cta_measures() %}
    {{ return([
        'mau_change_pct',
        'red_health_scores',
        'renewals_without_plan',
        'open_escalations',
        'days_since_unanswered_detractor',
        'seat_utilization_pct',
        'days_since_champion_left',
        'overdue_onboarding_projects',
    ]) }}
{% endmacro %}
