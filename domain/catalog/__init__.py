"""ML models and their prices."""
