//! `/myip` and similar commands in a chat: a link to a page whose Share button posts the result.

use netvane_tests::{
    Discord, Dns, Service, Telegram,
    discord::Scene,
    http::{Client, Response},
    telegram::{self, User},
    until,
};
use serde_json::{Value, json};

const PUBLIC: &str = "https://netvane.example";
const BROWSER: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

fn path(url: &str) -> String {
    url.strip_prefix(PUBLIC)
        .unwrap_or_else(|| panic!("{url} leads elsewhere"))
        .to_owned()
}

fn open(service: &Service, path: &str) -> Response {
    let headers = [
        ("User-Agent", BROWSER),
        ("Cookie", "session=CANARY"),
        ("X-Seen", "by-the-page"),
    ];
    Client::connect(service.address).ask(&format!("GET {path}"), &headers, b"")
}

fn share(service: &Service, path: &str, view: &str) -> Response {
    let headers = [
        ("Content-Type", "application/x-www-form-urlencoded"),
        ("User-Agent", BROWSER),
    ];
    Client::connect(service.address).ask(
        &format!("POST {path}"),
        &headers,
        format!("view={view}").as_bytes(),
    )
}

/// Returns the hidden field of the page's form.
fn view(page: &Response) -> String {
    let text = page.text();
    let start =
        text.find("name=\"view\" value=\"").expect("a form") + "name=\"view\" value=\"".len();
    text[start..].split('"').next().expect("a value").to_owned()
}

/// Starts a service with these chat settings and a public URL.
fn serve(dns: &Dns, chats: &[(&str, &str)]) -> Service {
    let server = dns.address.to_string();
    let mut settings = chats.to_vec();

    settings.extend([
        ("NETVANE__DNS__SERVERS", server.as_str()),
        ("NETVANE__HTTP__PUBLIC_URL", PUBLIC),
    ]);

    Service::start(&settings)
}

/// Runs a command on Telegram that needs a link; returns the request, the message with the link,
/// and the link's path.
fn invited(telegram: &Telegram) -> (telegram::Asked, telegram::Message, String) {
    let ann = telegram.private(&User::new(42, "Ann"));
    let asked = ann.say("/myrequest");
    let invitation = asked.wait_for(|message| message.buttons().any(|button| button.url.is_some()));
    let url = invitation
        .buttons()
        .find_map(|button| button.url.clone())
        .expect("a link");
    (asked, invitation, path(&url))
}

/// Opens the link as previews and bots do, which must not use it up.
fn look_often(service: &Service, link: &str) {
    let mut preview = Client::connect(service.address);
    preview.request(&format!("HEAD {link}"), &[], b"");
    assert_eq!(preview.head().expect("an answer").0, 200);
    for _ in 0..3 {
        assert_eq!(open(service, link).status, 200);
    }
}

#[test]
fn a_link_on_telegram_can_be_opened_often_and_shared_once() {
    let (telegram, dns) = (Telegram::start(), Dns::start());
    let service = serve(&dns, &telegram.settings());
    telegram.wait_for_poll();
    let (asked, invitation, link) = invited(&telegram);
    look_often(&service, &link);
    let page = open(&service, &link);

    assert!(
        page.text().contains("by-the-page") && !page.text().contains("CANARY"),
        "{}",
        page.text()
    );

    assert_eq!(
        (page.header("referrer-policy"), page.header("cache-control")),
        ("same-origin", "no-store")
    );
    assert!(
        !asked
            .history()
            .iter()
            .any(|message| message.text.contains("by-the-page")),
        "nothing is shared yet"
    );

    // Only the button shares, and only what was shown.
    assert_eq!(share(&service, &link, "guessed").status, 403);
    let other = if link.ends_with('x') { "y" } else { "x" };
    let guessed = format!("{}{other}", &link[..link.len() - 1]);
    assert_eq!(open(&service, &guessed).status, 404);
    assert_eq!(share(&service, &guessed, &view(&page)).status, 404);
    assert_eq!(share(&service, &link, &view(&page)).status, 200);
    let told = asked.wait_for(|message| {
        message.text.contains("Your request")
            && !message.buttons().any(|button| button.url.is_some())
    });
    assert_eq!(told.id, invitation.id, "the same message");
    assert!(
        asked
            .history()
            .iter()
            .all(|message| !message.text.contains("CANARY"))
    );

    assert_eq!(
        (
            open(&service, &link).status,
            share(&service, &link, &view(&page)).status
        ),
        (404, 404)
    );

    assert_eq!(service.stop(), Some(0));
    telegram.finish();
}

#[test]
fn a_link_on_discord_shares_once_and_ends_with_its_lookup() {
    let (discord, dns) = (Discord::start(), Dns::start());
    let service = serve(&dns, &discord.settings());
    discord.ready();
    discord.registered();

    let links = |message: &Value| -> Vec<String> {
        let rows = message["components"].as_array().into_iter().flatten();
        let buttons = rows.flat_map(|row| row["components"].as_array().into_iter().flatten());
        buttons
            .filter_map(|button| button["url"].as_str().map(str::to_owned))
            .collect()
    };

    let ann = Scene::default();
    let asked = discord.slash("myua", json!({}));
    let invitation = asked.wait_for("a link", |message| !links(message).is_empty());
    let link = path(&links(&invitation)[0]);
    let page = open(&service, &link);
    assert!(page.text().contains("Firefox 140.0"), "{}", page.text());
    assert_eq!(share(&service, &link, &view(&page)).status, 200);
    let told = asked.wait_for("the answer", |message| {
        message.to_string().contains("Firefox 140.0")
    });
    assert!(links(&told).is_empty());

    let asked = discord.slash("myip", json!({}));
    let invitation = asked.wait_for("a link", |message| !links(message).is_empty());
    let link = path(&links(&invitation)[0]);
    discord.press(&ann, &invitation, "Cancel");
    asked.wait_for("the end", |message| {
        message.to_string().contains("Cancelled")
    });
    until("the link ends with its question", || {
        open(&service, &link).status == 404
    });
    assert_eq!(service.stop(), Some(0));
    discord.finish();
}

#[test]
fn without_a_public_address_the_reply_explains() {
    let (telegram, dns) = (Telegram::start(), Dns::start());
    let server = dns.address.to_string();
    let mut settings: Vec<(&str, &str)> = telegram.settings().into();
    settings.push(("NETVANE__DNS__SERVERS", server.as_str()));
    let service = Service::start(&settings);
    telegram.wait_for_poll();
    let asked = telegram.private(&User::new(42, "Ann")).say("/myip");
    let told = asked.wait_for(|message| message.text.contains("http.public_url"));
    assert!(told.text.contains("is not set"), "{}", told.text);
    assert_eq!(service.stop(), Some(0));
    telegram.finish();
}
