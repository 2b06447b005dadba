//! Facts shown below the sentences: records, mail servers, servers for mail programs.

use netvane_document::{Cell, Document, Field, Role};
use netvane_net::tcp::PortState;

use super::super::{
    Data,
    receiver::Exchange,
    services::{Evidence, Service, Services},
};

/// Maximum number of characters of a record shown; the data contains all of it.
const SHOWN_RECORD: usize = 240;

/// Adds the servers for mail programs, or a note that none was found.
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
        ["Protocol", "Server", ">Port", "State", "Source"],
        services.found.iter().map(row).collect(),
    );
    warn_of_services(services, name, document);

    if services.found.is_empty() {
        let text = match &services.fault {
            Some(fault) => {
                format!("Could not look up the SRV records of {name}: {fault}")
            }
            None => format!(
                "{name} publishes no SRV records for mail programs (RFC 6186), and no common host name \
                 responds. Users get the server name from their provider."
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
        document.field(
            "Not offered",
            format!("{} (according to {name})", names.join(", ")),
        );
    }

    if !services.automatic.is_empty() {
        let names = services.automatic.join(", ");
        document.field("Autoconfiguration", Cell::new(names, Role::Domain));
    }
}

fn row(service: &Service) -> [Cell; 5] {
    let found = match service.evidence {
        Evidence::Srv => "SRV record",
        Evidence::UsualName => "common host name",
    };
    let state = match (service.state, &service.fault) {
        (Some(PortState::Open), _) => Cell::new("open", Role::Good),
        (Some(state), _) => Cell::new(state.as_str(), Role::Warning),
        (None, Some(_)) => Cell::new("not reachable", Role::Bad),
        (None, None) => Cell::aside("check in progress"),
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

/// Warns of servers from SRV records that cannot be used.
fn warn_of_services(services: &Services, name: &str, document: &mut Document) {
    for service in services
        .found
        .iter()
        .filter(|service| service.evidence == Evidence::Srv)
    {
        let what = format!("{}:{}", service.host, service.port);
        if let Some(fault) = &service.fault {
            document.warn(format!(
                "{name} publishes {what} for mail programs: {fault}"
            ));
        } else if let Some(state @ (PortState::Closed | PortState::Filtered)) = service.state {
            document.warn(format!(
                "{name} publishes {what} for mail programs, but the port is {} from here",
                state.as_str()
            ));
        }
    }
}

/// A record, truncated to [`SHOWN_RECORD`] characters.
pub(super) fn record_cell(record: &str) -> Cell {
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

/// Facts about a mail server from its SMTP session.
pub(super) fn fields(exchange: &Exchange) -> Vec<Field> {
    let welcome = &exchange.welcome;
    let mut fields = vec![field("Mail server", Cell::domain(&exchange.exchange))];
    if let Some(address) = exchange.address {
        fields.push(field("Address", Cell::new(address, Role::Address)));
    }

    if let Some(greeting) = &welcome.greeting {
        fields.push(field("Banner", record_cell(greeting)));
    }

    if !welcome.extensions.is_empty() {
        fields.push(field(
            "Extensions",
            record_cell(&welcome.extensions.join(", ")),
        ));
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
                    format!(
                        "invalid: {fault}; most senders still deliver (opportunistic TLS, RFC 7435)"
                    ),
                    Role::Warning,
                ),
                _ => Cell::aside("not checked"),
            };
            fields.push(field("Certificate", certificate));
        }
        (None, Some(false)) => {
            fields.push(field("STARTTLS", Cell::new("not offered", Role::Warning)))
        }
        (None, Some(true)) => fields.push(field(
            "STARTTLS",
            Cell::new("offered, failed", Role::Warning),
        )),
        (None, None) => {}
    }

    if let Some(fault) = welcome.fault.as_ref().or(exchange.unreachable.as_ref()) {
        fields.push(field("Error", Cell::new(fault, Role::Warning)));
    }

    fields
}
