"""What AWS would write of each request: renderings of a run's rows, of which nothing is made before they are asked for."""
