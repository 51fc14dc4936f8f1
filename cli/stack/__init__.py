"""The embedded stack: Kafka, PostgreSQL, S3, the gateway and the services as one supervised set of processes."""
