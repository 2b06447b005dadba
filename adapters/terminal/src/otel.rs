//! Traces for an OpenTelemetry collector, when the operator names one: a span for each question, and one below it for
//! each exchange with somebody else's server. What is asked is not in them.

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

/// Spans that are for the collector only.
pub(crate) const TARGET: &str = "netvane::trace";

/// Sends what is left when dropped.
pub(crate) struct Traces(SdkTracerProvider);

impl Traces {
    /// The way to the collector; `None` where the settings name none.
    pub(crate) fn new(settings: &Telemetry) -> anyhow::Result<Option<Self>> {
        let endpoint = settings.otlp_endpoint.trim_end_matches('/');
        if endpoint.is_empty() {
            return Ok(None);
        }
        // Its client blocks, on a thread of the exporter's own.
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

    /// What the subscriber passes its spans to.
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
