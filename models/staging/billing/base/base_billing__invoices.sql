{{ classify_raw_rows('billing', 'invoices') }}
