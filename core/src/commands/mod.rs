//! One file a command, and the list of them.

pub(crate) mod answer;
pub(crate) mod chain;
mod diagnose;
pub(crate) mod dig;
mod dns;
pub(crate) mod geo;
mod help;
mod howmail;
mod ip;
mod mailbox;
mod mx;
mod myip;
mod myrequest;
mod myua;
mod ping;
mod port;
mod ports;
mod ptr;
mod records;
mod reverse;
mod status;
mod trace;
pub(crate) mod trace_mail;
mod txt;
mod ua;
mod verify;
pub(crate) mod whois;

use std::time::Duration;

use crate::command::{Entry, Registry};

/// Ends a DNS lookup, whatever its servers do: two attempts at three servers fit in.
const DNS_TIMEOUT: Duration = Duration::from_secs(15);

/// The asker's own request; the engine runs no command about a visit without one.
fn visit(cx: &crate::Context) -> Result<&crate::visit::Visit, crate::Failure> {
    cx.visit.as_deref().ok_or(crate::Failure::Internal)
}

/// All commands, in the order of `help`.
pub(crate) fn registry() -> Registry {
    Registry::new(vec![
        Entry::of::<dns::Dns>(),
        Entry::of::<records::A>(),
        Entry::of::<records::Aaaa>(),
        Entry::of::<mx::Mx>(),
        Entry::of::<records::Ns>(),
        Entry::of::<records::Soa>(),
        Entry::of::<txt::Txt>(),
        Entry::of::<records::Cname>(),
        Entry::of::<records::Srv>(),
        Entry::of::<records::Caa>(),
        Entry::of::<ptr::Ptr>(),
        Entry::of::<dig::Dig>(),
        Entry::of::<reverse::Reverse>(),
        Entry::of::<ip::Ip>(),
        Entry::of::<whois::Whois>(),
        Entry::of::<geo::Geo>(),
        Entry::of::<ping::Ping>(),
        Entry::of::<trace::Trace>(),
        Entry::of::<ports::Ports>(),
        Entry::of::<port::Port>(),
        Entry::of::<verify::Verify>(),
        Entry::of::<trace_mail::TraceMail>(),
        Entry::of::<mailbox::Mailbox>(),
        Entry::of::<howmail::HowMail>(),
        Entry::of::<myip::MyIp>(),
        Entry::of::<myrequest::MyRequest>(),
        Entry::of::<myua::MyUa>(),
        Entry::of::<ua::Ua>(),
        Entry::of::<help::Help>(),
        Entry::of::<status::Status>(),
    ])
}
