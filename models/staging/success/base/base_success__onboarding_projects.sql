{{ classify_raw_rows('success', 'onboarding_projects', rules=[
    {
        'reason': 'ends_before_start',
        'rule': 'completed_at must not be before started_at',
        'broken_when': 'completed_at < started_at',
    },
]) }}
