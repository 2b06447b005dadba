//! Commands about e-mail: `verify`, `trace_mail`, `mailbox`, `howmail`.

commands! {
    verify::Verify,
    trace_mail::TraceMail,
    mailbox::Mailbox,
    howmail::HowMail,
}
