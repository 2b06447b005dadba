//! The words for a server that does not speak TLS, or not as current clients do.

use netvane_net::tls_check::{Hello, StartTls, Trouble};

use super::{
    data::Question,
    problems::{Found, Weight},
};

/// Most certificates that clients are known to accept (OpenSSL's and Go's limits are near).
const LONG_CHAIN: usize = 10;

/// Why there is no TLS, or why current clients cannot connect.
pub(super) fn trouble(trouble: &Trouble, question: &Question, hello: Option<&Hello>) -> Found {
    let port = question.port;
    match trouble {
        Trouble::NotConnected(why) => not_connected(why.as_str(), port),
        Trouble::NoStartTls(why) => no_starttls(why),
        Trouble::NotTls(answer) => not_tls(answer, port),
        Trouble::Silent(why) => no_handshake(why, question),
        Trouble::Refused(why) => refused(why, hello.is_some()),
        Trouble::TooLarge => too_large(&trouble.sentence(port)),
        Trouble::UncommonKey => uncommon_key(),
    }
}

fn not_connected(why: &str, port: u16) -> Found {
    Found::new(
        Weight::Error,
        "not_connected",
        format!("No connection to port {port}: {why}."),
        format!("Check that the service runs and that firewalls let port {port} through."),
    )
    .because(format!("port {port}: {why}"))
}

fn no_starttls(why: &str) -> Found {
    Found::new(
        Weight::Error,
        "no_starttls",
        format!("TLS could not be started: {why}. Without it, everything is sent in plain text."),
        "Enable STARTTLS in the server and give it a certificate.",
    )
    .because(why)
}

fn no_handshake(why: &str, question: &Question) -> Found {
    let fix = match question.starttls {
        None => {
            "Check that this port speaks TLS; if TLS is started by a command there, name the \
             protocol with `starttls=`."
        }
        Some(_) => {
            "Check the port and the protocol; if the connection begins with TLS there, ask with \
             `starttls=none`."
        }
    };
    let text = format!("No TLS on port {}: {why}.", question.port);
    Found::new(Weight::Error, "no_handshake", text, fix).because(why)
}

/// `is_examined`: an older version or cipher suite was accepted.
fn refused(why: &str, is_examined: bool) -> Found {
    let code = if is_examined { "outdated" } else { "refused" };
    Found::new(
        Weight::Error,
        code,
        format!("Current clients cannot connect: {why}."),
        "Enable TLS 1.2 and 1.3 with their usual cipher suites, and a certificate for this name.",
    )
    .because(why)
}

fn too_large(why: &str) -> Found {
    Found::new(
        Weight::Error,
        "too_large",
        "The server sends more than 64 KiB of certificates, which many clients refuse.",
        "Send only the server's certificate and the intermediates up to the root.",
    )
    .because(why)
}

fn uncommon_key() -> Found {
    Found::new(
        Weight::Warning,
        "uncommon_key",
        "The certificate's key is of a type that many clients do not support; they cannot connect.",
        "Use an ECDSA key on P-256, or an RSA key of 2,048 bits or more.",
    )
}

/// An answer that is not TLS, and what it looks like.
fn not_tls(answer: &str, port: u16) -> Found {
    let fix = match answer.get(..4).unwrap_or(answer) {
        "HTTP" => "This is plain HTTP: use the HTTPS port, or enable TLS on this one.",
        "220 " | "220-" => "This looks like SMTP: ask with `starttls=smtp`.",
        "* OK" => "This looks like IMAP: ask with `starttls=imap`.",
        "+OK " => "This looks like POP3: ask with `starttls=pop3`.",
        "SSH-" => "This is SSH, which does not use TLS.",
        _ => {
            "Check the port, or name the protocol with `starttls=` if TLS is started by a command."
        }
    };
    let said = match answer {
        "" => String::new(),
        answer => format!(": it answered `{answer}`"),
    };
    Found::new(
        Weight::Error,
        "not_tls",
        format!("Port {port} does not speak TLS{said}."),
        fix,
    )
    .because(format!("port {port} does not speak TLS{said}"))
}

/// Remarks about the connection itself.
pub(super) fn connection(hello: &Hello) -> Vec<Found> {
    let mut found = Vec::new();
    if hello.chain.is_empty() {
        found.push(
            Found::new(
                Weight::Error,
                "no_certificate",
                "The server sent no certificate, so nobody can tell who it is.",
                "Give the server a certificate.",
            )
            .because("the server sent no certificate"),
        );
    }
    if hello.chain.len() > LONG_CHAIN {
        let count = hello.chain.len();
        found.push(Found::new(
            Weight::Warning,
            "long_chain",
            format!(
                "The server sends {count} certificates; some clients accept no more than \
             {LONG_CHAIN}, and all have to load them."
            ),
            "Send only the server's certificate and the intermediates up to the root.",
        ));
    }
    if hello.wants_client_certificate {
        found.push(Found::new(
            Weight::Info,
            "client_certificate",
            "The server asks clients for a certificate.",
            "",
        ));
    }
    found
}

/// The protocol of a STARTTLS connection as people write it.
pub(super) fn protocol_name(protocol: StartTls) -> &'static str {
    match protocol {
        StartTls::Smtp => "SMTP",
        StartTls::Imap => "IMAP",
        StartTls::Pop3 => "POP3",
        StartTls::Xmpp => "XMPP",
        StartTls::Postgres => "PostgreSQL",
        StartTls::Ldap => "LDAP",
    }
}
