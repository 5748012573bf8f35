"""Several sessions side by side: settings, intervals, tables and charts."""
