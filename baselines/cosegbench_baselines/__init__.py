"""The predictors that ship with cosegbench, reached through the same entry points as anybody else's."""
