//! The users and channels of the fake, and the events they cause.

use serde_json::{Map, Value, json};

use super::state::{APPLICATION, State};

pub(crate) const GUILD: &str = "1200000000000000001";
pub(crate) const ELSEWHERE: &str = "1200000000000000002";
pub(crate) const GUILD_CHANNEL: &str = "1200000000000000011";
pub(crate) const DM_CHANNEL: &str = "1200000000000000012";
pub(crate) const ELSEWHERE_CHANNEL: &str = "1200000000000000013";
pub(crate) const GROUP_CHANNEL: &str = "1200000000000000014";
/// Fixed timestamp of all messages; no test depends on it.
pub(crate) const TIME: &str = "2026-01-02T03:04:05.678000+00:00";
const PERMISSIONS: &str = "2248473465835073";

/// The kind of channel a user writes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// A guild that the bot is a member of.
    Guild,
    /// A direct message to the bot.
    Dm,
    /// A guild that the bot is not a member of: the user's own installation brings it there.
    Elsewhere,
    /// A conversation between users, to which one user's installation brings the bot.
    Group,
}

impl Place {
    /// Identifier of the channel.
    pub fn channel(self) -> &'static str {
        match self {
            Self::Guild => GUILD_CHANNEL,
            Self::Dm => DM_CHANNEL,
            Self::Elsewhere => ELSEWHERE_CHANNEL,
            Self::Group => GROUP_CHANNEL,
        }
    }

    /// Returns the guild's identifier, if there is one.
    pub fn guild(self) -> Option<&'static str> {
        match self {
            Self::Guild => Some(GUILD),
            Self::Elsewhere => Some(ELSEWHERE),
            Self::Dm | Self::Group => None,
        }
    }

    pub(crate) fn of(channel: &str) -> Self {
        let all = [Self::Guild, Self::Dm, Self::Elsewhere, Self::Group];
        all.into_iter()
            .find(|place| place.channel() == channel)
            .unwrap_or(Self::Guild)
    }

    /// Whether the bot is here only through a user's own installation.
    pub(crate) fn is_brought(self) -> bool {
        matches!(self, Self::Elsewhere | Self::Group)
    }

    /// Returns the `context` field of interactions here.
    fn context(self) -> u8 {
        match self {
            Self::Guild | Self::Elsewhere => 0,
            Self::Dm => 1,
            Self::Group => 2,
        }
    }
}

/// A user in a channel, with their permissions there.
#[derive(Clone, Debug)]
pub struct Scene {
    /// Identifier of the user.
    pub user: String,
    /// Name of the user.
    pub name: String,
    /// The channel they write in.
    pub place: Place,
    /// The user's language, as Discord writes it.
    pub locale: String,
}

impl Default for Scene {
    fn default() -> Self {
        let (user, name) = ("1100000000000000101".to_owned(), "ann".to_owned());
        Self {
            user,
            name,
            place: Place::Guild,
            locale: "en-US".to_owned(),
        }
    }
}

impl Scene {
    /// The default user, in this place.
    pub fn at(place: Place) -> Self {
        Self {
            place,
            ..Self::default()
        }
    }

    /// Another user, with this number above 0.
    pub fn someone(number: u8) -> Self {
        let user = format!("11000000000000002{number:02}");
        Self {
            user,
            name: format!("user{number}"),
            ..Self::default()
        }
    }

    pub(crate) fn user(&self) -> Value {
        json!({
            "id": self.user, "username": self.name, "discriminator": "0", "global_name": self.name,
            "avatar": null, "public_flags": 0,
        })
    }

    /// Builds an interaction; `more` holds fields that only some kinds have.
    pub(crate) fn interaction(
        &self,
        state: &mut State,
        kind: u8,
        data: Value,
        more: Value,
    ) -> Value {
        let id = state.snowflake();
        let channel = self.place.channel();
        let name = self.place.guild().map(|_| "general");
        let channel_type = match self.place {
            Place::Guild | Place::Elsewhere => 0,
            Place::Dm => 1,
            Place::Group => 3,
        };

        let mut event = json!({
            "id": id, "application_id": APPLICATION, "type": kind, "data": data,
            "channel_id": channel,
            "channel": { "id": channel, "type": channel_type, "name": name, "flags": 0,
                "permissions": PERMISSIONS, "last_message_id": null },
            "token": format!("aW50ZXJhY3Rpb246{}", token(&id)), "version": 1,
            "app_permissions": PERMISSIONS, "locale": self.locale, "entitlements": [],
            "authorizing_integration_owners": self.owners(), "context": self.place.context(),
            "attachment_size_limit": 10_485_760,
        });

        match self.place.guild() {
            Some(guild) => {
                event["guild_id"] = json!(guild);
                event["guild"] = json!({ "id": guild, "locale": "en-US", "features": [] });
                event["guild_locale"] = json!("en-US");
                event["member"] = member(Some(self.user()));
                event["member"]["permissions"] = json!(PERMISSIONS);
            }
            None => event["user"] = self.user(),
        }

        if let Value::Object(more) = more {
            for (key, value) in more {
                event[key] = value;
            }
        }

        event
    }

    fn owners(&self) -> Value {
        match self.place {
            Place::Guild => json!({ "0": GUILD }),
            Place::Dm => json!({ "0": "0" }),
            Place::Elsewhere | Place::Group => json!({ "1": self.user }),
        }
    }

    /// Returns a registered command; panics if this user would not be offered it here.
    #[track_caller]
    pub(crate) fn find<'a>(&self, state: &'a State, kind: i64, name: &str) -> &'a Value {
        let scopes = [None, Some(GUILD.to_owned())];
        let seen = scopes
            .iter()
            .filter(|scope| scope.is_none() || self.place == Place::Guild);
        let all: Vec<&Value> = seen
            .filter_map(|scope| state.commands.get(scope))
            .flatten()
            .collect();
        let found = all
            .iter()
            .find(|c| c["name"] == name && c["type"].as_i64().unwrap_or(1) == kind);
        let found = found.unwrap_or_else(|| {
            let names: Vec<_> = all.iter().map(|command| &command["name"]).collect();
            panic!("unknown command `{name}` here, only {names:?}")
        });
        let lists = |key: &str, number: u8| {
            found[key]
                .as_array()
                .is_none_or(|list| list.iter().any(|entry| *entry == number))
        };

        let install = u8::from(self.place.is_brought());

        assert!(
            lists("contexts", self.place.context()),
            "`{name}` is not offered in {:?}",
            self.place
        );

        assert!(
            lists("integration_types", install),
            "`{name}` is not installed in {:?}",
            self.place
        );

        found
    }
}

/// Makes a long token that looks random.
fn token(id: &str) -> String {
    let mixed = id.bytes().rev().cycle().take(120).enumerate();
    mixed
        .map(|(index, byte)| char::from(b'A' + (byte - b'0' + index as u8 % 16)))
        .chain(id.chars())
        .collect()
}

pub(crate) fn member(user: Option<Value>) -> Value {
    let mut member = json!({
        "nick": null, "avatar": null, "banner": null, "roles": [], "joined_at": TIME,
        "premium_since": null, "deaf": false, "mute": false, "flags": 0, "pending": false,
        "communication_disabled_until": null,
    });
    if let Some(user) = user {
        member["user"] = user;
    }
    member
}

/// Fills in one option; an attachment is sent separately.
#[track_caller]
fn fill_one(
    option: &Value,
    name: &str,
    value: &Value,
    focused: Option<&str>,
    attachments: &mut Map<String, Value>,
) -> Value {
    if focused == Some(name) {
        assert!(
            option["autocomplete"] == true,
            "option `{name}` completes nothing"
        );
        return json!({ "type": option["type"], "name": name, "value": value, "focused": true });
    }

    let mut value = value.clone();

    if option["type"] == 11 {
        let id = value["id"]
            .as_str()
            .expect("Discord::attachment() makes one")
            .to_owned();
        attachments.insert(id.clone(), value);
        value = json!(id);
    }

    assert!(
        focused.is_some() || fits(option, &value),
        "{value} does not fit option `{option}`"
    );

    json!({ "type": option["type"], "name": name, "value": value })
}

/// Fills in options as a user would; panics on input that a client would not allow.
#[track_caller]
pub(crate) fn fill(
    definitions: &Value,
    path: &[&str],
    given: &Map<String, Value>,
    focused: Option<&str>,
    attachments: &mut Map<String, Value>,
) -> Value {
    let empty = Vec::new();
    let definitions = definitions.as_array().unwrap_or(&empty);

    if let Some((first, rest)) = path.split_first() {
        let found = definitions.iter().find(|option| option["name"] == *first);
        let found = found.unwrap_or_else(|| panic!("there is no subcommand `{first}`"));
        let options = fill(&found["options"], rest, given, focused, attachments);
        return json!([{ "type": found["type"], "name": first, "options": options }]);
    }

    for option in definitions
        .iter()
        .filter(|option| option["required"] == true && focused.is_none())
    {
        let name = option["name"].as_str().unwrap_or_default();
        assert!(
            given.contains_key(name),
            "option `{name}` must be filled in"
        );
    }

    let filled = given.iter().map(|(name, value)| {
        let option = definitions.iter().find(|option| option["name"] == *name);
        let option = option.unwrap_or_else(|| panic!("there is no option `{name}`"));
        fill_one(option, name, value, focused, attachments)
    });

    filled.collect()
}

/// Whether a client would let a user enter this value.
fn fits(option: &Value, value: &Value) -> bool {
    let length = value.as_str().map(super::refusal::length);
    let chosen = option["choices"].as_array().is_none_or(|choices| {
        choices.is_empty() || choices.iter().any(|choice| choice["value"] == *value)
    });
    let number = value.as_f64();
    let within = |min: &Value, max: &Value, of: f64| {
        min.as_f64().is_none_or(|min| of >= min) && max.as_f64().is_none_or(|max| of <= max)
    };

    chosen
        && match option["type"].as_i64() {
            Some(3) => length.is_some_and(|length| {
                let max = if option["max_length"].is_null() {
                    &json!(6000)
                } else {
                    &option["max_length"]
                };
                within(&option["min_length"], max, length as f64)
            }),
            Some(4) => {
                value.is_i64()
                    && within(
                        &option["min_value"],
                        &option["max_value"],
                        number.unwrap_or(0.0),
                    )
            }
            Some(5) => value.is_boolean(),
            Some(10) => number
                .is_some_and(|number| within(&option["min_value"], &option["max_value"], number)),
            _ => value.is_string(),
        }
}
