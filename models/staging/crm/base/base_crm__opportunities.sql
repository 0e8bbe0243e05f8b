{{ classify_raw_rows('crm', 'opportunities') }}
