{{ classify_raw_rows('crm', 'opportunity_history') }}
