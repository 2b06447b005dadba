//! Arguments that belong to the envelope of a request and not to a command.

use std::sync::LazyLock;

use crate::{
    command::Entry,
    spec::{Argument, ArgumentKind, Completes},
};

/// `short`: text forms of the reply show values only.
pub(crate) static SHORT: LazyLock<Argument> = LazyLock::new(|| Argument {
    kind: ArgumentKind::Boolean,
    ..optional("short", "Show values only, one per line.")
});

/// `from`: the vantage points of the lookup.
pub(crate) static FROM: LazyLock<Argument> = LazyLock::new(|| Argument {
    form: Some("vantage points, such as fra1, de+AS3320, fra1,nyc1, world or all".into()),
    completes: Some(Completes::Place),
    ..optional(
        "from",
        "Vantage points from which to run the lookup; see `places`.",
    )
});

fn optional(name: &str, help: &str) -> Argument {
    Argument {
        name: name.into(),
        help: help.into(),
        kind: ArgumentKind::String,
        required: false,
        rest: false,
        verbatim: false,
        message: false,
        form: None,
        completes: None,
        minimum: None,
        maximum: None,
        or_endless: false,
        choices: Vec::new(),
    }
}

/// Returns the argument of the envelope that has this name, unless the command declares one of that name itself.
pub(super) fn find(entry: &Entry, written: &str) -> Option<&'static Argument> {
    let argument = match written.to_ascii_lowercase().as_str() {
        "from" | "place" if entry.takes_from() => &*FROM,
        "short" => &*SHORT,
        _ => return None,
    };
    let is_declared = entry
        .arguments
        .iter()
        .any(|own| own.name == argument.name && own.completes != argument.completes);
    (!is_declared).then_some(argument)
}
