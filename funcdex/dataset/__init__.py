"""From a run, or a file of records, to a folder that trainers read."""
