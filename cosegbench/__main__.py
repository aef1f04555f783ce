"""``python -m cosegbench``."""

from cosegbench.cli import main

if __name__ == "__main__":
    main()
