{{ classify_raw_rows('crm', 'account_history') }}
