//! Wording of texts: phrases that were replaced by plain English stay out of the sources, the
//! documents and the program's output.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use netvane_tests::{Netvane, Service};
use regex::Regex;
use serde_json::Value;

/// Extensions of files that contain texts.
const KINDS: [&str; 12] = [
    "css", "html", "js", "json", "md", "rs", "service", "sh", "svg", "toml", "yaml", "yml",
];
/// Files that are generated, from third parties, or lists of old texts.
const SKIPPED: [&str; 9] = [
    ".git",
    "CHANGELOG.md",
    "corpus",
    "config/data",
    "lab/mail",
    "replaced.txt",
    "target",
    "tests",
    "Cargo.lock",
];
/// Invalid lines, each with a different mistake.
const REFUSED: [&str; 14] = [
    "mxx example.com",
    "mx",
    "mx example..com",
    "mx exa mple.com",
    "mx example.com --resolver=tls://",
    "ping example.com --count=99",
    "ping example.com --count=x",
    "ping --frob example.com",
    "ports example.com 1-70000",
    "ports example.com frob",
    "ptr example.com",
    "dig example.com FROB",
    "whois 10.0.0.0/99",
    "verify example.com",
];

/// Returns the text in lower case, with single spaces, without comment signs and string
/// continuations.
fn flatten(text: &str) -> String {
    let words = text
        .split_whitespace()
        .filter(|word| !matches!(*word, "//" | "///" | "//!" | "#" | "\\" | "*"));
    let joined: Vec<String> = words.map(str::to_lowercase).collect();
    joined.join(" ")
}

/// Builds one pattern that matches all phrases as whole words.
fn phrases() -> Regex {
    let listed = include_str!("words/replaced.txt").lines();
    let phrases: Vec<String> = listed
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(regex::escape)
        .collect();
    Regex::new(&format!(r"\b(?:{})\b", phrases.join("|"))).expect("phrases are plain text")
}

/// Returns the phrases that a text contains, with their context.
fn matches(source: &str, text: &str, phrases: &Regex) -> Vec<String> {
    let flat = flatten(text);
    let context = |found: regex::Match<'_>| {
        let before: String = flat[..found.start()].chars().rev().take(30).collect();
        let before: String = before.chars().rev().collect();
        let after: String = flat[found.end()..].chars().take(30).collect();
        format!("{source}: {before}[{}]{after}", found.as_str())
    };
    phrases.find_iter(&flat).map(context).collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if SKIPPED.iter().any(|skipped| path.ends_with(skipped)) {
            continue;
        }

        let kind = path.extension().and_then(|kind| kind.to_str());
        if path.is_dir() {
            collect(&path, files);
        } else if kind.is_some_and(|kind| KINDS.contains(&kind)) {
            files.push(path);
        }
    }
}

/// Returns the text files of the repository.
fn files() -> Vec<PathBuf> {
    let mut files = Vec::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent();
    collect(root.expect("the workspace"), &mut files);
    assert!(files.len() > 400, "{} files", files.len());
    files
}

#[test]
fn replaced_phrases_are_not_in_sources_and_documents() {
    let phrases = phrases();

    let found: Vec<String> = files()
        .iter()
        .flat_map(|path| {
            let text = fs::read_to_string(path).expect("text");
            matches(&path.display().to_string(), &text, &phrases)
        })
        .collect();

    assert!(found.is_empty(), "{}: {found:#?}", found.len());
}

#[test]
fn replaced_phrases_are_not_in_help_and_errors() {
    let phrases = phrases();
    let commands = Netvane::line("commands --json").run().stdout;
    let commands: Value = serde_json::from_str(&commands).expect("JSON");
    let names = commands["commands"].as_array().expect("commands").iter();
    let helps = names.filter_map(|command| command["name"].as_str());

    let asked = ["--help".to_owned(), "help".to_owned(), "status".to_owned()]
        .into_iter()
        .chain(helps.map(|name| format!("help {name}")))
        .chain(REFUSED.map(str::to_owned));
    let mut found = Vec::new();
    for line in asked {
        let run = Netvane::line(&line).run();
        found.extend(matches(&line, &run.stdout, &phrases));
        found.extend(matches(&line, &run.stderr, &phrases));
    }

    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn replaced_phrases_are_not_on_pages_and_in_the_description() {
    let phrases = phrases();
    let service = Service::start(&[]);
    let document: Value = service.get("/openapi.json").json();
    let commands = service.get("/v1/commands").json();
    let names = commands["commands"].as_array().expect("commands").iter();
    let mut paths: BTreeSet<String> =
        ["/", "/me", "/tools", "/docs", "/about", "/none", "/v1/none"]
            .map(str::to_owned)
            .into();
    paths.extend(
        names
            .filter_map(|command| command["name"].as_str())
            .map(|name| format!("/tools/{name}")),
    );

    let mut found = matches("/openapi.json", &document.to_string(), &phrases);
    let tags = Regex::new("<[^>]*>").expect("a pattern");
    for path in paths {
        let page = service.get(&path);
        found.extend(matches(&path, &tags.replace_all(page.text(), ""), &phrases));
    }

    assert!(found.is_empty(), "{found:#?}");
}
