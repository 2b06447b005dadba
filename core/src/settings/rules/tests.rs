use super::*;

/// Loads rules, each given as its conditions and effect in TOML.
fn load(rules: &[&str]) -> Result<Settings, String> {
    let file = tempfile::NamedTempFile::new().expect("a file");
    let keys = format!(
        "[http]\napi_keys = ['sha256:{} name=ops']\n",
        "0a".repeat(32)
    );
    let rules = rules.iter().zip(b'a'..).map(|(rule, name)| {
        format!(
            "[[policy.rules]]\nname = '{}'\n{}\n",
            char::from(name),
            rule.replace("; ", "\n")
        )
    });
    std::fs::write(file.path(), keys + &rules.collect::<String>()).expect("written");
    Settings::load(Some(file.path()), []).map_err(|error| error.to_string())
}

#[test]
fn rejects_rules_that_can_never_match() {
    for right in [
        "effect = 'deny'",
        "effect = 'deny'; platforms = ['discord', 'terminal']",
        "effect = 'deny'; platforms = ['telegram']; channels = ['-1001234567890']; users = ['12']",
        "effect = 'deny'; channels = ['C024BE91L', '1234']",
        "effect = 'deny'; roles = ['77']",
        "effect = 'allow'; api_keys = ['ops']; per_minute = 5",
    ] {
        assert!(load(&[right]).is_ok(), "{right}: {:?}", load(&[right]));
    }

    for (wrong, told) in [
        (
            "platforms = ['dicsord']",
            "policy.rules: `a`: unknown platform `dicsord`, did you mean `discord`?",
        ),
        ("platforms = ['Discord']", "did you mean `discord`?"),
        (
            "platforms = ['telegram']; roles = ['7']",
            "policy.rules: `a`: never matches",
        ),
        (
            "api_keys = ['ops']; users = ['7']",
            "none of its platforms has all of users, api_keys",
        ),
        (
            "platforms = ['discord']; channels = ['general']",
            "`general` in channels is a name",
        ),
        (
            "platforms = ['discord', 'telegram']; users = ['-7']",
            "`-7` in users is a name",
        ),
        ("roles = ['admin']", "`admin` in roles is a name"),
        (
            "channels = ['#general']",
            "`#general` in channels is a name",
        ),
        (
            "api_keys = ['osp']",
            "no entry of http.api_keys has the name `osp`, did you mean `ops`?",
        ),
        (
            "api_keys = ['a signature']",
            "no entry of http.api_keys has the name `a signature`",
        ),
    ] {
        let fault = load(&[&format!("effect = 'deny'; {wrong}")]).expect_err(wrong);
        assert!(fault.contains(told), "{wrong}: {fault}");
    }
}

#[test]
fn warns_about_rules_that_are_never_reached() {
    let advice = |rules: &[&str]| {
        let settings = load(rules).unwrap_or_else(|fault| panic!("{fault}"));
        let mut told = Vec::new();
        advise(
            &settings,
            &crate::spec::TestNames,
            &mut |holds, text: &str| {
                if holds {
                    told.push(text.to_owned());
                }
            },
        );
        told
    };

    assert_eq!(
        advice(&["effect = 'allow'; commands = ['mx']", "effect = 'deny'"]),
        [""; 0]
    );
    assert_eq!(advice(&["effect = 'allow'; per_minute = 5"]), [""; 0]);
    assert_eq!(
        advice(&["effect = 'allow'; commands = ['mx']"]),
        [
            "policy.rules: all rules allow, and so does the default; add a last rule that denies, without conditions"
        ]
    );

    for (first, second, never) in [
        ("", "; commands = ['ports']", true),
        (
            "; platforms = ['discord']",
            "; platforms = ['discord']; channels = ['1']",
            true,
        ),
        (
            "; commands = ['portcheck', 'trace']",
            "; commands = ['ports']",
            true,
        ),
        (
            "; commands = ['ports']",
            "; commands = ['ports', 'trace']",
            false,
        ),
        ("; platforms = ['discord']", "", false),
        ("; roles = ['1']", "; users = ['1']", false),
    ] {
        let told = advice(&[
            &format!("effect = 'private'{first}"),
            &format!("effect = 'deny'{second}"),
        ]);
        let never_counts = told
            .iter()
            .any(|told| told.contains("`b` is shadowed by rule `a`"));
        assert_eq!(never_counts, never, "{first} {second}: {told:?}");
    }
}
