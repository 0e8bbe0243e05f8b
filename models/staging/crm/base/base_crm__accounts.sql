{{ classify_raw_rows('crm', 'accounts') }}
