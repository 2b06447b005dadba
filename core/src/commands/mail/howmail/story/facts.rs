//! Facts below the sentences: records, mail servers, servers for mail programs.

use netvane_document::{Cell, Document, Field, Role};

use super::super::{
    Data,
    receiver::Exchange,
    services::{Evidence, Service, Services},
};
use crate::commands::dns::lookup::count;

/// Characters of a record that are shown; the data has all of it.
const SHOWN_RECORD: usize = 240;

/// The servers for mail programs, or that there are none to tell of.
pub(super) fn services(
    data: &Data,
    services: Option<&Services>,
    name: &str,
    document: &mut Document,
) {
    let Some(services) = services else {
        document.field("Servers", Cell::aside(data.missing()));
        return;
    };

    document.table(
        ["Protocol", "Server", ">Port", "Port is", "Found by"],
        services.found.iter().map(row).collect(),
    );
    warn_of_services(services, name, document);

    if services.found.is_empty() {
        let text = match &services.fault {
            Some(fault) => {
                format!("What {name} publishes about it could not be looked up: {fault}")
            }
            None => format!(
                "{name} publishes no SRV records for it (RFC 6186), and no usual name answers: users learn the \
                 server from their provider."
            ),
        };
        document.text(text);
    }

    if !services.refused.is_empty() {
        let names = services
            .refused
            .iter()
            .map(|protocol| format!("{} ({})", protocol.name(), protocol.encryption()));
        let names: Vec<String> = names.collect();
        document.field("Not offered", format!("{}, says {name}", names.join(", ")));
    }

    if !services.automatic.is_empty() {
        let names = services.automatic.join(", ");
        document.field("Settings for programs", Cell::new(names, Role::Domain));
    }
}

fn row(service: &Service) -> [Cell; 5] {
    let found = match service.evidence {
        Evidence::Srv => "SRV record",
        Evidence::UsualName => "usual name",
    };
    let state = match (service.state, &service.fault) {
        (Some("open"), _) => Cell::new("open", Role::Good),
        (Some(state), _) => Cell::new(state, Role::Warning),
        (None, Some(_)) => Cell::new("not reachable", Role::Bad),
        (None, None) => Cell::aside("being checked"),
    };
    let how = service.protocol.encryption();
    let protocol = format!("{}, {how}", service.protocol.name());

    [
        protocol.into(),
        Cell::domain(&service.host),
        service.port.into(),
        state,
        Cell::aside(found),
    ]
}

/// Servers that the domain itself names, and that cannot be used.
fn warn_of_services(services: &Services, name: &str, document: &mut Document) {
    for service in services
        .found
        .iter()
        .filter(|service| service.evidence == Evidence::Srv)
    {
        let what = format!("{}:{}", service.host, service.port);
        if let Some(fault) = &service.fault {
            document.warn(format!(
                "{name} names {what} for its mail programs: {fault}"
            ));
        } else if let Some(state @ ("closed" | "filtered")) = service.state {
            document.warn(format!(
                "{name} names {what} for its mail programs, but the port is {state} from here"
            ));
        }
    }
}

/// A record as far as it fits.
pub(super) fn shown(record: &str) -> Cell {
    let mut text: String = record.chars().take(SHOWN_RECORD).collect();
    if text.len() < record.len() {
        text.push('…');
    }
    Cell::exact(text)
}

fn field(name: &str, value: impl Into<Cell>) -> Field {
    Field {
        name: name.into(),
        value: value.into(),
    }
}

/// A mail server as it shows itself.
pub(super) fn fields(exchange: &Exchange) -> Vec<Field> {
    let welcome = &exchange.welcome;
    let mut fields = vec![field("Mail server", Cell::domain(&exchange.exchange))];
    if let Some(address) = exchange.address {
        fields.push(field("Address", Cell::new(address, Role::Address)));
    }

    if let Some(greeting) = &welcome.greeting {
        fields.push(field("Greets", shown(greeting)));
    }

    if !welcome.extensions.is_empty() {
        fields.push(field("Announces", shown(&welcome.extensions.join(", "))));
    }

    match (&welcome.tls, welcome.starttls) {
        (Some(tls), _) => {
            fields.push(field(
                "Encryption",
                format!("{}, {}", tls.version, tls.cipher),
            ));
            let certificate = match (tls.trusted, &tls.fault) {
                (Some(true), _) => Cell::new("valid for this name", Role::Good),
                (Some(false), Some(fault)) => Cell::new(
                    format!("not valid: {fault}; ordinary mail goes there all the same (RFC 7435)"),
                    Role::Warning,
                ),
                _ => Cell::aside("not judged"),
            };
            fields.push(field("Certificate", certificate));
        }
        (None, Some(false)) => {
            fields.push(field("Encryption", Cell::new("not offered", Role::Warning)))
        }
        (None, Some(true)) => fields.push(field(
            "Encryption",
            Cell::new("offered, did not come about", Role::Warning),
        )),
        (None, None) => {}
    }

    if let Some(fault) = welcome.fault.as_ref().or(exchange.unreachable.as_ref()) {
        fields.push(field("But", Cell::new(fault, Role::Warning)));
    }

    fields
}

/// `5 minutes`, `7 days`: roughly.
pub(super) fn roughly(seconds: u64) -> String {
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7200 => format!("{} minutes", seconds / 60),
        7200..172_800 => format!("{} hours", seconds / 3600),
        seconds => count((seconds / 86_400) as usize, "day", "days"),
    }
}
