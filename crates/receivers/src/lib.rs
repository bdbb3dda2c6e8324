//! What brings telemetry in over the network: OTLP and Zipkin.
