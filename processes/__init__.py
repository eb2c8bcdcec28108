"""Child processes: started with limits, listened to, and ended for certain. They know no engine."""
