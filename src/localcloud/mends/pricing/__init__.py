"""AWS's price list API, which moto has none of: some types, volumes and addresses, at AWS's prices of early 2026."""
