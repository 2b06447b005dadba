//! What the mail commands share: one verifier, one idea of whom to trust.

use std::{sync::OnceLock, time::Duration};

use netvane_document::Failure;
use netvane_facts::mailtrace::TrustPolicy;
use netvane_net::{
    self, Net,
    smtp::{self, Opportunistic},
};

use super::Verifier;
use crate::settings::Settings;

/// The mail commands' common ground; one for the whole process.
pub(crate) struct Mail {
    /// Where exchanges listen.
    pub port: u16,
    /// Whose Received lines are believed.
    pub trusted: TrustPolicy,
    smtp: smtp::Settings,
    net: Net,
    /// Built with the first verification: certificate authorities take milliseconds to read.
    verifier: OnceLock<Verifier>,
}

impl Mail {
    /// From the settings.
    pub(crate) fn new(settings: &Settings, net: &Net) -> Result<Self, Failure> {
        let relays = settings.mail.trusted_relays.iter().map(String::as_str);
        let trusted = TrustPolicy::from_relays(relays).map_err(|relay| {
            Failure::Unavailable(format!(
                "mail.trusted_relays: `{relay}` is neither a network nor a host name"
            ))
        })?;

        let defaults = smtp::Settings::default();
        let patience = Duration::from_millis(settings.smtp.timeout_ms);
        let helo = match settings.smtp.helo.as_str() {
            // The name under which /about is found says most to those who read it in their log.
            "" => public_name(settings)
                .or_else(own_name)
                .unwrap_or(defaults.helo.clone()),
            name => name.to_owned(),
        };

        let contact = settings
            .contact()
            .map(|contact| format!("{} ({contact})", netvane_net::WHO));
        let mail_from = Some(settings.smtp.mail_from.clone()).filter(|sender| !sender.is_empty());
        let smtp = smtp::Settings {
            helo,
            contact,
            mail_from,
            stage: patience,
            ..defaults
        };

        Ok(Self {
            port: settings.smtp.port,
            trusted,
            smtp,
            net: net.clone(),
            verifier: OnceLock::new(),
        })
    }

    /// The one verifier.
    pub(crate) fn verifier(&self) -> &Verifier {
        self.verifier.get_or_init(|| {
            let tls = self
                .net
                .tls_roots()
                .ok()
                .and_then(|roots| Opportunistic::new(roots).ok());
            Verifier {
                settings: self.smtp.clone(),
                tls,
                ..Verifier::default()
            }
        })
    }
}

/// The name of the service, where it has one.
fn public_name(settings: &Settings) -> Option<String> {
    let url = url::Url::parse(&settings.http.public_url).ok()?;
    url.domain()
        .filter(|name| name.contains('.'))
        .map(str::to_owned)
}

/// This machine's name, where it is one that others could look up.
fn own_name() -> Option<String> {
    #[cfg(unix)]
    let name = nix::unistd::gethostname().ok()?.into_string().ok()?;
    #[cfg(not(unix))]
    let name = std::env::var("COMPUTERNAME").ok()?;
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    (name.contains('.') && name.parse::<netvane_facts::target::Domain>().is_ok()).then_some(name)
}
