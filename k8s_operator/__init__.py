"""The cluster's hands: carries what was decided to Kubernetes, and what Kubernetes says back.

It decides nothing. It imports `scheduler`, which decides, and the nouns of `optimizer`; nobody
imports it. So far it only holds its place in the import contract: the operator is not part of this
version.
"""
