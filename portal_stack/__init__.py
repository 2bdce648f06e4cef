"""The embedded portal: PostgreSQL, Valkey, Solr and CKAN with the Export API in one folder."""
