//! API keys: their scopes, names and replacement, and what is closed without one.

use netvane_tests::{Netvane, Scratch, Service, http::Client};
use serde_json::Value;

use super::{CLOSED, KEYS, OLD, QUESTION, ask, bearer, hash, post, refused};

const NEW: &str = "nvk_BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB";

#[test]
fn a_new_key_works_with_its_configuration_entry() {
    let made =
        Netvane::line("key new --name ops --scope ask --scope batch --expires 2999-01-01 --json")
            .run();
    let made: Value = serde_json::from_str(made.text()).expect("JSON");
    let (key, entry) = (
        made["key"].as_str().expect("a key"),
        made["entry"].as_str().expect("an entry"),
    );
    assert!(key.starts_with("nvk_") && key.len() == 47, "{key}");
    assert_eq!(
        entry,
        format!("{} name=ops scopes=ask+batch expires=2999-01-01", hash(key))
    );

    let service = Service::start(&[CLOSED, (KEYS, entry)]);

    assert_eq!(
        post(&service, &[("Authorization", &bearer(key))]).json()["command"],
        "help"
    );

    let text = Netvane::line("key new").run();
    let key = text.text().lines().next().expect("a key").to_owned();

    assert!(
        text.text()
            .contains(&format!("api_keys = [\"{}\"]", hash(&key))),
        "{}",
        text.text()
    );

    for (line, told) in [
        (
            "key new --scope everything",
            "unknown scope; expected ask, batch or callback",
        ),
        (
            "key new --name a/b",
            "a key's name must have at most 64 letters",
        ),
        ("key new --expires soon", "--expires: expected a date"),
    ] {
        let run = Netvane::line(line).run();
        assert!(
            run.code == Some(2) && run.stderr.contains(told),
            "{line}: {}",
            run.stderr
        );
    }
}

#[test]
fn settings_with_a_plain_key_are_refused_without_showing_it() {
    let run = Netvane::line("config check").env(KEYS, NEW).run();
    assert_eq!(run.code, Some(2));
    assert!(
        run.stderr.contains("this is a key; its hash") && !run.stderr.contains(NEW),
        "{}",
        run.stderr
    );
    let shown = Netvane::line("config show")
        .env(KEYS, format!("{} name=ops", hash(OLD)))
        .run();
    assert!(
        shown.text().contains("api_keys = [\"(set)\"]"),
        "{}",
        shown.text()
    );
}

#[test]
fn a_closed_service_runs_no_lookups_without_a_key() {
    let service = Service::start(&[CLOSED, (KEYS, &hash(OLD))]);
    for path in ["/v1/commands", "/healthz"] {
        assert_eq!(service.get(path).status, 200, "{path}");
    }
    assert_eq!(service.get("/metrics").status, 401);
    let keyed = ask(
        &service,
        "GET /metrics",
        &[("Authorization", &bearer(OLD))],
        "",
    );
    assert_eq!(keyed.status, 200);

    for target in [
        "POST /v1/commands",
        "GET /v1/commands/help",
        "GET /v1/commands/nosuch",
        "GET /v1/commands/%ff",
        "GET /v1/commands/help?command=mx&command=a",
        "HEAD /v1/commands/help",
    ] {
        let body = if target.starts_with("POST") {
            QUESTION
        } else {
            ""
        };

        if target.starts_with("HEAD") {
            let mut client = Client::connect(service.address);
            client.request(target, &[], b"");
            assert_eq!(client.head().expect("an answer").0, 401, "{target}");
            continue;
        }

        let (status, detail, challenge) = refused(&ask(&service, target, &[], body));

        assert_eq!(
            (status, challenge.as_str()),
            (401, "Bearer realm=\"netvane\""),
            "{target}"
        );

        assert_eq!(
            detail, "authentication required: send an API key as `Authorization: Bearer nvk_…`",
            "{target}"
        );
    }

    let key = bearer(OLD);

    assert_eq!(
        ask(
            &service,
            "GET /v1/commands/help",
            &[("Authorization", &key)],
            ""
        )
        .status,
        200
    );

    // A client without access need not send the body: the service does not wait for it.
    let mut client = Client::connect(service.address);
    client.send("POST /v1/commands HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n");
    assert_eq!(client.response().expect("an answer at once").status, 401);
}

#[test]
fn two_keys_of_one_name_are_valid_at_once() {
    let entries = format!(
        "{} name=ops,{} name=ops,{} expires=2001-01-01",
        hash(OLD),
        hash(NEW),
        hash("nvk_gone")
    );

    let service = Service::start(&[CLOSED, (KEYS, &entries)]);

    for key in [OLD, NEW] {
        post(&service, &[("Authorization", &bearer(key))]).json();
        post(&service, &[("authorization", &format!("bearer   {key}"))]).json();
    }

    for wrong in [
        "nvk_gone",
        "nvk_",
        "",
        &hash(OLD),
        &OLD[..46],
        &format!("{OLD}A"),
        &OLD.to_lowercase(),
    ] {
        let (status, detail, challenge) =
            refused(&post(&service, &[("Authorization", &bearer(wrong))]));
        assert_eq!(
            (status, detail.as_str(), challenge.as_str()),
            (
                401,
                "unknown or expired API key: send an API key as `Authorization: Bearer nvk_…`; the operator of this service issues them",
                "Bearer realm=\"netvane\", error=\"invalid_token\""
            ),
            "{wrong}"
        );
    }

    let log = service.log();

    assert!(
        !log.contains(OLD) && !log.contains(NEW) && !log.contains("nvk_gone"),
        "{log}"
    );
}

#[test]
fn a_wrong_key_is_not_treated_as_anonymous() {
    for keys in ["", &hash(OLD)] {
        let service = Service::start(&[(KEYS, keys)]);
        post(&service, &[]).json();
        for wrong in [
            &bearer(NEW),
            "Bearer",
            "Token x",
            NEW,
            "bearer\t",
            "B\u{e4}rer x",
        ] {
            let (status, _, _) = refused(&post(&service, &[("Authorization", wrong)]));
            assert_eq!(status, 401, "{wrong}");
            let got = ask(
                &service,
                "GET /v1/commands/help",
                &[("Authorization", wrong)],
                "",
            );
            assert_eq!(got.status, 401, "{wrong}");
        }

        // Intended for a reverse proxy, and repeated by browsers with each request.
        post(&service, &[("Authorization", "Basic YTpi")]).json();
        let twice = [
            ("Authorization", "Basic YTpi"),
            ("Authorization", "Basic YTpi"),
        ];
        let (status, detail, _) = refused(&post(&service, &twice));

        assert_eq!(
            (status, detail.as_str()),
            (400, "`Authorization` is there twice; send one")
        );
    }

    let service = Service::start(&[(KEYS, &hash(OLD))]);
    let twice = [
        ("Authorization", bearer(OLD)),
        ("Authorization", bearer(NEW)),
    ];
    let twice: Vec<(&str, &str)> = twice
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    assert_eq!(refused(&post(&service, &twice)).0, 400);
}

#[test]
fn a_key_is_limited_to_its_scopes() {
    let entry = format!("{} scopes=batch+callback", hash(OLD));
    let service = Service::start(&[(KEYS, &entry)]);
    let (status, detail, challenge) = refused(&post(&service, &[("Authorization", &bearer(OLD))]));
    assert_eq!(
        (status, detail.as_str()),
        (403, "this API key is not for `ask`")
    );
    assert_eq!(
        challenge,
        "Bearer realm=\"netvane\", error=\"insufficient_scope\", scope=\"ask\""
    );
    assert_eq!(
        ask(
            &service,
            "GET /v1/commands/help",
            &[("Authorization", &bearer(OLD))],
            ""
        )
        .status,
        403
    );
}

#[test]
fn keys_are_replaced_while_the_service_runs() {
    let scratch = Scratch::new();
    let made = |name: &str| {
        let run = Netvane::line(&format!("key new --name {name} --json")).run();
        let made: Value = serde_json::from_str(&run.stdout).expect("JSON");
        let text = |field: &str| {
            made[field]
                .as_str()
                .unwrap_or_else(|| panic!("{field}: {made}"))
                .to_owned()
        };
        (text("key"), text("entry"))
    };

    let (old, old_entry) = made("ops");
    let (new, new_entry) = made("ops");
    let write = |entries: &[&str]| {
        let keys = serde_json::to_string(entries).expect("JSON");
        scratch.file(
            "netvane.toml",
            format!("[http]\nanonymous = false\napi_keys = {keys}\n"),
        )
    };

    let file = write(&[&old_entry]);
    let service = Service::start(&[("NETVANE_CONFIG", file.to_str().expect("a path"))]);
    let status = |key: &str| {
        let bearer = format!("Bearer {key}");
        Client::connect(service.address)
            .ask(
                "GET /v1/commands/port?query=22",
                &[("Authorization", &bearer)],
                b"",
            )
            .status
    };

    assert_eq!((status(&old), status(&new)), (200, 401));
    write(&[&old_entry, &new_entry]);
    service.signal("HUP");
    netvane_tests::until("both are valid", || {
        (status(&old), status(&new)) == (200, 200)
    });
    write(&[&new_entry]);
    service.signal("HUP");
    netvane_tests::until("the old one is of no use", || {
        (status(&old), status(&new)) == (401, 200)
    });
}
