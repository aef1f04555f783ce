"""Training of the baselines' weights, by the entry points of group ``cosegbench.trainers``."""
