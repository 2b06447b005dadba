//! Mailboxes on real mail servers: Postfix with Dovecot and Postgrey behind it, and Exim as a
//! second mail server.

mod faults;
mod mailboxes;
mod servers_view;

use netvane_tests::{Lab, Netvane};

/// Prepares a run whose HELO name matches the lab's DNS.
fn verify(lab: &Lab, address: &str) -> Netvane {
    let run = lab.netvane(["--json", "verify", address]);
    run.env("NETVANE__SMTP__HELO", lab.value("CLIENT_NAME"))
}
