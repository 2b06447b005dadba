use std::sync::atomic::{AtomicUsize, Ordering};

use std::time::Duration;

use super::*;
use crate::testing::dns::{TestDns, ask, ask_json};
use crate::{Input, Platform, Request, request::Caller};

#[tokio::test]
async fn a_reply_has_all_fields_of_the_contract() {
    let dns = TestDns::start().await;
    let reply = ask_json(&dns.engine(), "/mx Example.Test.").await;
    let keys: Vec<&str> = reply
        .as_object()
        .expect("an object")
        .keys()
        .map(String::as_str)
        .collect();

    assert_eq!(
        keys,
        [
            "id",
            "command",
            "arguments",
            "severity",
            "title",
            "summary",
            "data",
            "blocks",
            "warnings",
            "elapsed_ms",
            "cached",
            "vantage"
        ]
    );

    assert_eq!(reply["command"], "mx");
    assert_eq!(
        reply["arguments"],
        serde_json::json!({"domain": "example.test"})
    );
    assert_eq!(reply["severity"], "good");
    assert_eq!(reply["title"], "MX of example.test");
    assert_eq!(reply["summary"], "2 mail servers, both resolve");
    assert_eq!(reply["cached"], false);
    assert_eq!(reply["vantage"], "local");
    assert_eq!(reply["data"]["hosts"][0]["exchange"], "mail1.example.test");
    assert_eq!(
        reply["data"]["hosts"][0]["addresses"],
        serde_json::json!(["2001:db8::81", "192.0.2.81"])
    );
    assert_eq!(
        dns.asked_names(),
        [
            "example.test. MX",
            "mail1.example.test. A",
            "mail1.example.test. AAAA",
            "mail2.example.test. A",
            "mail2.example.test. AAAA"
        ],
        "no query is sent twice"
    );
}

/// Advances the clock, while no lookup is running.
async fn later(time: Duration) {
    tokio::time::pause();
    tokio::time::advance(time).await;
    tokio::time::resume();
}

#[tokio::test]
async fn an_answer_is_cached_for_its_ttl_and_counts_down() {
    let dns = TestDns::start().await;
    let engine = dns.engine();
    let first = ask_json(&engine, "a short.example.test").await;
    assert_eq!(first["data"]["answers"][0]["ttl"], 3);
    let second = ask_json(&engine, "/a Short.Example.Test").await;
    assert_eq!((&second["cached"], dns.asked()), (&true.into(), 1));
    assert_ne!(first["id"], second["id"]);
    later(Duration::from_millis(1100)).await;
    let aged = ask_json(&engine, "a short.example.test").await;
    assert_eq!(
        (&aged["cached"], &aged["data"]["answers"][0]["ttl"]),
        (&true.into(), &2.into())
    );
    later(Duration::from_millis(2000)).await;
    assert_eq!(
        ask_json(&engine, "a short.example.test").await["cached"],
        false,
        "the TTL of three seconds has expired"
    );
    assert_eq!(dns.asked(), 2);
}

#[tokio::test]
async fn a_ttl_of_zero_is_not_cached() {
    let dns = TestDns::start().await;
    let engine = dns.engine();
    ask_json(&engine, "a zero.example.test").await;
    assert_eq!(
        ask_json(&engine, "a zero.example.test").await["cached"],
        false
    );
    assert_eq!(dns.asked(), 2);
}

#[tokio::test]
async fn cached_replies_need_no_lookup() {
    let dns = TestDns::start().await;
    let engine = dns.engine();
    let known = || {
        engine.cached(&Request::new(
            Platform::Terminal,
            Input::Text("/a Short.Example.Test".into()),
        ))
    };
    assert!(known().is_none());
    assert_eq!(dns.asked(), 0);
    ask_json(&engine, "a short.example.test").await;
    let reply = known().expect("kept");
    assert_eq!((reply.cached, reply.command, dns.asked()), (true, "a", 1));
}

#[tokio::test]
async fn identical_requests_share_one_lookup() {
    let dns = TestDns::holding(|_| true).await;
    let engine = dns.engine();
    let lines = [
        "a web.example.test",
        "/a WEB.example.test.",
        "a https://web.example.test/",
        "a zero.example.test",
    ];
    let replies = futures::future::join_all(lines.iter().map(|line| ask_json(&engine, line)));
    let (replies, ()) = futures::join!(replies, async {
        dns.arrived(2).await;
        dns.release();
    });
    assert!(
        replies
            .iter()
            .all(|reply| reply["summary"] == "1 IPv4 address")
    );
    assert_eq!(dns.asked(), 2, "one query for each name");
}

#[tokio::test]
async fn a_lookup_is_cancelled_when_its_only_caller_disconnects() {
    let dns = TestDns::holding(|_| true).await;
    let engine = dns.engine();
    tokio::select! {
        _ = ask(&engine, "mx example.test") => panic!("its reply is held"),
        () = dns.arrived(1) => {}
    }
    dns.release();
    // If the lookup were still running, it would query the mail servers before these replies
    // arrive.
    for line in ["a web.example.test", "a short.example.test"] {
        assert!(ask(&engine, line).await.is_ok());
    }
    assert_eq!(
        dns.asked_names(),
        [
            "example.test. MX",
            "short.example.test. A",
            "web.example.test. A"
        ],
        "the mail servers were never looked up"
    );
}

#[tokio::test]
async fn second_waiter_gets_the_result_after_the_first_disconnects() {
    let dns = TestDns::holding(|_| true).await;
    let engine = dns.engine();
    let mut goes = Box::pin(ask(&engine, "a web.example.test"));
    tokio::select! {
        _ = &mut goes => panic!("its reply is held"),
        () = dns.arrived(1) => {}
    }
    let mut stays = Box::pin(ask_json(&engine, "a web.example.test"));
    assert!(futures::poll!(&mut stays).is_pending());
    drop(goes);
    dns.release();
    assert_eq!(stays.await["summary"], "1 IPv4 address");
    assert_eq!(dns.asked(), 1);
}

#[tokio::test]
async fn progress_is_partial_data() {
    let dns = TestDns::holding(|question| !question.ends_with(" MX")).await;
    let seen = AtomicUsize::new(0);
    let request = Request::new(Platform::Terminal, Input::Text("mx example.test".into()));
    let reply = dns
        .engine()
        .ask(request, |so_far| {
            seen.fetch_add(1, Ordering::SeqCst);
            assert_eq!(
                so_far.rendition.finding.data()["hosts"][0]["addresses"],
                serde_json::json!([])
            );
            dns.release();
        })
        .await
        .expect("an answer");
    assert_eq!(seen.load(Ordering::SeqCst), 1);
    assert_eq!(
        reply.rendition.finding.data()["hosts"][0]["addresses"][1],
        "192.0.2.81"
    );
}

#[tokio::test]
async fn permits_are_awaited_and_returned() {
    let dns = TestDns::holding(|question| question.starts_with("web.")).await;
    let mut settings = dns.settings();
    settings.limits.light = 1;
    let engine = Engine::new(&settings).expect("an engine");
    let both = futures::future::join(
        ask(&engine, "a web.example.test"),
        ask(&engine, "a mail1.example.test"),
    );
    let release = async {
        dns.arrived(1).await;
        // Datagrams arrive in order, so a query of the second lookup would already be here.
        assert!(ask(&dns.engine(), "a short.example.test").await.is_ok());
        assert_eq!(
            dns.asked_names(),
            ["short.example.test. A", "web.example.test. A"],
            "lookups run one after the other"
        );
        dns.release();
    };

    let ((one, two), ()) = futures::join!(both, release);
    assert!(one.is_ok() && two.is_ok());
    assert!(
        ask(&engine, "a mail2.example.test").await.is_ok(),
        "the permit was returned"
    );
}

#[tokio::test]
async fn a_forbidden_resolver_is_refused_before_anything_is_sent() {
    let dns = TestDns::start().await;
    let line = format!("a web.example.test resolver={}", dns.address);
    let failure = ask(&dns.engine(), &line)
        .await
        .map(|_| ())
        .expect_err("loopback is refused");
    assert_eq!(failure.code(), ("refused_target", 403));
    assert_eq!(dns.asked(), 0);
    let mut settings = dns.settings();
    settings.policy.allow = vec!["127.0.0.0/8".parse().expect("a network")];
    let engine = Engine::new(&settings).expect("an engine");
    assert!(ask(&engine, &line).await.is_ok(), "allowed by the operator");
}

#[tokio::test]
async fn a_short_reply_shows_values_only_and_has_the_same_json() {
    let dns = TestDns::start().await;
    let engine = dns.engine();
    let short = ask(&engine, "mx example.test +short")
        .await
        .expect("a reply");
    let form = short.short.clone().expect("the short form");
    let text = form.text();
    let mut lines: Vec<&str> = text.lines().collect();
    lines.sort_unstable();
    assert_eq!(lines, ["10 mail1.example.test.", "20 mail2.example.test."]);
    assert_eq!(short.document().title, "MX of example.test");

    let whole = ask(&engine, "mx example.test").await.expect("a reply");
    assert!(whole.short.is_none() && whole.cached, "the same lookup");
    assert_eq!(
        short.rendition.document().blocks,
        whole.rendition.document().blocks
    );
    assert_eq!(short.arguments, whole.arguments);
}

#[tokio::test]
async fn dig_answers_each_of_several_types() {
    let dns = TestDns::start().await;
    let reply = ask_json(&dns.engine(), "dig mail1.example.test A AAAA MX").await;
    assert_eq!(reply["arguments"]["type"], "A,AAAA,MX");
    let queries = reply["data"]["queries"].as_array().expect("queries");
    let types: Vec<_> = queries.iter().map(|query| &query["type"]).collect();
    assert_eq!(types, ["A", "AAAA", "MX"]);
    assert_eq!(queries[0]["answers"][0]["data"], "192.0.2.81");
    assert_eq!(queries[1]["answers"][0]["data"], "2001:db8::81");
    assert_eq!(queries[2]["answers"], serde_json::json!([]));
}

#[tokio::test]
async fn a_mistake_that_the_command_finds_has_its_position() {
    let engine = TestDns::start().await.engine();
    let input = Input::Text("/mx x resolver=a.test".into());
    let late = |message: &str| Failure::Usage(netvane_document::UsageError::argument(message));
    let position = |message: &str| match engine.located(&input, late(message)) {
        Failure::Usage(error) => error.position,
        _ => None,
    };
    assert_eq!(position("`resolver`: no such host"), Some(15..21));
    assert_eq!(position("`domain` must differ"), Some(4..5));
    assert_eq!(position("`other`: wrong"), None);
    assert_eq!(position("something else"), None);
}

/// An engine for callers with this many units a minute.
fn engine_with_units(dns: &TestDns, units: u32) -> Engine {
    let mut settings = dns.settings();
    settings.limits.per_anonymous = units;
    Engine::new(&settings).expect("an engine")
}

#[tokio::test]
async fn a_cached_reply_is_charged_by_its_size() {
    let text = format!("\"{}\"", "x".repeat(250));
    let large: String = (0..200)
        .map(|number| format!("large IN TXT {text} \"{number}\"\nsmall IN A 192.0.2.1\n"))
        .collect();
    let dns = TestDns::serving(&large).await;

    // The lookup costs 5 units, the cached reply of 150 KB about 10.
    let engine = engine_with_units(&dns, 20);
    let outcomes = [
        ask(&engine, "txt large.example.test").await,
        ask(&engine, "txt large.example.test").await,
        ask(&engine, "txt large.example.test").await,
    ];
    let cached = outcomes.map(|outcome| outcome.map(|reply| reply.cached));
    assert!(
        matches!(
            cached,
            [Ok(false), Ok(true), Err(Failure::RateLimited { .. })]
        ),
        "{cached:?}"
    );

    let engine = engine_with_units(&dns, 20);
    for number in 0..10 {
        let reply = ask(&engine, "a small.example.test").await.expect("within");
        assert_eq!(reply.cached, number > 0);
    }
}

#[tokio::test]
async fn a_line_that_was_asked_before_is_charged_and_checked_again() {
    let dns = TestDns::start().await;
    let engine = engine_with_units(&dns, 100);
    let of = |address: &str, fresh| {
        let line = Input::Text("a web.example.test --short".into());
        let caller = Caller {
            address: address.parse().ok(),
            ..Caller::default()
        };
        let request = Request::new(Platform::Http, line).by(caller);
        engine.ask(Request { fresh, ..request }, |_| {})
    };

    // The line is read twice, and known from the third time on.
    for (number, cached) in [(1, false), (2, true), (3, true), (4, true)] {
        let reply = of("192.0.2.1", false).await.expect("a reply");
        let short = reply.short.as_ref().map(|short| short.text());
        assert_eq!((reply.cached, number), (cached, number));
        assert_eq!(short.as_deref(), Some("192.0.2.80\n"));
    }
    assert!(
        !of("192.0.2.1", true).await.expect("a reply").cached,
        "a fresh one"
    );

    let mut allowed = 0;
    while of("192.0.2.2", false).await.is_ok() {
        allowed += 1;
        assert!(allowed <= 100, "free of charge");
    }
    assert!(matches!(
        of("192.0.2.2", false).await,
        Err(Failure::RateLimited { .. })
    ));
}

#[tokio::test]
async fn a_command_without_network_is_not_cached() {
    let dns = TestDns::start().await;
    let engine = dns.engine();
    for _ in 0..3 {
        assert_eq!(ask_json(&engine, "port 443").await["cached"], false);
    }
}

#[tokio::test]
async fn the_future_of_a_request_is_small() {
    let dns = TestDns::start().await;
    let engine = dns.engine();
    let line = Input::Text("a web.example.test".into());
    let asked = engine.ask(Request::new(Platform::Http, line), |_| {});
    // It is copied from layer to layer.
    assert!(size_of_val(&asked) <= 4096, "{}", size_of_val(&asked));
}

#[tokio::test]
async fn a_usage_error_is_charged_by_the_size_of_the_request() {
    let dns = TestDns::start().await;
    let engine = engine_with_units(&dns, 30);
    let code = async |input: Input| {
        let request = Request::new(Platform::Http, input);
        match engine.ask(request, |_| {}).await {
            Ok(_) => "",
            Err(failure) => failure.code().0,
        }
    };
    let named = |value: serde_json::Value| Input::Named {
        name: "mx".into(),
        arguments: serde_json::json!({ "domain": value })
            .as_object()
            .cloned()
            .expect("an object"),
    };

    for _ in 0..100 {
        assert_eq!(code(named("..".into())).await, "bad_argument");
    }
    // 400 KB cost 24 units, whatever form they have.
    let texts: serde_json::Value = vec!["x".repeat(100_000); 4].into();
    assert_eq!(code(named(texts)).await, "bad_argument");
    assert_eq!(
        code(named("x ".repeat(200_000).into())).await,
        "rate_limited"
    );
    let line = Input::Text(format!("mx {}", "x ".repeat(200_000)));
    assert_eq!(code(line).await, "rate_limited");
}
