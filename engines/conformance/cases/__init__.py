"""What engines are asked: operations, programs, random graphs. No engine is judged here."""
