//! Arguments that belong to the envelope of a request and not to a command.

use std::sync::LazyLock;

use crate::{
    command::Entry,
    spec::{Argument, ArgumentKind},
};

/// `short`: text forms of the reply show values only.
pub(crate) static SHORT: LazyLock<Argument> = LazyLock::new(|| Argument {
    name: "short".into(),
    help: "Show values only, one per line.".into(),
    kind: ArgumentKind::Boolean,
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
});

/// Returns the argument of the envelope that has this name, unless the command declares one of that name itself.
pub(super) fn find(entry: &Entry, written: &str) -> Option<&'static Argument> {
    let is_declared = entry
        .arguments
        .iter()
        .any(|argument| argument.name == SHORT.name);
    (!is_declared && written.eq_ignore_ascii_case(&SHORT.name)).then(|| &*SHORT)
}
