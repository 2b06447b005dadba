//! Traces for an OpenTelemetry collector, if one is configured: a span for each lookup, with child
//! spans for each exchange with a remote server. They do not contain the targets of lookups.

use anyhow::Context as _;
use netvane_core::settings::Telemetry;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::{SpanExporter, WithExportConfig};
use opentelemetry_sdk::{Resource, trace::SdkTracerProvider};
use tracing::Subscriber;
use tracing_subscriber::{
    Layer,
    filter::{LevelFilter, Targets},
    registry::LookupSpan,
};

/// Target of the spans that only the collector gets.
pub(crate) const TARGET: &str = "netvane::trace";

/// Exports traces; flushes the remaining spans when dropped.
pub(crate) struct Traces(SdkTracerProvider);

impl Traces {
    /// Connects to the configured collector; `None` if there is none.
    pub(crate) fn new(settings: &Telemetry) -> anyhow::Result<Option<Self>> {
        let endpoint = settings.otlp_endpoint.trim_end_matches('/');
        if endpoint.is_empty() {
            return Ok(None);
        }
        // The exporter's HTTP client blocks, but runs on a thread of its own.
        let exporter = SpanExporter::builder()
            .with_http()
            .with_endpoint(format!("{endpoint}/v1/traces"))
            .build()
            .context("telemetry.otlp_endpoint")?;
        let resource = Resource::builder().with_service_name("netvane").build();
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(exporter)
            .with_resource(resource)
            .build();
        Ok(Some(Self(provider)))
    }

    /// Builds the subscriber layer that passes spans to the exporter.
    pub(crate) fn layer<S: Subscriber + for<'a> LookupSpan<'a>>(&self) -> impl Layer<S> + use<S> {
        let filter = Targets::new().with_target(TARGET, LevelFilter::DEBUG);
        tracing_opentelemetry::layer()
            .with_tracer(self.0.tracer("netvane"))
            .with_filter(filter)
    }
}

impl Drop for Traces {
    fn drop(&mut self) {
        if let Err(error) = self.0.shutdown() {
            tracing::warn!(%error, "failed to export remaining traces");
        }
    }
}
