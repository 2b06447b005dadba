//! Who may ask what, and how it is answered: the operator's rules, first match first.

use std::sync::Arc;

use governor::{DefaultKeyedRateLimiter, RateLimiter, clock::Clock};

use crate::{
    policy::rate_limits::{a_minute, again_in},
    request::Caller,
    settings::{Effect, Policy, Rule, Settings},
    spec::CommandNames,
};
use netvane_document::Failure;

/// How often each asker may, by a rule's own number.
type Limit = Option<Arc<DefaultKeyedRateLimiter<String>>>;

/// The rules in force.
pub(crate) struct Access {
    rules: Vec<(Rule, Limit)>,
    pub(crate) contact: String,
}

/// How a question that may be asked is answered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Admitted {
    /// Only the asker may read the answer.
    pub(crate) private: bool,
    rule: Option<usize>,
}

impl Access {
    /// From the settings; a rule about a command that does not exist would protect nothing. A rule that stood among
    /// those `before` goes on counting.
    pub(crate) fn new(
        settings: &Settings,
        commands: &dyn CommandNames,
        before: Option<&Self>,
    ) -> Result<Self, Failure> {
        let Policy { rules, contact, .. } = &settings.policy;
        for rule in rules {
            if let Some(name) = rule
                .commands
                .iter()
                .find(|name| commands.canonical(name).is_none())
            {
                let meant = commands
                    .nearest(name)
                    .map(|near| format!("; did you mean `{near}`?"))
                    .unwrap_or_default();
                return Err(Failure::Unavailable(format!(
                    "policy.rules: `{}` names a command `{name}`, which does not exist{meant}",
                    rule.name
                )));
            }
        }
        let limited = |rule: &Rule| {
            let names = rule
                .commands
                .iter()
                .filter_map(|name| commands.canonical(name));
            let rule = Rule {
                commands: names.map(str::to_owned).collect(),
                ..rule.clone()
            };
            let known =
                before.and_then(|before| before.rules.iter().find(|(known, _)| *known == rule));
            let limit = match known {
                Some((_, limit)) => limit.clone(),
                None => rule
                    .per_minute
                    .map(|number| Arc::new(RateLimiter::keyed(a_minute(number)))),
            };
            (rule, limit)
        };
        Ok(Self {
            rules: rules.iter().map(limited).collect(),
            contact: contact.clone(),
        })
    }

    /// Whether this caller may ask this command, by the first rule that fits both.
    pub(crate) fn admit(
        &self,
        adapter: &str,
        caller: &Caller,
        command: &str,
    ) -> Result<Admitted, Failure> {
        let found = self
            .rules
            .iter()
            .position(|(rule, _)| fits(rule, adapter, caller, command));
        let Some(index) = found else {
            return Ok(Admitted::default());
        };
        let rule = &self.rules[index].0;
        match rule.effect {
            Effect::Allow => Ok(Admitted {
                private: false,
                rule: Some(index),
            }),
            Effect::Private => Ok(Admitted {
                private: true,
                rule: Some(index),
            }),
            Effect::Deny => {
                let ask = match self.contact.as_str() {
                    "" => "The operator of this Netvane can change it.".to_owned(),
                    contact => format!("Ask {contact} if you need it."),
                };
                Err(Failure::Forbidden(format!(
                    "`{command}` is not for you here (rule “{}”). {ask}",
                    rule.name
                )))
            }
        }
    }

    /// Counts a question against the limit of the rule that let it in, where it has one.
    pub(crate) fn charge(&self, admitted: Admitted, caller: &Caller) -> Result<(), Failure> {
        let Some((rule, Some(limit))) = admitted.rule.and_then(|index| self.rules.get(index))
        else {
            return Ok(());
        };
        limit.check_key(&caller.name()).map_err(|until| {
            let wait = until.wait_time_from(governor::clock::DefaultClock::default().now());
            Failure::RateLimited {
                message: format!(
                    "The rule “{}” lets you ask {} times a minute. {}",
                    rule.name,
                    rule.per_minute.unwrap_or_default(),
                    again_in(wait)
                ),
                retry_after: wait,
            }
        })
    }
}

/// Each condition that a rule has holds for one of its values.
fn fits(rule: &Rule, adapter: &str, caller: &Caller, command: &str) -> bool {
    let among = |values: &[String], actual: Option<&str>| {
        values.is_empty() || actual.is_some_and(|actual| values.iter().any(|value| value == actual))
    };
    among(&rule.commands, Some(command))
        && among(&rule.platforms, Some(adapter))
        && among(&rule.servers, caller.server.as_deref())
        && among(&rule.channels, caller.conversation.as_deref())
        && among(&rule.users, caller.user.as_deref())
        && among(&rule.api_keys, caller.api_key.as_deref())
        && (rule.roles.is_empty() || caller.roles.iter().any(|role| rule.roles.contains(role)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::TestNames;

    fn access(toml: &str) -> Result<Access, Failure> {
        access_after(None, toml)
    }

    fn access_after(before: Option<&Access>, toml: &str) -> Result<Access, Failure> {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), toml).expect("written");
        let settings =
            Settings::load(Some(file.path()), []).unwrap_or_else(|error| panic!("{error}"));
        Access::new(&settings, &TestNames, before)
    }

    const RULES: &str = r#"
        [policy]
        contact = "ops@example.test"
        [[policy.rules]]
        name = "admins may"
        platforms = ["discord"]
        roles = ["77"]
        effect = "allow"
        [[policy.rules]]
        name = "no scans in the lobby"
        platforms = ["discord"]
        channels = ["1", "2"]
        commands = ["portcheck", "trace"]
        effect = "deny"
        [[policy.rules]]
        name = "mail is private"
        commands = ["verify"]
        effect = "private"
        per_minute = 2
    "#;

    fn caller(channel: &str, roles: &[&str]) -> Caller {
        Caller {
            user: Some("9".into()),
            conversation: Some(channel.into()),
            roles: roles.iter().map(|role| (*role).to_owned()).collect(),
            ..Caller::default()
        }
    }

    #[test]
    fn the_first_rule_that_fits_counts() {
        let access = access(RULES).expect("rules");
        let lobby = caller("1", &[]);
        let refused = access
            .admit("discord", &lobby, "ports")
            .expect_err("denied")
            .to_string();
        assert_eq!(
            refused,
            "`ports` is not for you here (rule “no scans in the lobby”). Ask ops@example.test if you need it."
        );
        assert!(
            access
                .admit("discord", &caller("1", &["77"]), "ports")
                .is_ok()
        );
        assert!(access.admit("discord", &caller("3", &[]), "ports").is_ok());
        assert!(access.admit("telegram", &lobby, "ports").is_ok());
        assert!(
            access
                .admit("discord", &lobby, "mx")
                .is_ok_and(|admitted| !admitted.private)
        );
        let verify = access.admit("http", &lobby, "verify").expect("allowed");
        assert!(verify.private);
        assert!(access.charge(verify, &lobby).is_ok() && access.charge(verify, &lobby).is_ok());
        let failure = access.charge(verify, &lobby).expect_err("limited");
        assert_eq!(failure.code().0, "rate_limited");
        assert!(
            failure
                .to_string()
                .starts_with("The rule “mail is private” lets you ask 2 times a minute. Again in ")
        );
        let other = Caller {
            user: Some("10".into()),
            ..Caller::default()
        };
        assert!(
            access.charge(verify, &other).is_ok(),
            "each asker has their own"
        );
    }

    #[test]
    fn a_rule_that_stays_goes_on_counting() {
        let before = access(RULES).expect("rules");
        let ann = caller("1", &[]);
        let ask = |access: &Access| {
            let verify = access.admit("http", &ann, "verify").expect("allowed");
            access.charge(verify, &ann).is_ok()
        };
        assert_eq!(
            [ask(&before), ask(&before), ask(&before)],
            [true, true, false]
        );
        let moved = RULES.replace("channels = [\"1\", \"2\"]", "channels = [\"2\"]");
        let same = access_after(Some(&before), &moved).expect("rules");
        assert!(!ask(&same), "another rule has changed");
        let changed = RULES.replace("per_minute = 2", "per_minute = 3");
        assert!(
            ask(&access_after(Some(&before), &changed).expect("rules")),
            "a new number begins anew"
        );
    }

    #[test]
    fn a_rule_that_protects_nothing_is_refused() {
        let rules = "[[policy.rules]]\nname = \"x\"\ncommands = [\"prots\"]\neffect = \"deny\"\n";
        let failure = access(rules).err().expect("refused").to_string();
        assert_eq!(
            failure,
            "policy.rules: `x` names a command `prots`, which does not exist; did you mean `ports`?"
        );
    }
}
