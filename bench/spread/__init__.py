"""Parts of `ray_overhead.py`."""
