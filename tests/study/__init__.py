"""Tests of the study of the miniature, of its picture and of the comparison with committed records."""
