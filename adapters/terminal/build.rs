//! Sets the program's version with the commit it is built from: "0.1.0 (4d27169c0f3a)".
//!
//! It contains no build time, so the same commit always has the same version. `NETVANE_COMMIT`
//! names the commit if there is no repository, as in an archive or a container; without both, the
//! version has no commit.

use std::{env, process::Command};

const LENGTH: usize = 12;

fn main() {
    println!("cargo::rerun-if-env-changed=NETVANE_COMMIT");
    let version = env::var("CARGO_PKG_VERSION").unwrap_or_default();
    let given = env::var("NETVANE_COMMIT")
        .ok()
        .filter(|commit| !commit.is_empty());
    let version = match given.or_else(commit) {
        Some(commit) => format!("{version} ({})", commit.get(..LENGTH).unwrap_or(&commit)),
        None => version,
    };
    println!("cargo::rustc-env=NETVANE_VERSION={version}");
}

/// Returns the repository's commit, if the repository contains this package; a repository around it
/// does not count.
fn commit() -> Option<String> {
    git(&["ls-files", "--error-unmatch", "Cargo.toml"])?;
    // Each commit and each checkout appends a line to the log of HEAD.
    for path in ["HEAD", "logs/HEAD"] {
        println!(
            "cargo::rerun-if-changed={}",
            git(&["rev-parse", "--git-path", path])?
        );
    }
    git(&["rev-parse", "HEAD"])
}

fn git(words: &[&str]) -> Option<String> {
    let output = Command::new("git")
        .args(words)
        .output()
        .ok()
        .filter(|output| output.status.success())?;
    Some(String::from_utf8(output.stdout).ok()?.trim().to_owned())
}
