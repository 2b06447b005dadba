use netvane_chat::{Button, Sort, note};
use netvane_core::document::{
    Bar, Chart, Station,
    testing::adversarial::{self, LINK, Mark, Says, lost_silently},
};
use proptest::prelude::*;

use netvane_core::document::{Cell, Role};

use super::{
    files::{FILE_BYTES, FILES},
    *,
};

/// Renders a message with the image that it is sent with.
fn draw(page: &ChatMessage<'_>) -> RenderedEmbed {
    let picture = (!page.working)
        .then(|| render::png(page.document))
        .flatten();
    super::draw(page, picture)
}

/// The body and the files of a message.
fn whole_message(page: &ChatMessage<'_>) -> (Value, Vec<File>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(crate::message::message(page))
}

fn drawn(document: &Document) -> RenderedEmbed {
    draw(&ChatMessage {
        document,
        buttons: &[],
        menu: None,
        working: false,
        personal: false,
    })
}

fn shown(document: &Document) -> String {
    let embed = drawn(document).embed;
    format!(
        "{}\n{}",
        embed["title"].as_str().expect("text"),
        embed["description"].as_str().expect("text")
    )
}

#[test]
fn narrow_tables_are_code_and_wide_ones_are_lists() {
    let mut document = Document::new("MX of example.com", "2 mail servers", Severity::Good);

    document.table(
        [">Preference", "Exchange"],
        vec![[10.into(), Cell::domain("mail.example.com")]],
    );
    document.table(
        ["Exchange", "Addresses", ">TTL"],
        vec![
            [
                Cell::domain("mail.example.com"),
                Cell::new("192.0.2.1\n2001:db8:0:1:2:3:4:5", Role::Address),
                300.into(),
            ],
            [
                Cell::domain("mx_2.example.com"),
                Cell::new("none", Role::Bad),
                "".into(),
            ],
        ],
    );

    document.warn("one has no address");
    insta::assert_snapshot!(shown(&document), @r"
    ⚠️ MX of example.com
    2 mail servers

    ```
    Preference  Exchange
            10  mail.example.com
    ```

    Exchange — Addresses · TTL
    - **`mail.example.com`** — `192.0.2.1`, `2001:db8:0:1:2:3:4:5` · TTL 300
    - **`mx_2.example.com`** — ❌ none

    ⚠️ one has no address
    ");
}

#[test]
fn hostile_text_is_escaped() {
    let mut document = Document::new("TXT of @everyone", "**2** records <@1>", Severity::Neutral);
    document.heading("# big");
    document.field("[x](https://evil.example)", Cell::exact("`code` ``` <#1>"));
    document.field("plain", "||hidden|| https://evil.example\n> quote");
    document.code("```\n@here\n```");
    insta::assert_snapshot!(shown(&document), @r"
    ℹ️ TXT of \@everyone
    \*\*2\*\* records \<\@1\>

    **\# big**
    **\[x\](https\://evil.example)** `ˋcodeˋ ˋˋˋ <#1>`
    **plain** \|\|hidden\|\| https\://evil.example, \> quote

    ```
    ˋˋˋ
    @here
    ˋˋˋ
    ```
    ");
}

#[test]
fn overlong_replies_are_attached_in_full() {
    let mut document = Document::new("TXT of example.com", "many records", Severity::Good);

    document.table(
        ["Text"],
        (0..300)
            .map(|index| [Cell::exact(format!("record {index:064}"))])
            .collect(),
    );

    document.text("after it");
    let RenderedEmbed { embed, files } = drawn(&document);
    let description = embed["description"].as_str().expect("text");
    assert!(description.contains("`record 0") && length(description) <= DESCRIPTION);
    assert!(
        description.ends_with("… Full answer in `answer.txt`"),
        "{description}"
    );
    assert!(
        !description.contains("after it"),
        "text after the truncation is not shown"
    );
    let [file] = &files[..] else {
        panic!("one file")
    };
    let text = String::from_utf8_lossy(&file.bytes);
    assert!(text.contains("0299") && text.contains("after it"));
    let working = draw(&ChatMessage {
        document: &document,
        buttons: &[],
        menu: None,
        working: true,
        personal: false,
    });

    assert!(working.files.is_empty(), "progress attaches nothing");
}

#[test]
fn a_long_code_line_is_truncated() {
    let mut document = Document::new("a", "b", Severity::Good);
    document.code("👍".repeat(5000));
    let RenderedEmbed { embed, files } = drawn(&document);
    let description = embed["description"].as_str().expect("text");
    assert!(description.contains("👍…\n```\n"), "{description}");
    assert_eq!(files.len(), 1);
}

#[test]
fn attachments_become_files() {
    let mut document = note("a", "b");
    document.block(Block::Attachment {
        name: "../raw data.json".into(),
        text: "{}".into(),
    });
    let RenderedEmbed { embed, files } = drawn(&document);
    assert_eq!(
        files,
        [File {
            name: "rawdata.json".into(),
            bytes: b"{}".to_vec()
        }]
    );
    assert!(
        embed["description"]
            .as_str()
            .expect("text")
            .ends_with("📎 `rawdata.json`")
    );
}

#[test]
fn omitted_files_are_mentioned() {
    let mut document = note("a", "b");

    for index in 0..12 {
        let (name, text) = (format!("{index}.txt"), format!("text {index}"));
        document.block(Block::Attachment { name, text });
    }

    let RenderedEmbed { embed, files } = drawn(&document);
    assert_eq!((files.len(), files[0].name.as_str()), (FILES, REST));
    assert!(String::from_utf8_lossy(&files[0].bytes).contains("text 11"));
    assert!(
        embed["description"]
            .as_str()
            .expect("text")
            .ends_with(ATTACHED)
    );

    let mut document = note("a", "b");

    document.block(Block::Attachment {
        name: "small".into(),
        text: "x".into(),
    });
    document.block(Block::Attachment {
        name: "large".into(),
        text: "x".repeat(FILE_BYTES),
    });

    let RenderedEmbed { embed, files } = drawn(&document);

    assert_eq!(
        files,
        [File {
            name: "small".into(),
            bytes: b"x".to_vec()
        }]
    );

    assert!(
        embed["description"]
            .as_str()
            .expect("text")
            .ends_with(TOO_LARGE)
    );
}

#[test]
fn a_chart_is_an_image_with_a_description() {
    let mut document = note("Ping of example.com", "2/2 replies");
    let bar = |label: &str, time| Bar {
        label: label.into(),
        time,
    };
    document.draw(Chart::Strip {
        title: "Round trips (ms)".into(),
        bars: vec![bar("1", Some(10.0)), bar("2", None)],
    });
    let (message, files) = whole_message(&ChatMessage {
        document: &document,
        buttons: &[],
        menu: None,
        working: false,
        personal: false,
    });
    assert_eq!(
        message["embeds"][0]["image"]["url"],
        "attachment://image.png"
    );
    assert_eq!(
        message["attachments"],
        json!([{ "id": 0, "filename": "image.png", "description": "Round trips (ms): 10.0, lost" }])
    );
    assert!(files[0].bytes.starts_with(b"\x89PNG"));
}

#[test]
fn a_second_path_is_shown_as_text() {
    let mut document = note("a", "b");
    for name in ["first.example", "second.example"] {
        let station = Station {
            title: "Server".into(),
            name: name.into(),
            via: String::new(),
            ..Station::default()
        };
        document.block(Block::Path {
            stations: vec![station],
        });
    }
    let shown = shown(&document);
    assert!(
        !shown.contains("first.example") && shown.contains("second.example"),
        "{shown}"
    );
}

/// Removes code blocks from the markup and replaces each code span and each escaped character by
/// `x`. What remains is interpreted by Discord.
fn live(markup: &str) -> String {
    let fence = regex::Regex::new(r"(?s)```\n.*?\n```").expect("a pattern");
    let code = regex::Regex::new(r"`[^`\n]+`").expect("a pattern");
    let escape = regex::Regex::new(r"\\[^0-9A-Za-z\s]").expect("a pattern");
    let outside = fence.replace_all(markup, "");
    // Escapes are matched first: an escaped backtick opens no code span.
    let mut out = String::new();
    let mut rest = outside.as_ref();
    while !rest.is_empty() {
        let skip = [&escape, &code].iter().find_map(|pattern| {
            pattern
                .find(rest)
                .filter(|found| found.start() == 0)
                .map(|found| found.end())
        });
        let step = skip.unwrap_or_else(|| rest.chars().next().map_or(1, char::len_utf8));
        out.push_str(if skip.is_some() { "x" } else { &rest[..step] });
        rest = &rest[step..];
    }
    out
}

/// Collects all strings in a JSON value.
fn words<'v>(value: &'v Value, out: &mut Vec<&'v str>) {
    match value {
        Value::String(text) => out.push(text),
        Value::Array(items) => items.iter().for_each(|item| words(item, out)),
        Value::Object(fields) => fields.values().for_each(|item| words(item, out)),
        _ => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(250))]

    #[test]
    fn any_document_is_within_the_limits_and_fully_escaped(
        (document, marks) in adversarial::document(),
        working in any::<bool>(),
    ) {
        let RenderedEmbed { embed, files } = draw(&ChatMessage { document: &document, buttons: &[], menu: None, working, personal: false });
        let title = embed["title"].as_str().expect("text");
        let description = embed["description"].as_str().expect("text");
        prop_assert!((1..=TITLE).contains(&length(title)));
        prop_assert!((1..=DESCRIPTION).contains(&length(description)));
        prop_assert!(files.len() <= FILES && (!working || files.is_empty()));
        prop_assert!(files.iter().map(|file| file.bytes.len()).sum::<usize>() <= FILE_BYTES);
        prop_assert_eq!(description.matches("```").count() % 2, 0, "{}", description);

        let pictured = files.iter().any(|file| file.name == PICTURE);
        prop_assert_eq!(pictured, embed["image"].is_object());
        let said = description.contains(ATTACHED);
        prop_assert_eq!(said, files.iter().any(|file| file.name == REST), "{}", description);
        let texts = files.iter().filter(|file| file.name != PICTURE);
        let beside = texts.map(|file| String::from_utf8_lossy(&file.bytes)).collect::<Vec<_>>().join("\n");
        let rest = description.lines().any(|line| line == MORE);
        let says = Says { beside: &beside, rest: working && rest, instead: &[] };
        // Links are shown as buttons. A message of a running lookup has no attachments; the final
        // reply has them.
        let elsewhere = |mark: &Mark| {
            mark.is_link(&document)
                || (pictured && mark.is_drawn(&document))
                || (working && mark.is_attached(&document))
        };
        let marks: Vec<Mark> = marks.into_iter().filter(|mark| !elsewhere(mark)).collect();
        let message = format!("{title}\n{description}");
        let lost = lost_silently(&marks, &message, &says);
        prop_assert!(lost.is_empty(), "{:?} of {}", lost, message);

        let title = live(title);
        prop_assert!(!title.contains(['*', '_', '~', '`', '|', '<', '>', '[', ']', '@', '\\']), "{}", title);
        // Bold text and lists are produced by the renderer itself.
        let left = live(description).replace("**", "");
        prop_assert!(!left.contains(['*', '_', '~', '`', '|', '<', '>', '[', ']', '@', '\\']), "{}", left);
        prop_assert!(!left.contains("://"), "{}", left);
        for line in left.lines() {
            let begins_list = line.trim_start().starts_with(['#', '+']) || line.starts_with("-#");
            prop_assert!(!begins_list, "{}", line);
        }
        let unsafe_char = description.chars().find(|c| *c != '\n' && *c != '\u{fe0f}' && render::is_unsafe(*c));
        prop_assert!(unsafe_char.is_none_or(|c| c == '\t'), "{:?}", unsafe_char);
    }

    #[test]
    fn any_message_keeps_its_files_and_links(
        (document, marks) in adversarial::document(),
        labels in prop::collection::vec("\\PC{0,100}", 0..30),
    ) {
        let buttons: Vec<Button> = labels
            .into_iter()
            .enumerate()
            .map(|(index, label)| Button { id: format!("x:{index}"), label, sort: Sort::FollowUp })
            .collect();
        let (message, files) =
            whole_message(&ChatMessage { document: &document, buttons: &buttons, menu: None, working: false, personal: false });
        prop_assert_eq!(message["attachments"].as_array().map(Vec::len), Some(files.len()));
        for row in message["components"].as_array().into_iter().flatten() {
            for button in row["components"].as_array().into_iter().flatten() {
                let label = button["label"].as_str().map_or(0, length);
                prop_assert!((1..=80).contains(&label));
                prop_assert!(button.get("url").is_none_or(|url| url == LINK));
            }
        }
        let mut shown = Vec::new();
        words(&message["components"], &mut shown);
        let links: Vec<Mark> = marks.into_iter().filter(|mark| mark.is_link(&document)).collect();
        let lost = lost_silently(&links, &shown.join("\n"), &Says::default());
        prop_assert!(lost.is_empty(), "{:?} of {:?}", lost, shown);
    }
}
