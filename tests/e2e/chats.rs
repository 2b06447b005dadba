//! Tests of the Discord and Telegram adapters with their real client libraries.

mod discord;
mod discord_fake;
mod links;
mod telegram;
mod telegram_fake;
