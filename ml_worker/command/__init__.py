"""`lathe engines`: engines of this machine, without a server, Kafka or a database."""
