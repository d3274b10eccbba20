"""The four resources of `alize.dev`: one place for their fields, rules, columns and words."""
