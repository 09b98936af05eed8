"""Measures of the engine as ratios within one run; `make bench` prints them."""
