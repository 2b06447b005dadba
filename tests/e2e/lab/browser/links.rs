//! Links to a result of one user: only the page's button shares.

use netvane_tests::{Scratch, Service, Telegram, browser::Window, http::Client, telegram::User};

use super::{Scene, gallery};

/// Starts a service that sends links on Telegram and stores its state in this directory.
fn service_of_links(scene: &Scene, telegram: &Telegram, state: &Scratch) -> Service {
    let server = scene.dns.address.to_string();
    let mut settings = telegram.settings().to_vec();
    let directory = state.path().display().to_string();

    settings.extend([
        ("NETVANE__DNS__SERVERS", &*server),
        ("NETVANE__HTTP__PUBLIC_URL", "https://netvane.example"),
        ("NETVANE__STATE__DIRECTORY", &directory),
    ]);

    Service::start(&settings)
}

/// Checks that only the page's button shares: neither bots that open it nor a form on another site.
fn nothing_else_shares(service: &Service, path: &str) {
    for _ in 0..3 {
        assert_eq!(service.get(path).status, 200, "bots may look at it");
    }

    let stray = Client::connect(service.address).ask(&format!("POST {path}"), &[], b"view=guessed");

    assert_eq!(stray.status, 403);
}

/// Checks the page's accessibility in each of these windows; saves screenshots to the gallery.
fn look_in_each_window(scene: &Scene, address: &str) {
    let windows = [
        ("desk-light", Window::DESK),
        ("phone-light", Window::PHONE),
        ("phone-dark", Window::PHONE.in_the_dark()),
    ];

    for (name, window) in windows {
        scene.browser.become_like(window);
        scene.browser.go(address);
        assert_eq!(scene.browser.barriers(), [""; 0]);
        if let Some(directory) = gallery() {
            scene
                .browser
                .picture(&directory.join(format!("share-{name}.png")));
        }
    }
}

#[test]
#[ignore = "needs the browser lab"]
fn only_the_button_shares() {
    let (scene, telegram, state) = (Scene::set(), Telegram::start(), Scratch::new());
    let service = service_of_links(&scene, &telegram, &state);
    telegram.wait_for_poll();
    let ann = telegram.private(&User::new(42, "Ann"));
    let link = ann
        .say("/myua")
        .wait_for(|message| message.buttons().any(|button| button.url.is_some()));
    let url = link
        .buttons()
        .find_map(|button| button.url.clone())
        .expect("a link");
    let path = url
        .strip_prefix("https://netvane.example")
        .expect("the public address")
        .to_owned();

    nothing_else_shares(&service, &path);
    look_in_each_window(&scene, &format!("http://{}{path}", service.address));

    let shown = scene
        .browser
        .text("document.querySelector('article').innerText");
    assert!(shown.contains("Chrom"), "{shown}");
    scene.browser.click("form.share button");
    scene
        .browser
        .wait("document.querySelector('h1').textContent === 'Shared'");

    let shared = ann.wait_for(|message| message.id == link.id && message.text.contains("Chrom"));

    assert!(
        !shared
            .buttons()
            .any(|button| button.url.as_deref() == Some(&url)),
        "the link is gone"
    );

    assert_eq!(service.get(&path).status, 404, "it is used up");
    assert_eq!(scene.browser.wrongs(), [""; 0]);
    assert_eq!(service.stop(), Some(0));
    telegram.finish();
}
