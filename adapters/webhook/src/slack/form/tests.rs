use netvane_core::settings::Settings;

use super::*;

fn form(body: &str) -> Result<Form, String> {
    Form::read(FORM, body.as_bytes())
}

#[test]
fn reads_the_line_to_run() {
    let engine = Engine::new(&Settings::default()).expect("an engine");

    for (body, line) in [
        ("command=/mx&text=example.com", "/mx example.com"),
        ("command=%2Ftrace-mail&text=", "/trace-mail"),
        ("command=/netvane&text=mx+example.com", "mx example.com"),
        ("command=/netvane&text=+", "/help"),
        ("command=/dns-bot&text=/mx+example.com", "/mx example.com"),
        (
            "command=/ua&text=a+%26lt;b%26gt;+%26amp;lt;",
            "/ua a <b> &lt;",
        ),
        ("trigger_word=mx&text=mx+example.com", "/mx example.com"),
        (
            "trigger_word=!net&text=!net+mx+example.com",
            "mx example.com",
        ),
    ] {
        let form = form(body).expect(body);
        assert_eq!(form.line(Dialect::Slack, engine.registry()), line, "{body}");
    }
}

#[test]
fn rejects_invalid_forms() {
    let fault = |kind: &str, body: &str| {
        Form::read(kind, body.as_bytes())
            .map(|_| ())
            .expect_err(body)
    };
    assert!(fault(FORM, "token=a&text=x&token=b").contains("twice"));
    let many: String = (0..65).map(|index| format!("f{index}=1&")).collect();
    assert!(fault(FORM, &many).contains("at most 64"));
    assert!(fault("text/plain", "token=a").contains("is sent as"));
    assert!(fault("application/json", "[1]").contains("not a JSON object"));
    assert!(form("text=%ff%fe").expect("lossy").get("text").is_some());
}

#[tokio::test]
async fn accepts_only_safe_response_urls() {
    let allow = (
        "NETVANE__POLICY__ALLOW".to_owned(),
        "127.0.0.0/8".to_owned(),
    );
    let engine = Engine::new(&Settings::load(None, [allow]).expect("settings")).expect("an engine");
    let url = async |url: &str| {
        let body: String = form_urlencoded::Serializer::new(String::new())
            .append_pair("response_url", url)
            .finish();
        form(&body).expect("a form").response_url(&engine).await
    };

    assert!(url("https://hooks.slack.com/commands/T/1/x").await.is_ok());
    assert!(url("http://127.0.0.1:8065/hooks/commands/x").await.is_ok());
    for (wrong, told) in [
        ("", "no `response_url`"),
        ("here", "not a URL"),
        ("http://192.0.2.1/x", "not one with https"),
        ("http://[::1]/x", "not one with https"),
        ("ftp://127.0.0.1/x", "not one with https"),
        (
            "https://user:secret@hooks.slack.com/x",
            "a user or a password",
        ),
    ] {
        let fault = url(wrong).await.expect_err(wrong);
        assert!(
            fault.contains(told) && !fault.contains("secret"),
            "{wrong}: {fault}"
        );
    }
}
