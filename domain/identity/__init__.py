"""Users, roles and credentials: one partition, because a user name must be unique."""
