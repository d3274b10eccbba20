"""Replica counts of the latency model, held against queues simulated request by request."""
