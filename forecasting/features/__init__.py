"""What a model is shown: numbers of the weather and the clock that power follows from."""
