//! The operator's access rules; the first match decides.

use std::sync::Arc;

use governor::{DefaultKeyedRateLimiter, RateLimiter, clock::Clock};
use netvane_document::Failure;

use crate::{
    platform::Platform,
    policy::rate_limits::{a_minute, again_in},
    request::{Caller, Credential},
    settings::{Effect, Policy, Rule, Settings},
    spec::CommandNames,
    vantage::selection::Selection,
};

/// Rate limit of a rule, per caller.
type Limit = Option<Arc<DefaultKeyedRateLimiter<String>>>;

/// A rule with what was made of its settings.
struct RuleInForce {
    rule: Rule,
    limit: Limit,
    /// Vantage points of requests that name none.
    from: Option<Selection>,
}

/// The rules in force.
pub(crate) struct PolicyRules {
    rules: Vec<RuleInForce>,
    pub(crate) contact: String,
}

/// How an allowed request is answered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Admission {
    /// The reply is shown to the caller alone.
    pub(crate) private: bool,
    rule: Option<usize>,
}

impl PolicyRules {
    /// Reads the rules from the settings. Fails if a rule names a command that does not exist,
    /// because it would protect nothing. Unchanged rules keep the counts that they have in
    /// `before`.
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
                before.and_then(|before| before.rules.iter().find(|known| known.rule == rule));
            let limit = match known {
                Some(known) => known.limit.clone(),
                None => rule
                    .per_minute
                    .map(|number| Arc::new(RateLimiter::keyed(a_minute(number)))),
            };

            let from = Selection::parse(&rule.from).ok();
            RuleInForce { rule, limit, from }
        };

        Ok(Self {
            rules: rules.iter().map(limited).collect(),
            contact: contact.clone(),
        })
    }

    /// Whether this caller may use this command, by the first rule that matches both.
    pub(crate) fn admit(
        &self,
        platform: Platform,
        caller: &Caller,
        command: &str,
    ) -> Result<Admission, Failure> {
        let found = self
            .rules
            .iter()
            .position(|known| fits(&known.rule, platform, caller, command));
        let Some(index) = found else {
            return Ok(Admission::default());
        };
        let rule = &self.rules[index].rule;

        match rule.effect {
            Effect::Allow => Ok(Admission {
                private: false,
                rule: Some(index),
            }),
            Effect::Private => Ok(Admission {
                private: true,
                rule: Some(index),
            }),
            Effect::Deny => {
                let ask = match self.contact.as_str() {
                    "" => "The operator can change this.".to_owned(),
                    contact => format!("Ask {contact} if you need it."),
                };
                Err(Failure::Forbidden(format!(
                    "You may not use `{command}` here (rule \"{}\"). {ask}",
                    rule.name
                )))
            }
        }
    }

    /// Whether any rule sets vantage points.
    pub(crate) fn has_vantage_points(&self) -> bool {
        self.rules.iter().any(|known| known.from.is_some())
    }

    /// The vantage points that the rule sets for requests that name none.
    pub(crate) fn from(&self, admitted: Admission) -> Option<&Selection> {
        self.rules.get(admitted.rule?)?.from.as_ref()
    }

    /// Counts a request against the limit of the rule that allowed it, if that rule has a limit.
    pub(crate) fn charge(&self, admitted: Admission, caller: &Caller) -> Result<(), Failure> {
        let rule = admitted.rule.and_then(|index| self.rules.get(index));
        let Some(RuleInForce {
            rule,
            limit: Some(limit),
            ..
        }) = rule
        else {
            return Ok(());
        };
        limit.check_key(&caller.name()).map_err(|until| {
            let wait = until.wait_time_from(governor::clock::DefaultClock::default().now());
            Failure::RateLimited {
                message: format!(
                    "Rule \"{}\" allows {} lookups/min. {}",
                    rule.name,
                    rule.per_minute.unwrap_or_default(),
                    again_in(wait)
                ),
                retry_after: wait,
            }
        })
    }
}

/// Returns whether every condition of the rule matches: one of its values must be the request's.
fn fits(rule: &Rule, platform: Platform, caller: &Caller, command: &str) -> bool {
    let among = |values: &[String], actual: Option<&str>| {
        values.is_empty() || actual.is_some_and(|actual| values.iter().any(|value| value == actual))
    };
    among(&rule.commands, Some(command))
        && among(&rule.platforms, Some(platform.name()))
        && among(&rule.servers, caller.server.as_deref())
        && among(&rule.channels, caller.conversation.as_deref())
        && among(&rule.users, caller.user.as_deref())
        && among(
            &rule.api_keys,
            caller.credential.as_ref().map(Credential::name),
        )
        && (rule.roles.is_empty() || caller.roles.iter().any(|role| rule.roles.contains(role)))
}

#[cfg(test)]
mod tests;
