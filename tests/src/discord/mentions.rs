//! Detects whom a message would ping.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

/// Returns the users, roles and groups that this message would notify; each is a violation by the
/// bot.
pub(crate) fn pinged(message: &Value) -> Vec<String> {
    static MENTION: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"<@([!&]?)([0-9]+)>|@(everyone|here)").expect("a pattern"));
    let allowed = &message["allowed_mentions"];
    let content = message["content"].as_str().unwrap_or_default();
    let mentions = MENTION
        .captures_iter(content)
        .filter(|found| match (found.get(2), &found[0]) {
            (Some(id), text) if text.starts_with("<@&") => {
                allows(allowed, "roles", Some(id.as_str()))
            }
            (Some(id), _) => allows(allowed, "users", Some(id.as_str())),
            (None, _) => allows(allowed, "everyone", None),
        });
    let mut pinged: Vec<String> = mentions.map(|found| found[0].to_owned()).collect();
    let replies = message["message_reference"].is_object();
    let replied_user = allowed["replied_user"]
        .as_bool()
        .unwrap_or(allowed.is_null());
    if replies && replied_user {
        pinged.push("the author replied to".to_owned());
    }
    pinged
}

/// Whether `allowed_mentions` permits a mention; if absent, it permits all.
fn allows(allowed: &Value, kind: &str, id: Option<&str>) -> bool {
    let lists = |list: &Value, wanted: &str| {
        list.as_array()
            .is_some_and(|list| list.iter().any(|entry| entry.as_str() == Some(wanted)))
    };
    allowed.is_null()
        || lists(&allowed["parse"], kind)
        || id.is_some_and(|id| lists(&allowed[kind], id))
}
