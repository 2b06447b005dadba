//! Lookups that are offered after an answer: each command declares its own, and adapters show them as buttons, links
//! or text.

mod target;

use netvane_document::{Document, Reply};
use netvane_facts::target::Address;
use serde_json::Value;

use super::{Entry, Registry, parse, targets};
use crate::spec::{Completes, TargetKind};
use target::{domain_of, host_of, tls_server, web_server};

/// Argument that a follow-up keeps, if both commands have it.
const RECORD_TYPE: &str = "type";

/// A lookup that a command declares as the next one.
#[derive(Debug, Clone, Copy)]
pub struct Next {
    /// Name of the other command.
    pub command: &'static str,
    /// What it is asked about.
    pub about: Subject,
}

/// What a follow-up lookup is about. One that the answer does not have is not offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// The target of the request, as it was given.
    Target,
    /// The target of the request, if the answer shows an address: a host that can be contacted.
    Host,
    /// The target of the request, if it is an address.
    Address,
    /// The domain of the request: of its email address, or below which its `_service` labels are.
    Domain,
    /// The host of the request as a web server; with a port if it is not 443, and not if the port is one for mail.
    WebServer,
    /// The host of the request as a TLS server, with its port if one was given.
    TlsServer,
    /// The target in this argument of the request.
    Argument(&'static str),
    /// The domain of the target in this argument of the request.
    DomainOf(&'static str),
    /// The first address that the answer shows, apart from the target.
    FirstAddress,
    /// The last address that the answer shows, apart from the target.
    LastAddress,
    /// The first host name that the answer shows, apart from the target.
    FirstName,
}

/// A follow-up lookup of one answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FollowUp {
    /// The command's name; with its target if that is not the one of the request.
    pub label: String,
    /// Name of the command.
    pub command: &'static str,
    /// The command's arguments as they are written in a command line.
    pub arguments: String,
}

impl FollowUp {
    /// The command line, with the slash that chats have before commands.
    pub fn line(&self) -> String {
        format!("/{} {}", self.command, self.arguments)
    }
}

impl Next {
    /// A lookup of the target of the request.
    pub(crate) const fn target(command: &'static str) -> Self {
        Self::about(command, Subject::Target)
    }

    /// A lookup of the domain of the request.
    pub(crate) const fn domain(command: &'static str) -> Self {
        Self::about(command, Subject::Domain)
    }

    /// A lookup of something else.
    pub(crate) const fn about(command: &'static str, about: Subject) -> Self {
        Self { command, about }
    }
}

impl Registry {
    /// Returns the follow-up lookups of a reply, the most useful first. Each is a valid command line, none is there twice,
    /// and none repeats the request.
    pub fn follow_ups(&self, reply: &Reply) -> Vec<FollowUp> {
        let Some(entry) = self.find(reply.command) else {
            return Vec::new();
        };
        let answer = AnsweredRequest::read(entry, reply);
        let mut found: Vec<FollowUp> = Vec::new();

        for next in entry.follow_ups {
            let follow_up = answer.follow_up(self, next);
            let Some(follow_up) = follow_up.filter(|follow_up| !found.contains(follow_up)) else {
                continue;
            };
            if parse::parse(self, &follow_up.line()).is_ok() {
                found.push(follow_up);
            }
        }

        found
    }
}

/// The request and the document of a reply.
struct AnsweredRequest<'a> {
    entry: &'a Entry,
    reply: &'a Reply,
    document: &'a Document,
    /// What the request was about; `None` for requests without a target, such as a pasted message.
    target: Option<String>,
}

impl<'a> AnsweredRequest<'a> {
    fn read(entry: &'a Entry, reply: &'a Reply) -> Self {
        let is_short = |value: &&Value| value.as_str().is_some_and(|text| !text.contains('\n'));
        let target = entry
            .arguments
            .iter()
            .filter(|argument| !argument.message && argument.completes != Some(Completes::Place))
            .find_map(|argument| reply.arguments.get(&argument.name).filter(is_short))
            .and_then(Value::as_str)
            .map(str::to_owned);

        Self {
            entry,
            reply,
            document: reply.rendition.document(),
            target,
        }
    }

    fn follow_up(&self, registry: &Registry, next: &Next) -> Option<FollowUp> {
        let other = registry.find(next.command)?;
        let text = self.subject(next.about)?;
        let is_same = self.target.as_ref().is_some_and(|target| {
            *target == text
                || host_of(target) == text
                || domain_of(target) == Some(text.as_str().into())
        });
        let label = if is_same || matches!(next.about, Subject::WebServer | Subject::TlsServer) {
            next.command.to_owned()
        } else {
            format!("{} {text}", next.command)
        };

        let mut arguments = text;
        if let Some(record_type) = self.record_type(other) {
            arguments += &format!(" {RECORD_TYPE}={record_type}");
        }
        if let Some(from) = self.vantage_points(other) {
            arguments += &format!(" {}={from}", parse::FROM.name);
        }
        Some(FollowUp {
            label,
            command: other.spec.name,
            arguments,
        })
    }

    /// Returns the record type of the request, if the other command has one, too.
    fn record_type(&self, other: &Entry) -> Option<&str> {
        let has_type = |entry: &Entry| {
            entry.arguments.iter().any(|argument| {
                argument.name == RECORD_TYPE && argument.completes == Some(Completes::RecordType)
            })
        };
        let both = has_type(self.entry) && has_type(other);
        let written = self.reply.arguments.get(RECORD_TYPE).filter(|_| both)?;
        // One type, and not a list.
        written.as_str().filter(|text| !text.contains([',', ' ']))
    }

    /// Returns the vantage points of the request, if the other command can be run there, too.
    fn vantage_points(&self, other: &Entry) -> Option<&str> {
        let both = self.entry.takes_from() && other.takes_from();
        self.argument(&parse::FROM.name).filter(|_| both)
    }

    fn subject(&self, about: Subject) -> Option<String> {
        let target = self.target.as_deref();
        match about {
            Subject::Target => target.map(|target| host_of(target).to_owned()),
            Subject::Host => {
                let is_reached =
                    targets::shown_in(self.document).any(|shown| shown.kind == TargetKind::Address);
                target
                    .filter(|_| is_reached)
                    .map(|target| host_of(target).to_owned())
            }
            Subject::Address => target
                .filter(|target| target.parse::<Address>().is_ok())
                .map(str::to_owned),
            Subject::Domain => domain_of(target?),
            Subject::WebServer => web_server(target?, self.starttls()),
            Subject::TlsServer => Some(tls_server(target?)),
            Subject::Argument(name) => Some(self.argument(name)?.to_owned()),
            Subject::DomainOf(name) => domain_of(self.argument(name)?),
            Subject::FirstAddress => self.others(TargetKind::Address).next(),
            Subject::LastAddress => self.others(TargetKind::Address).last(),
            Subject::FirstName => self.others(TargetKind::Domain).next(),
        }
    }

    fn argument(&self, name: &str) -> Option<&str> {
        self.reply.arguments.get(name)?.as_str()
    }

    /// Whether the request was about a protocol that switches to TLS, which no web server does.
    fn starttls(&self) -> bool {
        self.argument("starttls")
            .is_some_and(|protocol| protocol != "none")
    }

    /// Returns what the document shows of this kind, apart from the target of the request.
    fn others(&self, kind: TargetKind) -> impl Iterator<Item = String> {
        targets::shown_in(self.document)
            .filter(move |shown| shown.kind == kind)
            .map(|shown| shown.text)
            .filter(|text| {
                let target = self.target.as_deref();
                target.is_none_or(|target| host_of(target) != text && target != text)
            })
    }
}

#[cfg(test)]
mod tests;
