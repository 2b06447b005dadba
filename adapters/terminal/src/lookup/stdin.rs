//! Input of a command from standard input.

use std::{
    io::{ErrorKind, IsTerminal, Read},
    sync::Arc,
};

use netvane_core::{
    Engine, Failure, Input, args::MAX_MESSAGE, command::Entry, request::mail_upload::MailUpload,
};

use crate::output::LookupOptions;

/// Reads standard input for a command that takes a message and got none, such as
/// `netvane trace_mail < mail.eml`; `None` for other commands and on a terminal.
pub(super) async fn input(
    engine: &Engine,
    words: &[String],
    options: &LookupOptions,
) -> anyhow::Result<Option<Input>> {
    let [name] = words else { return Ok(None) };
    let name = name
        .trim_start_matches('/')
        .to_lowercase()
        .replace('-', "_");
    let takes_text = |entry: &&Arc<Entry>| matches!(&entry.arguments[..], [argument] if argument.rest && argument.required);
    let Some(entry) = engine.registry().find(&name).filter(takes_text) else {
        return Ok(None);
    };
    if std::io::stdin().is_terminal() {
        return Ok(None);
    }

    let argument = &entry.arguments[0];
    let text = if argument.message {
        read_message(std::io::stdin()).await?
    } else {
        read_text(std::io::stdin())?
    };
    let Some(text) = text else {
        return Ok(None);
    };
    let message = (argument.name.clone(), text.into());
    let short = options.short.then(|| ("short".to_owned(), true.into()));
    let arguments = [message].into_iter().chain(short).collect();

    Ok(Some(Input::Named { name, arguments }))
}

/// Reads a message as an argument, part by part; `None` if there is nothing.
async fn read_message(mut input: impl Read) -> anyhow::Result<Option<String>> {
    let mut upload = MailUpload::default();
    let mut part = vec![0; 64 << 10];
    let mut is_empty = true;
    loop {
        let length = match input.read(&mut part) {
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            length => length?,
        };
        if length == 0 {
            break;
        }
        is_empty = false;
        match upload.push(&part[..length]).await {
            Err(Failure::TooLarge { limit, .. }) => {
                anyhow::bail!("standard input is larger than {limit} bytes")
            }
            pushed => pushed?,
        }
    }
    Ok(if is_empty {
        None
    } else {
        Some(upload.finish().await?)
    })
}

/// Reads text as an argument; `None` if there is nothing.
fn read_text(input: impl Read) -> anyhow::Result<Option<String>> {
    let mut text = Vec::new();
    input.take(MAX_MESSAGE as u64 + 1).read_to_end(&mut text)?;
    anyhow::ensure!(
        text.len() <= MAX_MESSAGE,
        "standard input is larger than {MAX_MESSAGE} bytes"
    );
    Ok((!text.is_empty()).then(|| String::from_utf8_lossy(&text).into_owned()))
}
