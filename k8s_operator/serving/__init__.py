"""Inference services on the cluster: replicas' bounds and a route's weights follow the plan."""
