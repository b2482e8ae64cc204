"""What every worker process of a guarded answer imports first, in the place of its parent's `__main__`."""

from kitchen_helpers.coursework.loading import enclose_worker

if __name__ == "__mp_main__":
    enclose_worker()
