"""Usage by model and minute, kept by Faust: for people to look at, never money or truth."""
