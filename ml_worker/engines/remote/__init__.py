"""Model servers elsewhere as engines: `lathe` asks, checks what comes back, and makes clean files of it."""
