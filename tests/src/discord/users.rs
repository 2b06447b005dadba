//! What users do: commands, buttons, menus, modals, messages.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::{
    Asked, Discord, delivery, messages, refusal,
    scene::{self, Scene},
    state::{self, BOT},
};

impl Discord {
    #[track_caller]
    fn ask(&self, scene: &Scene, make: impl FnOnce(&mut state::State) -> Value) -> Asked {
        let mut state = self.shared.lock();
        let (event, at) = (make(&mut state), state.now());
        drop(state);
        let id = delivery::ask(&self.shared, event);
        self.asked(id, scene, false, at)
    }

    fn asked(&self, id: String, scene: &Scene, is_message: bool, at: Duration) -> Asked {
        Asked {
            shared: self.shared.clone(),
            id,
            scene: scene.clone(),
            is_message,
            at,
        }
    }

    /// Sends a slash command in the guild; subcommands are further words of the name.
    #[track_caller]
    pub fn slash(&self, name: &str, options: Value) -> Asked {
        self.slash_in(&Scene::default(), name, options)
    }

    /// Sends a slash command with its options.
    #[track_caller]
    pub fn slash_in(&self, scene: &Scene, name: &str, options: Value) -> Asked {
        self.ask(scene, |state| {
            command(state, scene, 2, name, &options, None)
        })
    }

    /// Asks for choices for the option `focused`; `options` holds the input so far.
    #[track_caller]
    pub fn autocomplete(&self, scene: &Scene, name: &str, focused: &str, options: Value) -> Asked {
        self.ask(scene, |state| {
            command(state, scene, 4, name, &options, Some(focused))
        })
    }

    /// Runs a context menu command on a message with this text.
    #[track_caller]
    pub fn message_command(&self, scene: &Scene, name: &str, text: &str) -> Asked {
        let mut author = Scene::someone(9);
        author.place = scene.place;
        let target = self.post(&author, text, &[]);
        self.ask(scene, |state| {
            let found = scene.find(state, 3, name);
            let data = json!({
                "id": found["id"], "name": name, "type": 3, "target_id": target["id"],
                "resolved": { "messages": { target["id"].as_str().unwrap_or_default(): target } },
            });
            scene.interaction(state, 2, data, Value::Null)
        })
    }

    /// Presses the button with this label below a message that [`Asked`] returned.
    #[track_caller]
    pub fn press(&self, scene: &Scene, message: &Value, label: &str) -> Asked {
        let wanted = |part: &Value| part["type"] == 2 && part["label"] == label;
        self.use_component(scene, message, &format!("button `{label}`"), wanted, None)
    }

    /// Chooses from the menu with this `custom_id`.
    #[track_caller]
    pub fn choose(&self, scene: &Scene, message: &Value, menu: &str, values: &[&str]) -> Asked {
        let wanted = |part: &Value| part["type"] == 3 && part["custom_id"] == menu;
        self.use_component(
            scene,
            message,
            &format!("menu `{menu}`"),
            wanted,
            Some(values),
        )
    }

    #[track_caller]
    fn use_component(
        &self,
        scene: &Scene,
        message: &Value,
        what: &str,
        wanted: impl Fn(&Value) -> bool,
        values: Option<&[&str]>,
    ) -> Asked {
        self.ask(scene, |state| {
            let id = message["id"].as_str().expect("a message");
            let message = state
                .message(id)
                .map(|found| found.now().clone())
                .unwrap_or_default();
            let requester = &message["interaction_metadata"]["user"]["id"];
            let hidden =
                message["flags"].as_u64().unwrap_or_default() & 64 != 0 && *requester != scene.user;

            assert!(
                !message.is_null() && !hidden,
                "{} does not see this message",
                scene.name
            );

            let rows = message["components"].as_array().into_iter().flatten();
            let mut parts = rows
                .filter_map(|row| row["components"].as_array())
                .flatten();
            let part = parts
                .find(|part| wanted(part))
                .unwrap_or_else(|| panic!("no {what} in {message}"));

            assert!(
                part["disabled"] != true && part["style"] != 5,
                "{what} does nothing"
            );

            let mut data =
                json!({ "component_type": part["type"], "custom_id": part["custom_id"] });

            if let Some(values) = values {
                let options = part["options"].as_array().into_iter().flatten();
                let known: Vec<&Value> = options.map(|option| &option["value"]).collect();
                assert!(
                    values.iter().all(|value| known.iter().any(|k| *k == value)),
                    "only {known:?}"
                );
                data["values"] = json!(values);
            }

            let more = json!({ "message": message });

            scene.interaction(state, 3, data, more)
        })
    }

    /// Fills in the modal that opened, and submits it.
    #[track_caller]
    pub fn submit_modal(&self, asked: &Asked, values: Value) -> Asked {
        let modal = asked.modal();
        self.ask(&asked.scene, |state| {
            let rows = modal["components"].as_array().into_iter().flatten();
            let rows: Vec<Value> = rows
                .map(|row| filled_in(&row["components"][0], &values))
                .collect();
            let data = json!({ "custom_id": modal["custom_id"], "components": rows });
            let opener = state
                .interaction(&asked.id)
                .map(|found| found.event["message"].clone());
            let more = opener.filter(|message| !message.is_null());
            let more = more.map_or(Value::Null, |message| json!({ "message": message }));
            asked.scene.interaction(state, 5, data, more)
        })
    }

    /// Sends a message in a channel where the bot is; panics if the bot's intents do not let it see
    /// the message.
    #[track_caller]
    pub fn message(&self, scene: &Scene, text: &str) -> Asked {
        self.message_with(scene, text, &[])
    }

    /// Sends a message with files, given as names and contents.
    #[track_caller]
    pub fn message_with(&self, scene: &Scene, text: &str, files: &[(&str, &[u8])]) -> Asked {
        let at = self.shared.wait("the bot is at the gateway", |state| {
            state.gateway.session.as_ref().map(|_| state.now())
        });
        let message = self.post(scene, text, files);
        let told = self
            .shared
            .with(|state| state.gateway.message_create(&message));
        assert!(
            told,
            "the bot did not ask for messages in {:?}, by its intents",
            scene.place
        );
        let id = message["id"].as_str().unwrap_or_default().to_owned();
        self.asked(id, scene, true, at)
    }

    fn post(&self, scene: &Scene, text: &str, files: &[(&str, &[u8])]) -> Value {
        self.shared.with(|state| {
            let mut message = messages::blank(state, scene.place.channel());
            message["author"] = scene.user();
            message["content"] = json!(text);
            if [format!("<@{BOT}>"), format!("<@!{BOT}>")]
                .iter()
                .any(|mention| text.contains(mention))
            {
                message["mentions"] = json!([state::bot()]);
            }

            let channel = scene.place.channel();
            let store = |(name, bytes): &(&str, &[u8])| {
                messages::store(
                    &self.shared,
                    state,
                    channel,
                    name,
                    "application/octet-stream",
                    bytes,
                )
            };

            let attachments: Vec<Value> = files.iter().map(store).collect();
            message["attachments"] = json!(attachments);
            state.post(message.clone(), false, None);

            message
        })
    }

    /// Uploads a file that a user picked; returns the value for an option.
    pub fn attachment(&self, name: &str, content_type: &str, bytes: &[u8]) -> Value {
        self.shared.with(|state| {
            messages::store(&self.shared, state, "ephemeral", name, content_type, bytes)
        })
    }
}

/// Builds the interaction of a slash command.
#[track_caller]
fn command(
    state: &mut state::State,
    scene: &Scene,
    kind: u8,
    name: &str,
    options: &Value,
    focused: Option<&str>,
) -> Value {
    let mut path = name.split(' ');
    let found = scene.find(state, 1, path.next().unwrap_or_default());
    let (path, mut attachments): (Vec<&str>, _) = (path.collect(), Map::new());
    let given = options.as_object().expect("options are an object");
    let options = scene::fill(&found["options"], &path, given, focused, &mut attachments);
    let mut data =
        json!({ "id": found["id"], "name": found["name"], "type": 1, "options": options });
    if let Some(guild) = found.get("guild_id") {
        data["guild_id"] = guild.clone();
    }
    if !attachments.is_empty() {
        data["resolved"] = json!({ "attachments": attachments });
    }
    scene.interaction(state, kind, data, Value::Null)
}

/// Fills in one row of a modal as a client would.
#[track_caller]
fn filled_in(input: &Value, values: &Value) -> Value {
    let name = input["custom_id"].as_str().unwrap_or_default();
    let given = values[name]
        .as_str()
        .or(input["value"].as_str())
        .unwrap_or_default();
    let length = refusal::length(given) as u64;
    let required = input["required"] != false;
    let least = input["min_length"]
        .as_u64()
        .unwrap_or(0)
        .max(u64::from(required));
    let fits = length >= least || (length == 0 && !required);
    assert!(
        fits && length <= input["max_length"].as_u64().unwrap_or(4000),
        "`{given}` does not fit {input}"
    );
    json!({ "type": 1, "components": [{ "type": 4, "custom_id": name, "value": given }] })
}
