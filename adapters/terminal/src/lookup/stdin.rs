//! Input of a command from standard input, or from a file that holds a message.

use std::{
    fs::File,
    io::{ErrorKind, IsTerminal, Read},
    sync::Arc,
};

use netvane_core::{
    Engine, Failure, Input, UsageError, args::MAX_MESSAGE, command::Entry,
    request::mail_upload::MailUpload, spec::Argument,
};

use crate::output::LookupOptions;

/// Reads standard input for a command that takes a message and got none, such as `netvane trace_mail < mail.eml`, or the
/// file of `netvane trace_mail mail.eml`. `None` for other commands, for a message that is written in the line, and
/// without a file on a terminal.
pub(super) async fn input(
    engine: &Engine,
    words: &[String],
    options: &LookupOptions,
) -> anyhow::Result<Option<Input>> {
    let Some((name, rest)) = words.split_first() else {
        return Ok(None);
    };
    let name = name
        .trim_start_matches('/')
        .to_lowercase()
        .replace('-', "_");
    let takes_text = |entry: &&Arc<Entry>| matches!(&entry.arguments[..], [argument] if argument.rest && argument.required);
    let Some(entry) = engine.registry().find(&name).filter(takes_text) else {
        return Ok(None);
    };
    let argument = &entry.arguments[0];

    let text = match file_name(argument, rest) {
        Some("-") => read_message("standard input", std::io::stdin()).await?,
        Some(path) => {
            let file = open(path).map_err(|error| Failure::Usage(at_the_end(words, error)))?;
            let text = read_message(path, file).await?;
            let is_empty = || at_the_end(words, format!("`{path}` is an empty file"));
            Some(text.ok_or_else(|| Failure::Usage(is_empty()))?)
        }
        None if !rest.is_empty() || std::io::stdin().is_terminal() => None,
        None if argument.message => read_message("standard input", std::io::stdin()).await?,
        None => read_text(std::io::stdin())?,
    };
    let Some(text) = text else {
        return Ok(None);
    };
    let message = (argument.name.clone(), text.into());
    let short = options.short.then(|| ("short".to_owned(), true.into()));
    let arguments = [message].into_iter().chain(short).collect();

    Ok(Some(Input::Named { name, arguments }))
}

/// Returns the file that one word names instead of a message, `-` for standard input. A message begins with the name of a
/// field and a colon; if there is a file of that name, the file is meant.
fn file_name<'w>(argument: &Argument, words: &'w [String]) -> Option<&'w str> {
    let [word] = words else { return None };
    let option = format!("{}=", argument.name);
    let bare = word.strip_prefix("--").unwrap_or(word);
    let path = bare.strip_prefix(&option).unwrap_or(word);

    let is_option = path.len() > 1 && path.starts_with(['-', '+']);
    let is_file = || std::path::Path::new(path).is_file();
    let may_be_file = argument.message && !path.is_empty() && !path.contains(['\n', '\r', '\0']);
    let is_meant = may_be_file && (is_file() || !is_option && !path.contains(':'));
    is_meant.then_some(path)
}

/// Opens a message file. The error is a sentence.
fn open(path: &str) -> Result<File, String> {
    let reason = |error: std::io::Error| match error.kind() {
        ErrorKind::NotFound => {
            format!("`{path}`: no such file; expected a message file or pasted headers")
        }
        ErrorKind::PermissionDenied => format!("`{path}`: permission denied"),
        _ => format!("`{path}`: {error}"),
    };
    let file = File::open(path).map_err(reason)?;
    if file.metadata().map_err(reason)?.is_dir() {
        return Err(format!("`{path}` is a directory; expected a message file"));
    }
    Ok(file)
}

/// Returns the error about the last word of a line.
fn at_the_end(words: &[String], message: String) -> UsageError {
    let last = words.last().map(std::slice::from_ref).unwrap_or_default();
    let (end, length) = (super::line(words), super::line(last));
    let (end, length) = (end.chars().count(), length.chars().count());
    UsageError::argument(message).at(end - length..end)
}

/// Reads a message as an argument, part by part; `None` if there is nothing. `source` names the input in errors.
async fn read_message(source: &str, mut input: impl Read) -> anyhow::Result<Option<String>> {
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
                anyhow::bail!("{source} is larger than {limit} bytes")
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

#[cfg(test)]
mod tests {
    use super::*;

    fn message() -> Argument {
        let registry = netvane_core::registry();
        let entry = registry.find("trace_mail").expect("a command");
        entry.arguments[0].clone()
    }

    #[test]
    fn one_word_that_is_no_header_field_is_a_file() {
        let argument = message();
        let file = |words: &[&str]| {
            let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
            file_name(&argument, &words).map(str::to_owned)
        };

        for name in ["mail.eml", "./a b.eml", "/nowhere/mail", "-", "mail"] {
            assert_eq!(file(&[name]).as_deref(), Some(name));
        }
        assert_eq!(file(&["message=mail.eml"]).as_deref(), Some("mail.eml"));
        assert_eq!(file(&["--message=mail.eml"]).as_deref(), Some("mail.eml"));
        for text in [
            "Received: from a",
            "Subject:x",
            "a\nb",
            "",
            "--frob",
            "+short",
        ] {
            assert_eq!(file(&[text]), None, "{text:?}");
        }
        assert_eq!(file(&["Received:", "from"]), None);
        assert_eq!(file(&[]), None);
    }

    #[test]
    fn a_file_whose_name_has_a_colon_is_a_file() {
        let name = format!("netvane-Re: offer {}.eml", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::write(&path, "Subject: x\n\n").expect("written");
        let words = [path.to_str().expect("UTF-8").to_owned()];
        assert_eq!(file_name(&message(), &words), Some(words[0].as_str()));
        assert!(open(&words[0]).is_ok());
        std::fs::remove_file(&path).expect("removed");
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let missing = open("/nowhere/mail.eml").expect_err("missing");
        assert!(
            missing.starts_with("`/nowhere/mail.eml`: no such file"),
            "{missing}"
        );
        let folder = open("/").expect_err("a directory");
        assert_eq!(folder, "`/` is a directory; expected a message file");

        let words = ["trace_mail", "a b.eml"].map(str::to_owned);
        let error = at_the_end(&words, missing);
        assert_eq!(
            error.position,
            Some(11..20),
            "{}",
            super::super::line(&words)
        );
    }
}
