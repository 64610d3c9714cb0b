//! Sends spans to a collector: OTLP over HTTP, from a thread of its own, so that no request waits for
//! it. If the collector is down, spans are dropped.

use std::{
    error::Error,
    fmt,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use async_trait::async_trait;
use opentelemetry::trace::TracerProvider;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::WithHttpConfig;
use opentelemetry_sdk::{
    Resource,
    error::OTelSdkResult,
    trace::{SdkTracerProvider, SpanData, SpanExporter},
};
use reqwest::redirect::Policy;
use tokio::runtime::{self, Runtime};
use tracing::Subscriber;
use tracing_opentelemetry::OpenTelemetryLayer;
use tracing_subscriber::registry::LookupSpan;

use super::settings::TraceSettings;

/// How long the process waits at its end for the last spans to be sent.
const LAST_EXPORT: Duration = Duration::from_secs(3);

/// How often a log line says that spans are lost.
const BETWEEN_LINES: Duration = Duration::from_secs(60);

/// The longest answer of a collector that is read, in bytes.
const LONGEST_ANSWER: usize = 64 * 1024;

/// The export of traces.
pub struct Traces {
    provider: SdkTracerProvider,
}

impl Traces {
    /// Starts the thread that exports. The SDK reads endpoint, headers, sampler and batch sizes from
    /// the variables of the process.
    ///
    /// # Errors
    ///
    /// What is wrong with a variable, or what the operating system refuses.
    pub fn begin(settings: &TraceSettings) -> Result<Self, Box<dyn Error + Send + Sync>> {
        let http = Client::new(settings.timeout)?;
        let exporter = opentelemetry_otlp::SpanExporter::builder()
            .with_http()
            .with_http_client(http)
            .with_retry_policy(opentelemetry_otlp::RetryPolicy::disabled())
            .build()?;
        // `OTEL_SERVICE_NAME` and `OTEL_RESOURCE_ATTRIBUTES` override the name.
        let mut resource = Resource::builder();
        if std::env::var_os("OTEL_SERVICE_NAME").is_none_or(|name| name.is_empty())
            && !std::env::var("OTEL_RESOURCE_ATTRIBUTES")
                .is_ok_and(|attributes| attributes.contains("service.name="))
        {
            resource = resource.with_service_name("oscal-mcp-server");
        }
        let version = opentelemetry::KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
        let provider = SdkTracerProvider::builder()
            .with_resource(resource.with_attribute(version).build())
            .with_batch_exporter(Reporting::new(exporter))
            .build();
        Ok(Self { provider })
    }

    /// Turns `tracing` spans into those of OpenTelemetry, with no attributes but their own.
    pub(crate) fn layer<S>(&self) -> OpenTelemetryLayer<S, opentelemetry_sdk::trace::SdkTracer>
    where
        S: Subscriber + for<'span> LookupSpan<'span>,
    {
        OpenTelemetryLayer::new(self.provider.tracer("oscal-mcp-server"))
            .with_location(false)
            .with_threads(false)
            .with_tracked_inactivity(false)
            .with_target(false)
    }

    /// Exports the last spans, within three seconds. Call it before the process ends.
    pub fn end(self) {
        // A failure has its log line already.
        let _ = self.provider.shutdown_with_timeout(LAST_EXPORT);
    }
}

/// Passes spans on, and says now and then that they are lost.
#[derive(Debug)]
struct Reporting<E> {
    exporter: E,
    lost: Mutex<Lost>,
}

#[derive(Debug, Default)]
struct Lost {
    spans: usize,
    told: Option<Instant>,
}

impl<E> Reporting<E> {
    fn new(exporter: E) -> Self {
        Self {
            exporter,
            lost: Mutex::default(),
        }
    }

    fn note_lost(&self, spans: usize) {
        let mut lost = self.lost.lock().unwrap_or_else(PoisonError::into_inner);
        lost.spans += spans;
        if lost.told.is_some_and(|told| told.elapsed() < BETWEEN_LINES) {
            return;
        }
        lost.told = Some(Instant::now());
        let spans = std::mem::take(&mut lost.spans);
        tracing::warn!(spans, "spans are lost: they cannot be exported");
    }
}

impl<E: SpanExporter> SpanExporter for Reporting<E> {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let spans = batch.len();
        let exported = self.exporter.export(batch).await;
        if exported.is_err() {
            self.note_lost(spans);
        }
        exported
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.exporter.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}

/// Our HTTP client for the exporter. The thread that exports has no Tokio runtime, so this one brings
/// its own. Redirects are off: they would send the headers of `OTEL_EXPORTER_OTLP_HEADERS`, which may
/// be credentials, to another host.
struct Client {
    http: reqwest::Client,
    runtime: Mutex<Runtime>,
}

impl Client {
    fn new(timeout: Duration) -> Result<Self, Box<dyn Error + Send + Sync>> {
        let http = reqwest::Client::builder()
            .user_agent(concat!("oscal-mcp-server/", env!("CARGO_PKG_VERSION")))
            .redirect(Policy::none())
            .timeout(timeout)
            .build()?;
        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        Ok(Self {
            http,
            runtime: Mutex::new(runtime),
        })
    }

    async fn send(&self, request: Request<Bytes>) -> reqwest::Result<Response<Bytes>> {
        let mut answer = self.http.execute(request.try_into()?).await?;
        let mut body = Vec::new();
        while body.len() < LONGEST_ANSWER
            && let Some(chunk) = answer.chunk().await?
        {
            body.extend_from_slice(&chunk);
        }
        let mut response = Response::new(body.into());
        *response.status_mut() = answer.status();
        *response.headers_mut() = std::mem::take(answer.headers_mut());
        Ok(response)
    }
}

#[async_trait]
impl HttpClient for Client {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let runtime = self.runtime.lock().unwrap_or_else(PoisonError::into_inner);
        // The URL may have a key in its query.
        let sent = runtime.block_on(self.send(request));
        Ok(sent.map_err(reqwest::Error::without_url)?)
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").finish_non_exhaustive()
    }
}
