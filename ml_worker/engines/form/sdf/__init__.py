"""Signed distance fields in torch: shapes, how to bend them, and how to join them.

Metres, Y up. A distance is negative inside and never larger than the true one (Lipschitz 1), so a mesher may skip
space by it. Formulas are Inigo Quilez', https://iquilezles.org/articles/distfunctions/ and .../distfunctions2d/,
unless a docstring names another source.
"""
