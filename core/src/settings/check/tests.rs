use super::*;

fn fault(variable: &str, value: &str) -> String {
    let pair = (format!("NETVANE__{variable}"), value.to_owned());
    Settings::load(None, [pair])
        .err()
        .map(|error| error.to_string())
        .unwrap_or_default()
}

#[test]
fn helo_must_be_a_host_name_or_address_literal() {
    for right in [
        "mail.example",
        "mailhost",
        "a-b.1c.example",
        "[192.0.2.1]",
        "[IPv6:2001:db8::1]",
    ] {
        assert_eq!(fault("SMTP__HELO", right), "", "{right}");
    }

    for wrong in [
        "my machine",
        "my_machine.example",
        "-a.example",
        "mail.example.",
        "bücher.example",
        "https://mail.example",
        "192.0.2.1",
        "[2001:db8::1]",
        "[mail.example]",
        "[192.0.2.1",
        ".",
    ] {
        assert!(
            fault("SMTP__HELO", wrong).starts_with("smtp.helo: expected an ASCII host name"),
            "{wrong}"
        );
    }

    assert!(fault("SMTP__MAIL_FROM", "nobody").starts_with("smtp.mail_from"));
}

#[test]
fn the_public_url_must_be_an_origin() {
    for right in [
        "https://netvane.example",
        "http://192.0.2.1:8080/",
        "https://[2001:db8::1]",
    ] {
        assert_eq!(fault("HTTP__PUBLIC_URL", right), "", "{right}");
    }
    for wrong in [
        "netvane.example",
        "https://netvane.example/bot",
        "https://netvane.example/?q",
        "https://netvane.example/#me",
        "https://me:secret@netvane.example",
    ] {
        let told = fault("HTTP__PUBLIC_URL", wrong);
        assert!(
            told.starts_with("http.public_url: expected an http or https URL")
                && !told.contains("secret"),
            "{wrong}: {told}"
        );
    }
}

#[test]
fn directories_must_be_absolute_and_urls_valid() {
    assert_eq!(
        fault("AUDIT__DIRECTORY", "audit"),
        "audit.directory: expected an absolute path"
    );
    assert_eq!(
        fault("STATE__DIRECTORY", "state"),
        "state.directory: expected an absolute path"
    );
    assert_eq!(fault("AUDIT__DIRECTORY", "/var/lib/netvane/audit"), "");
    let told = fault("GEO__CITY_URL", "secret");
    assert_eq!(told, "geo.city_url: expected an https URL");
    assert_eq!(
        fault("GEO__ASN_URL", "https://geo.example/asn.mmdb"),
        "geo.asn_url: requires geo.asn, the file to write"
    );
    assert_eq!(
        fault("GEO__CITY_URL", "https://geo.example/city.mmdb"),
        "",
        "the file is in the state directory"
    );
    assert_eq!(
        fault("RDAP__BOOTSTRAP_URL", "data.iana.org"),
        "rdap.bootstrap_url: expected an https URL"
    );
}

#[test]
fn ports_are_lists_of_ports_and_ranges() {
    for right in ["80", "80,443", "[\"80\", \"8000-8999\"]", "[]"] {
        assert_eq!(fault("POLICY__PORTS__HTTP", right), "", "{right}");
    }
    for wrong in ["0", "http", "443-80", "1-65536"] {
        let fault = fault("POLICY__PORTS__HTTP", wrong);
        assert!(
            fault.contains("expected a port or a range such as 8000-8999"),
            "{wrong}: {fault}"
        );
    }
}

#[test]
fn the_default_ports_survive_being_written() {
    let defaults = Settings::default();
    let written = defaults.to_toml();
    assert!(
        written.contains("http = [\"80\", \"443\", \"8000-8999\"]"),
        "{written}"
    );
    let ports = &defaults.policy.ports;
    let lists = [&ports.http, &ports.resolver, &ports.server, &ports.callback];
    assert_eq!(
        lists.map(ToString::to_string),
        [
            "80, 443, 8000-8999",
            "53, 853, 443",
            "43",
            "80, 443, 1024-65535"
        ]
    );
}
