"""How fast the Export API is, beside its limit and its peers: `./portal bench --help`."""
