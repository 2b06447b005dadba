//! The form of a tool, with a field for each argument.

use maud::{Markup, html};
use netvane_core::{
    command::{self, Entry, Registry},
    spec::{Argument, ArgumentKind, Completes},
};
use serde_json::{Map, Value};

use super::{
    controls::{buttons, controls},
    document::words,
    question,
};
use crate::mail::FILE;

/// Renders the form with one field for each argument.
pub(super) fn form(registry: &Registry, entry: &Entry, given: &Map<String, Value>) -> Markup {
    let large = entry.arguments.iter().any(|argument| argument.message);
    let name = entry.spec.name;
    html! {
        form.tool action={ "/tools/" (name) "#answer" } method=(if large { "post" } else { "get" })
            enctype=[large.then_some("multipart/form-data")] data-run={ "/run/" (name) } {
            @for argument in &entry.arguments { (field(registry, argument, given.get(&argument.name))) }
            @if entry.arguments.is_empty() { input type="hidden" name="go" value="1"; }
            (buttons())
        }
        (controls(false))
    }
}

fn field(registry: &Registry, argument: &Argument, given: Option<&Value>) -> Markup {
    let Argument {
        name,
        help,
        required,
        ..
    } = argument;

    let (id, note) = (format!("field-{name}"), format!("note-{name}"));
    let file = format!("field-{FILE}");
    let value = given.map(question::plain).unwrap_or_default();
    let known = match argument.completes {
        Some(
            Completes::RecordType | Completes::Resolver | Completes::Command | Completes::Place,
        ) => command::complete(registry, argument, "", &[], 40),
        _ => Vec::new(),
    };

    let list = (!known.is_empty()).then(|| format!("list-{name}"));

    html! {
        div.argument.switch[argument.kind == ArgumentKind::Boolean] {
            label for=(id) { (name) @if !required { span.optional { " optional" } } }
            @if argument.message {
                // Either of the two may be empty.
                textarea id=(id) name=(name) rows="8" aria-describedby=(note) spellcheck="false" { (value) }
                label for=(file) { "or a file" }
                input id=(file) name=(FILE) type="file" accept=".eml,.msg,.txt,message/rfc822";
            } @else if argument.kind == ArgumentKind::Boolean {
                input id=(id) name=(name) type="checkbox" value="on" checked[value == "on"] aria-describedby=(note);
            } @else if !argument.choices.is_empty() {
                select id=(id) name=(name) required[*required] aria-describedby=(note) {
                    @if !required { option value="" { "any" } }
                    @for choice in &argument.choices { option selected[*choice == value] { (choice) } }
                }
            } @else if argument.kind == ArgumentKind::Integer {
                input id=(id) name=(name) type="number" min=[argument.minimum] max=[argument.maximum] value=(value)
                    required[*required] aria-describedby=(note);
            } @else {
                input id=(id) name=(name) type="text" value=(value) list=[list.as_ref()] required[*required]
                    autocapitalize="none" autocomplete="off" spellcheck="false" aria-describedby=(note);
            }
            p.note id=(note) { (words(help)) }
            @if let Some(list) = &list { datalist id=(list) { @for value in &known { option value=(value); } } }
        }
    }
}
