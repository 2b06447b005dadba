//! State behind buttons. A button carries only an id; what it does is stored here. Pressing a
//! button whose state is gone yields [`Pressed::Expired`].

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use futures::{FutureExt, future::BoxFuture};
use netvane_core::{
    Engine, Input, Reply,
    command::follow_ups::FollowUp,
    store::{Store, StoreError, Versioned, bucket::BUTTONS},
};
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use crate::{
    chat_message::{Button, Menu, Sort},
    resolver_menu::{ACTION, resolver_menu},
};

/// Maximum number of follow-up buttons below a reply.
const MAX_FOLLOW_UPS: usize = 8;

/// A button press: which button, who pressed it, and whether that user is a moderator.
#[derive(Debug, Clone, Copy)]
pub struct Press<'a> {
    /// The [`Button::id`] that the platform sent back.
    pub id: &'a str,
    /// Position of the choice, if the control is a menu.
    pub choice: Option<usize>,
    /// The user who pressed the button.
    pub requester: &'a str,
    /// Whether the user may cancel requests of other users.
    pub moderator: bool,
}

/// What the adapter must do after a button press.
#[derive(Debug, Clone, PartialEq)]
pub enum Pressed {
    /// The lookup is being cancelled. Its message is updated by
    /// [`Chat::answer`](crate::Chat::answer).
    Cancelled,
    /// Refused: only the requester and moderators may cancel.
    NotYours,
    /// The state of the button has expired, or the lookup has already ended.
    Expired,
    /// Run this lookup and reply in a new message.
    Ask(Input),
    /// Repeat this lookup and edit the existing message.
    Refresh(Input),
    /// Run this other lookup and edit the existing message.
    Change(Input),
    /// Run this lookup and send the full reply as a file.
    Raw(Input),
}

/// Pending write of the state of a message's buttons.
pub(crate) type PendingSave = BoxFuture<'static, Result<(), StoreError>>;

/// State of the buttons of one message, as it is persisted.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct ButtonState {
    input: Option<Input>,
    follow_ups: Vec<Input>,
    /// Requests of the menu's choices.
    #[serde(default)]
    choices: Vec<Input>,
}

/// What is below a reply.
pub(crate) struct Controls {
    pub(crate) buttons: Vec<Button>,
    pub(crate) menu: Option<Menu>,
}

struct Running {
    requester: String,
    cancel: CancellationToken,
}

pub(crate) struct ButtonStore {
    adapter: &'static str,
    store: Store,
    /// States whose write to `store` is still pending. Their buttons may be pressed already.
    unwritten: Arc<Mutex<HashMap<String, ButtonState>>>,
    running: Arc<RunningRequests>,
}

type RunningRequests = Mutex<HashMap<String, Running>>;

/// A press of Cancel, as one replica passes it to the others.
#[derive(Debug, Serialize, Deserialize)]
struct CancelPress {
    id: String,
    requester: String,
    moderator: bool,
}

/// What a press of Cancel did.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Cancellation {
    Cancelled,
    NotYours,
}

impl CancelPress {
    /// Cancels the request if it runs in this process.
    fn apply(&self, running: &RunningRequests) -> Option<Cancellation> {
        let running = running.lock().unwrap_or_else(PoisonError::into_inner);
        let question = running.get(&self.id)?;
        if question.requester != self.requester && !self.moderator {
            return Some(Cancellation::NotYours);
        }
        question.cancel.cancel();
        Some(Cancellation::Cancelled)
    }
}

/// Guard that keeps a running request cancellable; dropping it makes Cancel report "expired".
pub(crate) struct OnDesk<'a> {
    button_store: &'a ButtonStore,
    id: String,
}

impl ButtonStore {
    pub(crate) fn new(adapter: &'static str, store: Store) -> Self {
        let running = Arc::<RunningRequests>::default();
        let here = running.clone();
        let responder = move |question: &[u8]| {
            let press: CancelPress = serde_json::from_slice(question).ok()?;
            serde_json::to_vec(&press.apply(&here)?).ok()
        };
        store.respond(cancel_topic(adapter), Arc::new(responder));
        Self {
            adapter,
            store,
            unwritten: Arc::default(),
            running,
        }
    }

    /// Registers a running request so that it can be cancelled until the returned guard is dropped.
    pub(crate) fn begin(&self, id: &str, requester: &str, cancel: CancellationToken) -> OnDesk<'_> {
        let running = Running {
            requester: requester.to_owned(),
            cancel,
        };
        self.running
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(id.to_owned(), running);
        OnDesk {
            button_store: self,
            id: id.to_owned(),
        }
    }

    pub(crate) fn cancel_button(id: &str) -> Button {
        Button {
            id: format!("{id}:x"),
            label: "Cancel".into(),
            sort: Sort::Cancel,
        }
    }

    /// Returns the buttons and the menu below a reply, and the pending write of their state, which the
    /// caller must await. Without `input` (a pasted message) there are no Refresh and Raw buttons.
    pub(crate) fn controls(
        &self,
        engine: &Engine,
        id: &str,
        input: Option<Input>,
        reply: &Reply,
        mut follow_ups: Vec<FollowUp>,
    ) -> (Controls, PendingSave) {
        follow_ups.truncate(MAX_FOLLOW_UPS);
        let (menu, choices) = resolver_menu(engine, id, reply.command, &reply.arguments).unzip();
        let button = |action: String, label: &str, sort| Button {
            id: format!("{id}:{action}"),
            label: label.into(),
            sort,
        };

        let mut buttons: Vec<Button> = follow_ups
            .iter()
            .enumerate()
            .map(|(index, next)| button(index.to_string(), &next.label, Sort::FollowUp))
            .collect();

        if input.is_some() {
            buttons.push(button("r".into(), "Refresh", Sort::Refresh));
            buttons.push(button("f".into(), "Raw", Sort::Raw));
        }

        let button_state = ButtonState {
            input,
            follow_ups: follow_ups
                .iter()
                .map(|next| Input::Text(next.line()))
                .collect(),
            choices: choices.unwrap_or_default(),
        };

        (Controls { buttons, menu }, self.keep(id, button_state))
    }

    /// Returns the menu below a lookup that failed, if another resolver may do better, and the pending write of its
    /// state.
    pub(crate) fn menu(
        &self,
        engine: &Engine,
        id: &str,
        input: &Input,
    ) -> Option<(Menu, PendingSave)> {
        let Input::Named { name, arguments } = input else {
            return None;
        };
        let (menu, choices) = resolver_menu(engine, id, name, arguments)?;
        let button_state = ButtonState {
            input: None,
            follow_ups: Vec::new(),
            choices,
        };
        Some((menu, self.keep(id, button_state)))
    }

    /// Returns one button for each (label, command line) pair, and the pending write of their
    /// state.
    pub(crate) fn choice(
        &self,
        id: &str,
        lines: Vec<(String, String)>,
    ) -> (Vec<Button>, PendingSave) {
        let button = |(index, (label, _)): (usize, &(String, String))| Button {
            id: format!("{id}:{index}"),
            label: label.clone(),
            sort: Sort::FollowUp,
        };
        let buttons = lines.iter().enumerate().map(button).collect();
        let follow_ups = lines
            .into_iter()
            .map(|(_, line)| Input::Text(line))
            .collect();
        (
            buttons,
            self.keep(
                id,
                ButtonState {
                    input: None,
                    follow_ups,
                    choices: Vec::new(),
                },
            ),
        )
    }

    fn keep(&self, id: &str, button_state: ButtonState) -> PendingSave {
        let (store, key) = (self.store.clone(), self.key(id));
        let unwritten = Unwritten {
            button_states: self.unwritten.clone(),
            key: key.clone(),
        };
        let mut button_states = self
            .unwritten
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        button_states.insert(key.clone(), button_state.clone());
        async move {
            let _unwritten = unwritten;
            store.put(&BUTTONS, &key, &button_state).await.map(|_| ())
        }
        .boxed()
    }

    async fn button_state(&self, id: &str) -> Option<ButtonState> {
        let key = self.key(id);
        let unwritten = self
            .unwritten
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&key)
            .cloned();
        if unwritten.is_some() {
            return unwritten;
        }
        match self.store.get(&BUTTONS, &key).await {
            Ok(state) => state.map(|Versioned { value, .. }| value),
            Err(error) => {
                tracing::debug!(%error, "could not look up a button");
                None
            }
        }
    }

    /// Returns the action of a button press. Cancel takes effect immediately.
    pub(crate) async fn press(&self, press: Press<'_>) -> Pressed {
        let Some((id, action)) = press.id.split_once(':') else {
            return Pressed::Expired;
        };

        if action == "x" {
            return self.cancel(id, &press).await;
        }

        let Some(button_state) = self.button_state(id).await else {
            return Pressed::Expired;
        };
        let found = match action {
            "r" => button_state.input.map(Pressed::Refresh),
            "f" => button_state.input.map(Pressed::Raw),
            ACTION => press
                .choice
                .and_then(|index| button_state.choices.into_iter().nth(index))
                .map(Pressed::Change),
            index => index
                .parse()
                .ok()
                .and_then(|index: usize| button_state.follow_ups.into_iter().nth(index))
                .map(Pressed::Ask),
        };

        found.unwrap_or(Pressed::Expired)
    }

    /// Cancels a request, at whichever replica it runs.
    async fn cancel(&self, id: &str, press: &Press<'_>) -> Pressed {
        let press = CancelPress {
            id: id.to_owned(),
            requester: press.requester.to_owned(),
            moderator: press.moderator,
        };
        let mut cancelled = press.apply(&self.running);
        if cancelled.is_none() && self.store.is_shared() {
            let question = serde_json::to_vec(&press).unwrap_or_default();
            let topic = cancel_topic(self.adapter);
            let answer = self.store.ask_replicas(topic, question).await;
            cancelled = answer.and_then(|answer| serde_json::from_slice(&answer).ok());
        }
        match cancelled {
            Some(Cancellation::Cancelled) => Pressed::Cancelled,
            Some(Cancellation::NotYours) => Pressed::NotYours,
            None => Pressed::Expired,
        }
    }

    fn key(&self, id: &str) -> String {
        format!("{}/{id}", self.adapter)
    }
}

/// The topic under which replicas pass on the presses of Cancel.
fn cancel_topic(adapter: &str) -> String {
    format!("cancel-{adapter}")
}

/// Removes a state from `ButtonStore::unwritten` once its write has ended.
struct Unwritten {
    button_states: Arc<Mutex<HashMap<String, ButtonState>>>,
    key: String,
}

impl Drop for Unwritten {
    fn drop(&mut self) {
        self.button_states
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&self.key);
    }
}

impl Drop for OnDesk<'_> {
    fn drop(&mut self) {
        self.button_store
            .running
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&self.id);
    }
}
