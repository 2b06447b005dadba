//! `policy.rules`: a rule that can fit no question, or not the one that it was written for, protects nothing.

use super::{Effect, Rule, Settings};
use crate::{settings::keys::ApiKey, spec::CommandNames, suggest};

/// Adapters, as questions name them. `slash` are Mattermost's and Rocket.Chat's commands.
const PLATFORMS: [&str; 6] = ["discord", "telegram", "slack", "slash", "http", "terminal"];

/// Platforms whose servers, channels, roles and users are numbers.
const NUMBERED: [&str; 2] = ["discord", "telegram"];

/// What signers are called instead of the name of a key.
const SIGNER: &str = "a signature";

/// The conditions of a rule that only questions of some platforms can meet.
fn conditions(rule: &Rule) -> [(&'static str, &[String], &'static [&'static str]); 5] {
    [
        ("servers", &rule.servers, &["discord", "slack", "slash"]),
        (
            "channels",
            &rule.channels,
            &["discord", "telegram", "slack", "slash"],
        ),
        ("roles", &rule.roles, &["discord"]),
        (
            "users",
            &rule.users,
            &["discord", "telegram", "slack", "slash"],
        ),
        ("api_keys", &rule.api_keys, &["http"]),
    ]
}

pub(super) fn check(settings: &Settings, must: &mut impl FnMut(bool, &str)) {
    let keys = names_of_keys(settings);

    for rule in &settings.policy.rules {
        let mut fault =
            |text: String| must(false, &format!("policy.rules: `{}`: {text}", rule.name));
        let unknown: Vec<&String> = rule
            .platforms
            .iter()
            .filter(|name| !PLATFORMS.contains(&name.as_str()))
            .collect();

        for name in &unknown {
            let list = PLATFORMS.join(", ");
            fault(format!(
                "there is no platform `{name}`{}; {list}",
                meant(name, PLATFORMS.into_iter())
            ));
        }

        let possible: Vec<&str> = PLATFORMS
            .into_iter()
            .filter(|name| rule.platforms.is_empty() || rule.platforms.iter().any(|it| it == name))
            .filter(|name| {
                conditions(rule)
                    .iter()
                    .all(|(_, wanted, of)| wanted.is_empty() || of.contains(name))
            })
            .collect();

        if possible.is_empty() && unknown.is_empty() {
            let written = conditions(rule)
                .into_iter()
                .filter(|(_, wanted, _)| !wanted.is_empty());
            let written: Vec<&str> = written.map(|(key, ..)| key).collect();
            fault(format!(
                "fits no question: no platform that it is for has all of {}",
                written.join(", ")
            ));
        }

        let numbered = !possible.is_empty() && possible.iter().all(|name| NUMBERED.contains(name));

        for (key, wanted, _) in conditions(rule)
            .into_iter()
            .filter(|(key, ..)| *key != "api_keys")
        {
            let is_id = |id: &str| {
                if numbered {
                    id.parse::<i128>()
                        .is_ok_and(|id| id > 0 || key == "channels")
                } else {
                    !id.is_empty()
                        && !id.starts_with(['@', '#'])
                        && !id.contains(char::is_whitespace)
                }
            };
            for id in wanted.iter().filter(|id| !is_id(id)) {
                fault(format!(
                    "`{id}` in {key} is a name; their numbers count, which do not change (Discord: Developer Mode, Copy ID)"
                ));
            }
        }

        for name in rule.api_keys.iter().filter(|name| !keys.contains(name)) {
            let meant = meant(name, keys.iter().map(String::as_str));
            fault(format!(
                "no entry of http.api_keys has the name `{name}`{meant}"
            ));
        }
    }
}

fn meant<'n>(written: &str, names: impl Iterator<Item = &'n str>) -> String {
    let near = suggest::nearest(written, names);
    near.map(|near| format!(", did you mean `{near}`?"))
        .unwrap_or_default()
}

fn names_of_keys(settings: &Settings) -> Vec<String> {
    let entries = settings
        .http
        .api_keys
        .iter()
        .filter_map(|key| key.reveal().parse::<ApiKey>().ok());
    let signer = (!settings.http.inbound_secrets.is_empty()).then(|| SIGNER.to_owned());
    entries.map(|key| key.name).chain(signer).collect()
}

pub(super) fn advise(
    settings: &Settings,
    commands: &dyn CommandNames,
    tell: &mut impl FnMut(bool, &str),
) {
    let rules = &settings.policy.rules;

    for (index, rule) in rules.iter().enumerate() {
        let before = &rules[..index];
        tell(
            before.iter().any(|other| other.name == rule.name),
            &format!(
                "policy.rules: two rules are called `{}`; a refusal names one of them",
                rule.name
            ),
        );
        if let Some(other) = before.iter().find(|other| covers(other, rule, commands)) {
            let (name, other) = (&rule.name, &other.name);
            let told = format!(
                "policy.rules: `{name}` never counts, for `{other}` before it fits all that it fits; the first one that fits counts"
            );
            tell(true, &told);
        }
    }

    tell(
        !rules.is_empty()
            && rules
                .iter()
                .all(|rule| rule.effect == Effect::Allow && rule.per_minute.is_none()),
        "policy.rules: all of them allow, and so is what no rule fits; end them with one that denies, without conditions",
    );
}

/// Whether every question that `later` fits is fitted by `earlier` too.
fn covers(earlier: &Rule, later: &Rule, commands: &dyn CommandNames) -> bool {
    let within = |earlier: &[String], later: &[String]| {
        earlier.is_empty()
            || (!later.is_empty() && later.iter().all(|value| earlier.contains(value)))
    };
    let names = |rule: &Rule| -> Vec<String> {
        let canonical = |name: &String| commands.canonical(name).map(str::to_owned);
        rule.commands
            .iter()
            .map(|name| canonical(name).unwrap_or_else(|| name.clone()))
            .collect()
    };
    let others = conditions(earlier).into_iter().zip(conditions(later));
    within(&earlier.platforms, &later.platforms)
        && within(&names(earlier), &names(later))
        && others
            .into_iter()
            .all(|((_, earlier, _), (_, later, _))| within(earlier, later))
}

#[cfg(test)]
mod tests;
