//! Commands about e-mail.

commands! {
    verify::Verify,
    trace_mail::TraceMail,
    mailbox::Mailbox,
    howmail::HowMail,
}
