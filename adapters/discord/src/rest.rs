//! Calls to Discord's HTTP API. Only the paths come from serenity: its error type drops the wait
//! that Discord demands, and it can reach a test server only without its rate limiter.

use std::time::Duration;

use netvane_core::{Failure, request::mail_upload::MailUpload, settings};
use reqwest::{
    Client, Method, RequestBuilder, Response, StatusCode, header,
    multipart::{Form, Part},
};
use serde_json::{Value, json};
use serenity::{constants, http::Route};

use crate::refused::{Refused, flood};

const DISCORD: &str = "https://discord.com";

/// Timeout of a request, a little shorter than the chat crate's timeout for showing a message.
const PATIENCE: Duration = Duration::from_secs(15);

/// A file attached to a message.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct File {
    pub name: String,
    pub bytes: Vec<u8>,
}

impl File {
    fn kind(&self) -> &'static str {
        match self.name.rsplit_once('.').map(|(_, end)| end) {
            Some("json") => "application/json",
            Some("png") => "image/png",
            _ => "text/plain; charset=utf-8",
        }
    }
}

/// Client of the HTTP API with the token of one bot.
#[derive(Clone)]
pub(crate) struct Rest {
    client: Client,
    token: String,
    origin: String,
}

impl Rest {
    pub(crate) fn new(settings: &settings::Discord) -> reqwest::Result<Self> {
        #[expect(clippy::disallowed_methods, reason = "the client of its own platform")]
        let client = Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(PATIENCE)
            .connect_timeout(Duration::from_secs(5))
            .build()?;
        let token = settings.token.reveal().trim().to_owned();
        Ok(Self {
            client,
            token,
            origin: settings.api_url.trim_end_matches('/').to_owned(),
        })
    }

    /// Returns an HTTP client for serenity's gateway client. serenity's rate limiter is disabled,
    /// because it would bypass the proxy.
    pub(crate) fn serenity(&self) -> serenity::http::Http {
        let builder = serenity::http::HttpBuilder::new(&self.token)
            .client(self.client.clone())
            .ratelimiter_disabled(true);
        if self.is_discord() {
            builder.build()
        } else {
            builder.proxy(&self.origin).build()
        }
    }

    /// Returns whether the API is Discord itself, and not a test server.
    pub(crate) fn is_discord(&self) -> bool {
        self.origin == DISCORD
    }

    /// Returns scheme and host of the API.
    pub(crate) fn origin(&self) -> &str {
        &self.origin
    }

    pub(crate) async fn get(&self, route: Route<'_>) -> Result<Value, Refused> {
        read(self.request(Method::GET, route)).await
    }

    pub(crate) async fn send(
        &self,
        method: Method,
        route: Route<'_>,
        body: &Value,
        files: &[File],
    ) -> Result<Value, Refused> {
        let request = self.request(method, route);

        if files.is_empty() {
            let json = request
                .header(header::CONTENT_TYPE, "application/json")
                .body(body.to_string());
            return read(json).await;
        }

        let form = Form::new().part("payload_json", json_part(body)?);
        let form = files
            .iter()
            .enumerate()
            .try_fold(form, |form, (index, file)| {
                let part = Part::bytes(file.bytes.clone()).file_name(file.name.clone());
                Ok(form.part(
                    format!("files[{index}]"),
                    part.mime_str(file.kind()).map_err(unreached)?,
                ))
            })?;

        read(request.multipart(form)).await
    }

    /// Downloads an attachment, part by part.
    pub(crate) async fn download(
        &self,
        url: &str,
        upload: &mut MailUpload,
    ) -> Result<(), DownloadError> {
        let mut response = check_status(self.client.get(url))
            .await
            .map_err(DownloadError::Refused)?;
        loop {
            let part = response.chunk().await.map_err(unreached);
            match part.map_err(DownloadError::Refused)? {
                Some(part) => upload.push(&part).await.map_err(DownloadError::Upload)?,
                None => return Ok(()),
            }
        }
    }

    fn request(&self, method: Method, route: Route<'_>) -> RequestBuilder {
        let url = route.path().replacen(DISCORD, &self.origin, 1);
        let request = self
            .client
            .request(method, url)
            .header(header::USER_AGENT, constants::USER_AGENT);
        // These routes carry the interaction token in the path and need no bot token.
        match route {
            Route::InteractionResponse { .. }
            | Route::WebhookOriginalInteractionResponse { .. } => request,
            _ => request.header(header::AUTHORIZATION, format!("Bot {}", self.token)),
        }
    }
}

/// Why an attachment could not be downloaded.
#[derive(Debug)]
pub(crate) enum DownloadError {
    /// The server did not send it.
    Refused(Refused),
    /// The message is too large, or cannot be read.
    Upload(Failure),
}

fn json_part(body: &Value) -> Result<Part, Refused> {
    Part::text(body.to_string())
        .mime_str("application/json")
        .map_err(unreached)
}

/// Converts a transport error, with its causes but without the URL, which can contain an
/// interaction token.
fn unreached(error: reqwest::Error) -> Refused {
    let error = error.without_url();
    let mut words = error.to_string();
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        words = format!("{words}: {cause}");
        source = cause.source();
    }
    Refused::Unreached(words)
}

async fn read(request: RequestBuilder) -> Result<Value, Refused> {
    let response = check_status(request).await?;
    if response.status() == StatusCode::NO_CONTENT {
        return Ok(Value::Null);
    }
    let bytes = response.bytes().await.map_err(unreached)?;
    serde_json::from_slice(&bytes).map_err(|error| Refused::Unreached(format!("not JSON: {error}")))
}

async fn check_status(request: RequestBuilder) -> Result<Response, Refused> {
    let response = request.send().await.map_err(unreached)?;
    if response.status().is_success() {
        return Ok(response);
    }

    let status = response.status();
    let header = |name: &str| {
        response
            .headers()
            .get(name)?
            .to_str()
            .ok()
            .map(str::to_owned)
    };

    let waits = ["retry-after", "x-ratelimit-reset-after"].map(header);
    let scope = header("x-ratelimit-scope");
    let bytes = response.bytes().await.unwrap_or_default();
    let body: Value = serde_json::from_slice(&bytes).unwrap_or_default();

    if status != StatusCode::TOO_MANY_REQUESTS {
        let message = match body["message"].as_str() {
            // `errors` says which field of the request is invalid.
            Some(message) if body["errors"].is_object() => format!("{message}: {}", body["errors"]),
            Some(message) => message.to_owned(),
            None => status.canonical_reason().unwrap_or_default().to_owned(),
        };
        let code = body["code"].as_i64().unwrap_or(0);
        return Err(Refused::Status {
            status: status.as_u16(),
            code,
            message,
        });
    }

    Err(flood(&body, scope.as_deref(), &waits))
}

/// Returns the `allowed_mentions` of a message that notifies nobody, whatever mentions its text
/// contains.
pub(crate) fn no_mentions() -> Value {
    json!({ "parse": [] })
}
