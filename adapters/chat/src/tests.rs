//! Tests with a sink that accepts messages or fails.

use std::{
    net::UdpSocket,
    sync::{Arc, Mutex},
    time::Duration,
};

use netvane_core::{
    Engine, Input, Platform,
    settings::Settings,
    store::{CHAT_TELEGRAM, Store, bucket::CHAT_UPDATES},
};
use serde_json::{Value, json};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::{
    Bucket, Button, Chat, ChatMessage, ChatRequest, Ended, Interrupted, MessageSink, Press,
    Pressed, Rates, SendError, SendLimiter,
};

const BUCKET: Bucket = Bucket { sort: 0, id: 1 };

/// Title, summary, `working` and buttons of a message.
type Shown = (String, String, bool, Vec<Button>);

/// Sink that records messages. It first returns the errors in `troubles`, last one first.
#[derive(Default, Clone)]
struct Screen {
    troubles: Arc<Mutex<Vec<SendError>>>,
    shown: Arc<Mutex<Vec<Shown>>>,
    more: Arc<Notify>,
}

impl MessageSink for Screen {
    async fn show(&mut self, message: &ChatMessage<'_>) -> Result<(), SendError> {
        if let Some(error) = self.troubles.lock().expect("whole").pop() {
            return Err(error);
        }
        let document = message.document;
        let shown = (
            document.title.clone(),
            document.summary.clone(),
            message.working,
            message.buttons.to_vec(),
        );
        self.shown.lock().expect("whole").push(shown);
        self.more.notify_one();
        Ok(())
    }

    fn place(&self) -> Value {
        json!({ "pages": self.shown.lock().expect("whole").len() })
    }
}

impl Screen {
    fn with(troubles: &[SendError]) -> Self {
        Self {
            troubles: Arc::new(Mutex::new(troubles.to_vec())),
            ..Self::default()
        }
    }

    fn pages(&self) -> Vec<Shown> {
        self.shown.lock().expect("whole").clone()
    }
}

/// Test fixture whose DNS server never replies.
struct World {
    chat: Chat,
    store: Store,
    shutdown: CancellationToken,
    _silent: UdpSocket,
}

impl World {
    /// Number of requests in the journal.
    async fn open(&self) -> usize {
        self.store.agenda().len(&CHAT_TELEGRAM)
    }

    /// Places of the open requests in the journal.
    async fn places(&self) -> Vec<Value> {
        let updates = self.store.scan::<Value>(&CHAT_UPDATES, "", 9).await;
        let updates = updates.expect("readable").into_iter();
        updates
            .map(|(_, update)| update.value["open"]["place"].clone())
            .collect()
    }
}

/// Opens the store of a directory again, as the next process does.
fn reopen(directory: &std::path::Path) -> Store {
    loop {
        match Store::open(directory) {
            Ok(store) => return store,
            Err(_) => std::thread::yield_now(),
        }
    }
}

fn world() -> World {
    world_in(Store::in_memory().expect("opens"))
}

fn world_in(store: Store) -> World {
    #[expect(
        clippy::disallowed_methods,
        reason = "a server for a test needs a socket"
    )]
    let silent = UdpSocket::bind("127.0.0.1:0").expect("a free port");
    let server = silent.local_addr().expect("bound").to_string();
    let environment = [
        ("NETVANE__DNS__SERVERS", server.as_str()),
        ("NETVANE__DNS__TIMEOUT_MS", "60000"),
    ];
    let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let settings = Settings::load(None, environment).expect("settings");
    let engine = Engine::new(&settings).expect("an engine");
    let rates = Rates {
        overall: (1000, Duration::from_millis(1)),
        rooms: vec![(1000, Duration::from_millis(1))],
    };
    let shutdown = CancellationToken::new();
    let chat = Chat::new(
        Platform::Telegram,
        engine,
        store.clone(),
        SendLimiter::new(&rates),
        shutdown.clone(),
    );

    World {
        chat,
        store,
        shutdown,
        _silent: silent,
    }
}

fn question(line: &str) -> ChatRequest {
    ChatRequest {
        patience: Duration::ZERO,
        ..ChatRequest::new(Input::Text(line.into()), "ann", BUCKET)
    }
}

#[tokio::test]
async fn a_reply_has_buttons_that_stay_valid() {
    let world = world();
    let screen = Screen::default();
    let question = ChatRequest {
        update: Some("17".into()),
        ..question("/geo 1.1.1.1")
    };
    assert!(world.chat.first_time("17").await);
    assert!(matches!(
        world.chat.answer(question, &mut screen.clone()).await,
        Ended::Answered(_)
    ));

    let pages = screen.pages();
    let (title, _, working, buttons) = pages.last().expect("a page");

    assert_eq!(
        (title.as_str(), *working),
        ("Location and network of 1.1.1.1", false)
    );

    let labels: Vec<&str> = buttons.iter().map(|button| button.label.as_str()).collect();
    assert_eq!(
        labels,
        ["ip", "whois", "reverse", "trace", "Refresh", "Raw"]
    );
    let press = async |requester, index: usize| {
        let press = Press {
            id: &buttons[index].id,
            choice: None,
            requester,
            moderator: false,
        };
        world.chat.press(press).await
    };

    assert_eq!(
        press("bob", 1).await,
        Pressed::Ask(Input::Text("/whois 1.1.1.1".into())),
        "any user may press a follow-up button"
    );

    assert_eq!(
        press("ann", 4).await,
        Pressed::Refresh(Input::Text("/geo 1.1.1.1".into()))
    );
    assert_eq!(
        press("ann", 5).await,
        Pressed::Raw(Input::Text("/geo 1.1.1.1".into()))
    );
    assert_eq!(
        world
            .chat
            .press(Press {
                id: "01OLD:0",
                choice: None,
                requester: "ann",
                moderator: false
            })
            .await,
        Pressed::Expired
    );

    assert_eq!(world.chat.recent("ann"), ["1.1.1.1"]);
    assert_eq!(world.open().await, 0, "no request is open");
    assert!(!restarted(world).first_time("17").await);
}

/// Creates the same adapter again with the same store, as after a restart.
fn restarted(world: World) -> Chat {
    let send_limiter = SendLimiter::new(&Rates {
        overall: (1, Duration::ZERO),
        rooms: vec![],
    });
    let engine = world.chat.engine().clone();
    Chat::new(
        Platform::Telegram,
        engine,
        world.store,
        send_limiter,
        world.shutdown,
    )
}

#[tokio::test]
async fn rate_limits_and_transient_errors_are_retried() {
    let world = world();
    let flood = |everywhere| SendError::RateLimited {
        wait: Duration::from_millis(20),
        everywhere,
    };
    let screen = Screen::with(&[
        flood(false),
        SendError::Transient("502".into()),
        flood(true),
    ]);
    assert!(matches!(
        world
            .chat
            .answer(question("/port 22"), &mut screen.clone())
            .await,
        Ended::Answered(_)
    ));
    assert_eq!(screen.pages().len(), 1);
}

#[tokio::test]
async fn permanent_errors_are_not_retried() {
    let world = world();
    let gone = SendError::Permanent("chat not found".into());
    let screen = Screen::with(&[gone.clone(), gone.clone()]);
    let ended = world
        .chat
        .answer(question("/port 22"), &mut screen.clone())
        .await;
    assert!(matches!(ended, Ended::Lost(error) if error == gone));
    assert_eq!(screen.troubles.lock().expect("whole").len(), 1);
    assert_eq!(world.open().await, 0);
}

#[tokio::test]
async fn only_the_requester_and_moderators_can_cancel() {
    let world = world();

    for (requester, moderator) in [("ann", false), ("bob", true)] {
        let screen = Screen::default();
        let running = tokio::spawn({
            let (chat, mut screen) = (world.chat.clone(), screen.clone());
            async move { chat.answer(question("/mx example.com"), &mut screen).await }
        });
        screen.more.notified().await;
        let (_, summary, working, buttons) = screen.pages().pop().expect("a page");

        assert_eq!(
            (summary.as_str(), working, buttons.len()),
            ("Looking up …", true, 1)
        );

        let press = async |requester, moderator| {
            let press = Press {
                id: &buttons[0].id,
                choice: None,
                requester,
                moderator,
            };
            world.chat.press(press).await
        };

        assert_eq!(press("eve", false).await, Pressed::NotYours);
        assert_eq!(press(requester, moderator).await, Pressed::Cancelled);
        assert!(matches!(running.await.expect("no panic"), Ended::Cancelled));
        assert_eq!(screen.pages().last().expect("a page").0, "Cancelled");
        assert_eq!(
            press("ann", false).await,
            Pressed::Expired,
            "the lookup has ended"
        );
    }
}

#[tokio::test]
async fn an_open_request_survives_a_crash_and_can_be_resumed() {
    let directory = tempfile::tempdir().expect("a directory");
    let world = world_in(reopen(directory.path()));
    let screen = Screen::default();
    let asked = question("/mx example.com");
    let id = asked.id.clone();
    let running = tokio::spawn({
        let (chat, mut screen) = (world.chat.clone(), screen.clone());
        async move { drop(chat.answer(asked, &mut screen).await) }
    });
    screen.more.notified().await;
    while world.places().await != [json!({ "pages": 1 })] {
        tokio::task::yield_now().await;
    }

    running.abort();
    let _ = running.await;
    drop(world);
    let world = world_in(reopen(directory.path()));
    let mut interrupted = world.chat.next_interrupted().await;
    let job = interrupted.job.clone();
    assert!(job.can_be_answered());
    let mut again = Interrupted {
        job: job.clone(),
        open: None,
    };
    let resumed = ChatRequest::resumed(&mut again, BUCKET).expect("a short line is kept");
    assert_eq!((resumed.id, resumed.requester), (id, "ann".into()));

    interrupted.job.in_doubt = true;
    assert!(ChatRequest::resumed(&mut interrupted, BUCKET).is_none());
    let mut sink = screen.clone();
    world.chat.give_up(interrupted, BUCKET, &mut sink).await;
    assert_eq!(screen.pages().last().expect("a page").0, "Interrupted");
    assert_eq!(world.open().await, 0);
}
