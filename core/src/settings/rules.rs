//! Checks `policy.rules`: a rule that matches no request, or not the intended ones, protects
//! nothing.

use super::{Effect, Rule, Settings};
use crate::{
    credential::Credential, platform::Platform, settings::keys::ApiKey, spec::CommandNames,
    suggest, vantage::selection::Selection,
};

/// Platforms whose servers, channels, roles and users have numeric IDs.
const NUMBERED: [Platform; 2] = [Platform::Discord, Platform::Telegram];

/// A condition of a rule that only requests of some platforms can meet: its key, its values, those
/// platforms.
type Condition<'r> = (&'static str, &'r [String], &'static [Platform]);

fn conditions(rule: &Rule) -> [Condition<'_>; 5] {
    use Platform::{Discord, Http, Slack, Slash, Telegram};
    [
        ("servers", &rule.servers, &[Discord, Slack, Slash]),
        (
            "channels",
            &rule.channels,
            &[Discord, Telegram, Slack, Slash],
        ),
        ("roles", &rule.roles, &[Discord]),
        ("users", &rule.users, &[Discord, Telegram, Slack, Slash]),
        ("api_keys", &rule.api_keys, &[Http]),
    ]
}

pub(super) fn check(settings: &Settings, must: &mut impl FnMut(bool, &str)) {
    let keys = names_of_keys(settings);
    for rule in &settings.policy.rules {
        let mut fault =
            |text: String| must(false, &format!("policy.rules: `{}`: {text}", rule.name));

        let unknown = check_platforms(rule, &mut fault);
        let possible = possible_platforms(rule);
        if possible.is_empty() && !unknown {
            fault(fits_nothing(rule));
        }

        check_ids(rule, &possible, &mut fault);
        if !rule.from.is_empty()
            && let Err(invalid) = Selection::parse(&rule.from)
        {
            fault(format!("`from`: {}", invalid.message));
        }
        for name in rule.api_keys.iter().filter(|name| !keys.contains(name)) {
            let suggestion = suggestion(name, keys.iter().map(String::as_str));
            fault(format!(
                "no entry of http.api_keys has the name `{name}`{suggestion}"
            ));
        }
    }
}

/// Reports unknown platform names; returns whether there are any.
fn check_platforms(rule: &Rule, fault: &mut impl FnMut(String)) -> bool {
    let mut unknown = false;
    for name in rule
        .platforms
        .iter()
        .filter(|name| Platform::from_name(name).is_none())
    {
        unknown = true;
        let names = Platform::ALL.map(Platform::name);
        fault(format!(
            "unknown platform `{name}`{}; {}",
            suggestion(name, names.into_iter()),
            names.join(", ")
        ));
    }
    unknown
}

/// Returns the platforms whose requests can meet all conditions of a rule.
fn possible_platforms(rule: &Rule) -> Vec<Platform> {
    let is_named = |platform: &Platform| {
        rule.platforms.is_empty() || rule.platforms.iter().any(|name| name == platform.name())
    };
    let can_meet_all = |platform: &Platform| {
        conditions(rule)
            .iter()
            .all(|(_, values, of)| values.is_empty() || of.contains(platform))
    };
    Platform::ALL
        .into_iter()
        .filter(is_named)
        .filter(can_meet_all)
        .collect()
}

fn fits_nothing(rule: &Rule) -> String {
    let written: Vec<&str> = conditions(rule)
        .into_iter()
        .filter(|(_, values, _)| !values.is_empty())
        .map(|(key, ..)| key)
        .collect();
    format!(
        "never matches: none of its platforms has all of {}",
        written.join(", ")
    )
}

/// Reports names where numeric IDs are expected, because these never match.
fn check_ids(rule: &Rule, possible: &[Platform], fault: &mut impl FnMut(String)) {
    let numbered =
        !possible.is_empty() && possible.iter().all(|platform| NUMBERED.contains(platform));
    let of_platforms = conditions(rule)
        .into_iter()
        .filter(|(key, ..)| *key != "api_keys");

    for (key, values, _) in of_platforms {
        for id in values.iter().filter(|id| !is_id(id, key, numbered)) {
            fault(format!(
                "`{id}` in {key} is a name; expected an ID (Discord: Developer Mode, Copy ID)"
            ));
        }
    }
}

fn is_id(id: &str, key: &str, numbered: bool) -> bool {
    if numbered {
        // Telegram groups have negative IDs.
        id.parse::<i128>()
            .is_ok_and(|id| id > 0 || key == "channels")
    } else {
        !id.is_empty() && !id.starts_with(['@', '#']) && !id.contains(char::is_whitespace)
    }
}

fn suggestion<'n>(written: &str, names: impl Iterator<Item = &'n str>) -> String {
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
    let signer =
        (!settings.http.inbound_secrets.is_empty()).then(|| Credential::SIGNATURE.to_owned());
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
            &format!("policy.rules: two rules have the name `{}`", rule.name),
        );
        if let Some(other) = before.iter().find(|other| covers(other, rule, commands)) {
            let (name, other) = (&rule.name, &other.name);
            let told = format!(
                "policy.rules: `{name}` is shadowed by rule `{other}`; the first match decides"
            );
            tell(true, &told);
        }
    }

    tell(
        !rules.is_empty()
            && rules
                .iter()
                .all(|rule| rule.effect == Effect::Allow && rule.per_minute.is_none()),
        "policy.rules: all rules allow, and so does the default; add a last rule that denies, without conditions",
    );
}

/// Returns whether `earlier` matches every request that `later` matches.
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
