"""What engines are asked, and what is true of it: operations, graphs, scripts and tasks."""
