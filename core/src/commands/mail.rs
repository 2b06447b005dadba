//! Commands about mail: mailboxes, messages, and the policies of a domain.

mod problem;

use futures::future::BoxFuture;
use netvane_net::{dns::Client, mailauth};

commands! {
    verify::Verify,
    trace_mail::TraceMail,
    mailbox::Mailbox,
    howmail::HowMail,
    spf::Spf,
    dkim::Dkim,
    dmarc::Dmarc,
    blocklist::Blocklist,
    mailcheck::MailCheck,
}

/// Whether DNS says that a domain does not exist. Boxed, as reports hold several of these.
fn is_nxdomain<'a>(client: &'a Client, domain: &'a str) -> BoxFuture<'a, bool> {
    Box::pin(async move { mailauth::exists(client, domain).await == Ok(false) })
}

#[cfg(test)]
mod testing;
