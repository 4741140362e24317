"""Who makes the runs: this process, workers, a Ray cluster, shards of an experiment."""
