"""A web viewer of a run or a data set, for its owner, on their own machine."""
