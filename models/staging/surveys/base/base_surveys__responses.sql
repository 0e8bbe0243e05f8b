{% set scale %}
    select survey_scales.{bound} from {{ ref('survey_scales') }} as survey_scales
    where survey_scales.survey_type = typed_rows.survey_type
{% endset %}

{{ classify_raw_rows('surveys', 'responses', rules=[
    {
        'reason': 'out_of_range',
        'rule': 'score must be on the scale of its survey type (seed survey_scales)',
        'broken_when': 'score < (' ~ scale.replace('{bound}', 'lowest_score') ~ ')'
            ~ ' or score > (' ~ scale.replace('{bound}', 'highest_score') ~ ')',
    },
    {
        'reason': 'ends_before_start',
        'rule': 'responded_at must not be before sent_at',
        'broken_when': 'responded_at < sent_at',
    },
]) }}
