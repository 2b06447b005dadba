use super::*;

#[test]
fn finds_programs_with_their_version() {
    for (text, class, name, version) in [
        ("curl/8.5.0", Class::Tool, "curl", Some("8.5.0")),
        (
            "Mozilla/5.0 (compatible; GPTBot/1.2; +https://openai.com/gptbot)",
            Class::Bot,
            "GPTBot",
            Some("1.2"),
        ),
        ("Java/1.8.0_151", Class::Tool, "Java", Some("1.8.0_151")),
        (
            "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
            Class::Bot,
            "facebookexternalhit",
            Some("1.1"),
        ),
        ("Twitterbot", Class::Bot, "Twitterbot", None),
        (
            "Mozilla/5.0 (…) Instagram 312.0.0.24 (iPhone14,5)",
            Class::InApp,
            "Instagram",
            Some("312.0.0.24"),
        ),
    ] {
        let AgentMatch {
            agent,
            version: found,
            ..
        } = find(text).expect(text);
        assert_eq!(
            (agent.class, agent.name, found),
            (class, name, version),
            "{text}"
        );
    }

    for text in [
        "",
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/126.0",
        "Javascript",
        "OnLine",
        "xcurl/1",
    ] {
        assert!(find(text).is_none(), "{text}");
    }
}

#[test]
fn every_line_of_the_table_is_read() {
    let rows = TABLE.lines().filter(|line| !line.starts_with('#')).count();
    assert_eq!(AGENTS.agents.len(), rows);
    assert!(rows > 250);
}

#[test]
fn reads_the_version_after_a_name() {
    for (rest, expected) in [
        ("/1.2.3", Some("1.2.3")),
        (" 1.2 (x)", Some("1.2")),
        ("/v2", Some("2")),
        ("_2023", Some("2023")),
        ("-1.0-beta+7;", Some("1.0-beta+7")),
        (":3.", Some("3")),
        ("1.8.0_151", Some("1.8.0_151")),
        ("/", None),
        ("/x1", None),
        (" (1.0)", None),
        ("", None),
        ("/é", None),
    ] {
        assert_eq!(version_at(rest), expected, "{rest}");
    }
    assert!(version_at(&format!("/{}", "1".repeat(40))).is_some());
    assert_eq!(version_at(&format!("/{}", "1".repeat(41))), None);
}

#[test]
fn a_program_at_the_start_is_leading() {
    for (text, leading) in [
        ("curl/8.5.0", true),
        ("CURL/8.5.0", true),
        ("x (curl/8.5.0)", false),
        ("Mozilla/5.0 (compatible; GPTBot/1.2)", false),
    ] {
        assert_eq!(
            find(text).map(|found| found.leading),
            Some(leading),
            "{text}"
        );
    }
}

#[test]
fn a_longer_product_keeps_its_name_and_version() {
    for (text, name, version) in [
        (
            "msnbot-media/1.1 (+http://search.msn.com/msnbot.htm)",
            "msnbot-media",
            Some("1.1"),
        ),
        ("Baiduspider-testbranch", "Baiduspider-testbranch", None),
        ("unirest-java/1.3.11", "unirest-java", Some("1.3.11")),
        ("libcurl-agent/1.0", "libcurl-agent", Some("1.0")),
        ("nutch crawler/Nutch-2.2", "Nutch", Some("2.2")),
        ("Wget/1.12 (linux-gnu)", "Wget", Some("1.12")),
    ] {
        let found = find(text).expect(text);
        assert_eq!((found.name(), found.version), (name, version), "{text}");
    }
}

#[test]
fn a_slash_needs_a_version_after_it() {
    for text in ["LG-KC910 Java/ASVM/1.1", "Java/QVM", "Yeti/x"] {
        assert!(find(text).is_none(), "{text}");
    }
    assert!(find("Ruby/v3").is_some() && find("Java/17").is_some());
}
