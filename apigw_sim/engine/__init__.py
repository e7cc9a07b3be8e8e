"""When things happen: the order of events, and the engines that obey it."""
