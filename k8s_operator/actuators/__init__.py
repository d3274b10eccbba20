"""From decisions to what is written, one file a kind of workload."""
