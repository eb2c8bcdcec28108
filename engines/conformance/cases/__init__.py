"""What engines are asked: operations, programs, random graphs, scripts, tasks. Nobody is judged."""
