{{ classify_raw_rows('success', 'success_plans') }}
