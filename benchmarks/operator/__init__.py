"""The operator against a real control plane, at size."""
