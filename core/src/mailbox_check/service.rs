//! State shared by the mail commands: the verifier and the trusted relays.

use std::{sync::OnceLock, time::Duration};

use netvane_document::Failure;
use netvane_facts::{mailtrace::TrustPolicy, target::Host};
use netvane_net::{
    self, Net,
    smtp::{self, Opportunistic},
};

use super::{Control, Verifier};
use crate::settings::Settings;

/// State shared by the mail commands; one per process.
pub(crate) struct Mail {
    /// Port on which mail servers are contacted.
    pub port: u16,
    /// Relays whose Received headers are trusted.
    pub trusted: TrustPolicy,
    smtp: smtp::Settings,
    /// Host of the control server, if there is one.
    control: Option<Host>,
    net: Net,
    /// Built on first use, because loading the CA certificates takes milliseconds.
    verifier: OnceLock<Verifier>,
}

impl Mail {
    /// Builds the state; fails if `mail.trusted_relays` is invalid.
    pub(crate) fn new(settings: &Settings, net: &Net) -> Result<Self, Failure> {
        let relays = settings.mail.trusted_relays.iter().map(String::as_str);
        let trusted = TrustPolicy::from_relays(relays).map_err(|relay| {
            Failure::Unavailable(format!(
                "mail.trusted_relays: expected a network (CIDR) or host name, got `{relay}`"
            ))
        })?;

        let defaults = smtp::Settings::default();
        let patience = Duration::from_millis(settings.smtp.timeout_ms);
        let helo = match settings.smtp.helo.as_str() {
            // The public host name serves /about, so operators who find it in their logs can look
            // us up.
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
            cleartext: settings.smtp.cleartext,
            stage: patience,
            ..defaults
        };

        Ok(Self {
            port: settings.smtp.port,
            trusted,
            smtp,
            control: settings.smtp.control.parse().ok(),
            net: net.clone(),
            verifier: OnceLock::new(),
        })
    }

    /// Host that is connected to if no mail server of a domain can be; `None` if that is turned
    /// off.
    pub(crate) fn control_host(&self) -> Option<String> {
        self.control.as_ref().map(ToString::to_string)
    }

    /// The shared verifier, built on first use.
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
                control: Control::new(self.control.clone(), self.port, &self.net),
                ..Verifier::default()
            }
        })
    }
}

/// Host name of `http.public_url`, if it is a fully qualified name.
fn public_name(settings: &Settings) -> Option<String> {
    let url = url::Url::parse(&settings.http.public_url).ok()?;
    url.domain()
        .filter(|name| name.contains('.'))
        .map(str::to_owned)
}

/// Host name of this machine, if it is a fully qualified name.
fn own_name() -> Option<String> {
    #[cfg(unix)]
    let name = nix::unistd::gethostname().ok()?.into_string().ok()?;
    #[cfg(not(unix))]
    let name = std::env::var("COMPUTERNAME").ok()?;
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    (name.contains('.') && name.parse::<netvane_facts::target::Domain>().is_ok()).then_some(name)
}
