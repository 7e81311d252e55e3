"""What stays on disk: conversations as they happen, small facts, exports."""
