{#- The measures that a health model may weigh, by name, with the model that observes
    each: one row per account and observation date, in a column of the measure's name.
    To add one, add its column there and its name here; weights and thresholds are
    rows of the reference seed health_measures. -#}
{% macro health_measures() %}
    {{ return({
        'int_health_adoption_observed': [
            'mau_change_pct', 'seat_utilization_pct', 'active_weeks',
        ],
        'int_health_support_observed': [
            'open_severe_tickets', 'escalations_90_days', 'csat_90_days_pct',
        ],
        'int_health_commercial_observed': ['days_overdue', 'mrr_change_90_days_pct'],
        'int_health_voice_observed': ['nps_180_days'],
        'int_health_engagement_observed': ['days_since_touch'],
        'int_health_progress_observed': ['milestones_in_time_pct'],
        'int_health_baselines_observed': ['tenure_days', 'random_number'],
    }) }}
{% endmacro %}
