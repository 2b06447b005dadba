//! The greeting of new users, with examples to try.

use netvane_core::{
    command::Registry,
    document::{Document, Severity},
};

/// Commands whose first example the greeting shows: what most people come for.
const COMMANDS: [&str; 3] = ["dns", "mailcheck", "http"];

/// Returns a greeting that ends with `end`, such as where all commands are listed, and a label and a command line for
/// each example in it.
pub fn greeting(registry: &Registry, end: &str) -> (Document, Vec<(String, String)>) {
    let found = COMMANDS.iter().filter_map(|name| registry.find(name));
    let examples: Vec<(String, String)> = found
        .filter_map(|entry| entry.spec.examples.first())
        .map(|example| ((*example).to_owned(), format!("/{example}")))
        .collect();

    let mut document = Document::new(
        "Netvane",
        "Network lookups: DNS, mail, web, routes and registration data",
        Severity::Neutral,
    );
    document.text("Send a command, a domain or an IP address. For example:");
    let lines: Vec<&str> = examples.iter().map(|(_, line)| line.as_str()).collect();
    document.code(lines.join("\n"));
    document.text(end);
    (document, examples)
}

#[cfg(test)]
mod tests {
    use netvane_core::{Engine, Input, settings::Settings};

    use super::*;

    #[tokio::test]
    async fn greets_with_three_examples_that_work() {
        let engine = Engine::new(&Settings::default()).expect("starts");
        let (_, examples) = greeting(engine.registry(), "x");
        assert_eq!(examples.len(), 3);
        for (_, line) in examples {
            let input = Input::Text(line.clone());
            assert!(engine.understood(&input).is_ok(), "{line}");
        }
    }
}
