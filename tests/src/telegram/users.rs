//! Users of the fake.

use serde_json::{Value, json};

/// A user who talks to the bot.
#[derive(Clone, Debug, PartialEq)]
pub struct User {
    /// Identifier of the user.
    pub id: i64,
    /// Name that others see.
    pub first_name: String,
    /// User name without the `@`.
    pub username: Option<String>,
    /// Language of the user's application, such as `en`.
    pub language: String,
}

impl User {
    /// Creates a user whose application is in English.
    pub fn new(id: i64, first_name: &str) -> Self {
        let username = Some(format!("user_{id}"));
        Self {
            id,
            first_name: first_name.to_owned(),
            username,
            language: "en".to_owned(),
        }
    }

    pub(super) fn json(&self) -> Value {
        let mut json = json!({
            "id": self.id, "is_bot": false, "first_name": self.first_name, "language_code": self.language,
        });
        if let Some(username) = &self.username {
            json["username"] = json!(username);
        }
        json
    }
}
