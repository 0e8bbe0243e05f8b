{{ classify_raw_rows('crm', 'contacts') }}
