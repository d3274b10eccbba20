"""How fast the optimizer plans synthetic instances of any size, and how good its plans are."""
