"""What users run: scenarios in, decisions and reports out.

It joins the optimizer and the forecasts to the outside world. Both stand below it and know
nothing of files, clocks or people.
"""
