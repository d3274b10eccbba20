"""Models of what is not weather: the grid's carbon intensity and the demand for inference."""
