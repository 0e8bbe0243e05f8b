{{ classify_raw_rows('crm', 'users') }}
