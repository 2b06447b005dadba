//! The menu of resolvers below a DNS answer.

use netvane_core::{
    Engine, Input,
    command::Entry,
    spec::{Completes, Group},
};
use serde_json::{Map, Value};

use crate::chat_message::{Choice, Menu};

/// Most resolvers in a menu, the configured ones included; Discord shows at most 25.
const MOST: usize = 12;

/// Command that asks all these resolvers at once.
const ASKS_ALL: &str = "propagation";

const CONFIGURED: &str = "Default resolver";

/// Returns a menu with the resolvers of the settings, and the request for each of its choices; `None` if the request
/// does not ask one resolver.
pub(crate) fn resolver_menu(
    engine: &Engine,
    id: &str,
    command: &str,
    arguments: &Map<String, Value>,
) -> Option<(Menu, Vec<Input>)> {
    let entry = engine.registry().find(command)?;
    let argument = resolver_argument(entry)?;
    let chosen = arguments.get(argument).and_then(Value::as_str);

    let runtime = engine.runtime();
    let mut resolvers: Vec<(String, Option<String>)> = vec![(CONFIGURED.to_owned(), None)];
    for server in runtime.net.dns.public_resolvers() {
        let address = match server.address.port() {
            53 => server.address.ip().to_string(),
            _ => server.address.to_string(),
        };
        resolvers.push((format!("{} ({address})", server.name), Some(address)));
    }
    resolvers.truncate(MOST);
    if let Some(other) = chosen.filter(|chosen| {
        resolvers
            .iter()
            .all(|(_, it)| it.as_deref() != Some(*chosen))
    }) {
        resolvers.push((other.to_owned(), Some(other.to_owned())));
    }
    if resolvers.len() < 2 {
        return None;
    }

    let choice = |(label, resolver): &(String, Option<String>)| Choice {
        label: label.clone(),
        chosen: resolver.as_deref() == chosen,
    };
    let request = |(_, resolver): &(String, Option<String>)| {
        let mut arguments = arguments.clone();
        arguments.remove(argument);
        if let Some(resolver) = resolver {
            arguments.insert(argument.to_owned(), resolver.as_str().into());
        }
        Input::Named {
            name: entry.spec.name.to_owned(),
            arguments,
        }
    };

    let menu = Menu {
        id: format!("{id}:{ACTION}"),
        prompt: "Ask another resolver".into(),
        choices: resolvers.iter().map(choice).collect(),
    };
    Some((menu, resolvers.iter().map(request).collect()))
}

/// Second part of the menu's id.
pub(crate) const ACTION: &str = "m";

/// Returns the name of the argument that sets the resolver, if the command is a lookup at one resolver.
fn resolver_argument(entry: &Entry) -> Option<&str> {
    let is_lookup = entry.spec.group == Group::Dns && entry.spec.name != ASKS_ALL;
    entry
        .arguments
        .iter()
        .find(|argument| is_lookup && argument.completes == Some(Completes::Resolver))
        .map(|argument| argument.name.as_str())
}
