//! The crates of core depend in one direction, and only one of them on crates that open sockets.

use std::{collections::BTreeSet, process::Command};

use serde_json::Value;

/// From the lowest to the highest: each may use those before it.
const LAYERS: [&str; 4] = [
    "netvane-document",
    "netvane-facts",
    "netvane-net",
    "netvane-core",
];

/// The only one that may open sockets.
const NET: &str = "netvane-net";

/// Crates that connect, listen or resolve by themselves. tokio does so only with its feature `net`.
const OPENS_SOCKETS: [&str; 12] = [
    "hickory-proto",
    "hickory-resolver",
    "hyper-util",
    "mail-auth",
    "mio",
    "quinn",
    "reqwest",
    "rustls-platform-verifier",
    "socket2",
    "surge-ping",
    "ureq",
    "whois-rust",
];

fn metadata() -> Value {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked", "--offline"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).expect("JSON")
}

fn list<'a>(value: &'a Value, member: &str) -> &'a [Value] {
    value[member]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default()
}

fn package<'a>(metadata: &'a Value, name: &str) -> &'a Value {
    list(metadata, "packages")
        .iter()
        .find(|package| package["name"] == name)
        .unwrap_or_else(|| panic!("no package {name}"))
}

/// What is compiled into the program: not what its tests or its build need.
fn is_normal(dependency: &Value) -> bool {
    dependency["kind"].is_null()
}

/// Names of all packages that a package reaches; the way ends at [`NET`] and at tokio.
fn reached(metadata: &Value, name: &str) -> BTreeSet<String> {
    let nodes = list(&metadata["resolve"], "nodes");
    let mut open = vec![package(metadata, name)["id"].clone()];
    let mut seen = BTreeSet::new();

    while let Some(id) = open.pop() {
        let node = nodes.iter().find(|node| node["id"] == id).expect("a node");
        for dependency in list(node, "deps") {
            if !list(dependency, "dep_kinds").iter().any(is_normal) {
                continue;
            }
            let package = list(metadata, "packages")
                .iter()
                .find(|package| package["id"] == dependency["pkg"])
                .expect("a package");
            let name = package["name"].as_str().unwrap_or_default();
            if seen.insert(name.to_owned()) && name != NET && name != "tokio" {
                open.push(dependency["pkg"].clone());
            }
        }
    }
    seen
}

#[test]
fn each_crate_uses_only_those_below_it() {
    let metadata = metadata();
    for (height, layer) in LAYERS.iter().enumerate() {
        let reached = reached(&metadata, layer);
        let above: Vec<_> = LAYERS[height..]
            .iter()
            .filter(|name| reached.contains(**name))
            .collect();
        assert!(above.is_empty(), "{layer} uses {above:?}");
    }
}

#[test]
fn only_the_net_crate_depends_on_crates_that_open_sockets() {
    let metadata = metadata();
    for layer in LAYERS.iter().filter(|layer| **layer != NET) {
        let reached = reached(&metadata, layer);
        let sockets: Vec<_> = OPENS_SOCKETS
            .iter()
            .filter(|name| reached.contains(**name))
            .collect();
        assert!(sockets.is_empty(), "{layer} depends on {sockets:?}");

        let tokio = list(package(&metadata, layer), "dependencies")
            .iter()
            .find(|dependency| dependency["name"] == "tokio" && is_normal(dependency));
        let features = tokio.map_or(&[][..], |tokio| list(tokio, "features"));
        assert!(
            !features
                .iter()
                .any(|feature| feature == "net" || feature == "full"),
            "{layer} uses tokio's sockets: {features:?}"
        );
    }
}

#[test]
fn the_net_crate_is_recognized_as_one_that_opens_sockets() {
    let reached = reached(&metadata(), NET);
    for name in [
        "hickory-resolver",
        "mail-auth",
        "reqwest",
        "surge-ping",
        "whois-rust",
    ] {
        assert!(
            reached.contains(name),
            "the way through the dependencies is lost: no {name}"
        );
    }
}
