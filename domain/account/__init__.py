"""One account: wallet, files and tasks; everything that one account decides by itself."""
