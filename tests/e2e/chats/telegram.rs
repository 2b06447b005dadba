//! The Telegram adapter: the real program against a strict fake of Telegram.

mod places;
mod replies;
mod updates;

use std::net::SocketAddr;

use netvane_tests::{
    Dns, Service, Telegram,
    telegram::{Chat, Message, User},
};

struct Bot {
    telegram: Telegram,
    service: Service,
    dns: Dns,
}

fn settings(telegram: &Telegram, dns: SocketAddr) -> Vec<(&'static str, String)> {
    let mut settings: Vec<_> = telegram
        .settings()
        .into_iter()
        .map(|(name, value)| (name, value.to_owned()))
        .collect();
    settings.push(("NETVANE__DNS__SERVERS", dns.to_string()));
    settings.push(("NETVANE__RDAP__ENABLED", "false".into()));
    settings
}

fn serve(settings: &[(&'static str, String)]) -> Service {
    let settings: Vec<(&str, &str)> = settings
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    Service::start(&settings)
}

impl Bot {
    fn start() -> Self {
        Self::with_dns(Dns::start())
    }

    fn with_dns(dns: Dns) -> Self {
        let telegram = Telegram::start();
        let service = serve(&settings(&telegram, dns.address));
        telegram.wait_for_poll();
        Self {
            telegram,
            service,
            dns,
        }
    }

    fn ann(&self) -> Chat {
        self.telegram.private(&User::new(42, "Ann"))
    }

    /// Stops the program, then checks for violations.
    fn finish(self) {
        assert_eq!(self.service.stop(), Some(0));
        self.telegram.finish();
    }
}

fn answered(message: &Message) -> bool {
    message.buttons().any(|button| button.text == "Raw")
}
