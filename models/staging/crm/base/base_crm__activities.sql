{{ classify_raw_rows('crm', 'activities') }}
