"""Plain manifests that put Alizé into a cluster: definitions, rights, admission, two replicas."""
