use super::*;
use crate::spec::TestNames;

fn access(toml: &str) -> Result<PolicyRules, Failure> {
    access_after(None, toml)
}

fn access_after(before: Option<&PolicyRules>, toml: &str) -> Result<PolicyRules, Failure> {
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), toml).expect("written");
    let settings = Settings::load(Some(file.path()), []).unwrap_or_else(|error| panic!("{error}"));
    PolicyRules::new(&settings, &TestNames, before)
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
fn the_first_matching_rule_decides() {
    let access = access(RULES).expect("rules");
    let lobby = caller("1", &[]);
    let refused = access
        .admit(Platform::Discord, &lobby, "ports")
        .expect_err("denied")
        .to_string();

    assert_eq!(
        refused,
        "You may not use `ports` here (rule \"no scans in the lobby\"). Ask ops@example.test if you need it."
    );
    assert!(
        access
            .admit(Platform::Discord, &caller("1", &["77"]), "ports")
            .is_ok()
    );

    assert!(
        access
            .admit(Platform::Discord, &caller("3", &[]), "ports")
            .is_ok()
    );

    assert!(access.admit(Platform::Telegram, &lobby, "ports").is_ok());
    assert!(
        access
            .admit(Platform::Discord, &lobby, "mx")
            .is_ok_and(|admitted| !admitted.private)
    );

    let verify = access
        .admit(Platform::Http, &lobby, "verify")
        .expect("allowed");
    assert!(verify.private);
    assert!(access.charge(verify, &lobby).is_ok() && access.charge(verify, &lobby).is_ok());
    let failure = access.charge(verify, &lobby).expect_err("limited");
    assert_eq!(failure.code().0, "rate_limited");
    assert!(
        failure
            .to_string()
            .starts_with("Rule \"mail is private\" allows 2 lookups/min. Retry in ")
    );

    let other = Caller {
        user: Some("10".into()),
        ..Caller::default()
    };

    assert!(
        access.charge(verify, &other).is_ok(),
        "each caller has a budget of their own"
    );
}

#[test]
fn an_unchanged_rule_keeps_its_counts() {
    let before = access(RULES).expect("rules");
    let ann = caller("1", &[]);
    let ask = |access: &PolicyRules| {
        let verify = access
            .admit(Platform::Http, &ann, "verify")
            .expect("allowed");
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
        "a changed limit starts with a full budget"
    );
}

#[test]
fn rejects_a_rule_for_an_unknown_command() {
    let rules = "[[policy.rules]]\nname = \"x\"\ncommands = [\"prots\"]\neffect = \"deny\"\n";
    let failure = access(rules).err().expect("refused").to_string();
    assert_eq!(
        failure,
        "policy.rules: `x` names a command `prots`, which does not exist; did you mean `ports`?"
    );
}
