"""Plants turn weather into power and cooling: physics only, no forecasting and no prices."""
