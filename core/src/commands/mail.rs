//! Commands about mail: mailboxes, messages, and the policies of a domain.

mod problem;

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

#[cfg(test)]
mod testing;
