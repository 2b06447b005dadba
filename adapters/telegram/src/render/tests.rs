mod html;

use netvane_core::document::{Bar, Cell, Chart, Role, Station, render::png};

use super::*;

/// Renders a document with the image that it is sent with.
fn render(document: &Document, beside: Beside) -> Rendered {
    let picture = (beside != Beside::Nothing).then(|| png(document)).flatten();
    super::render(document, beside, picture)
}

fn mx() -> Document {
    let mut document = Document::new(
        "MX of example.test",
        "1 of 2 mail servers resolves",
        Severity::Warning,
    );

    let row = |preference: u16, exchange: &str, addresses: &str| {
        [
            preference.into(),
            Cell::domain(exchange),
            Cell::new(addresses, Role::Address),
            "5m".into(),
        ]
    };

    document.table(
        [">Preference", "Mail server", "Addresses", ">TTL"],
        vec![
            row(10, "mail1.example.test", "2001:db8:2::81\n203.0.113.81"),
            row(20, "mail.silent.test", ""),
        ],
    );

    document.field(
        "Answered by",
        "198.51.100.53:53, DNSSEC-validated by the resolver",
    );
    document.warn("Could not resolve mail server mail.silent.test");

    document
}

#[test]
fn a_wide_table_becomes_a_list() {
    insta::assert_snapshot!(render(&mx(), Beside::Files).html, @r"
        ⚠️ <b>MX of </b><code>example.test</code>
        1 of 2 mail servers resolves

        Preference · Mail server · Addresses · TTL
        • <b>10</b> · <code>mail1.example.test</code> · <code>2001:db8:2::81</code>, <code>203.0.113.81</code> · TTL 5m
        • <b>20</b> · <code>mail.silent.test</code> · – · TTL 5m

        <b>Answered by</b>: <code>198.51.100.53:53</code>, DNSSEC-validated by the resolver

        ⚠️ Could not resolve mail server <code>mail.silent.test</code>
    ");
}

#[test]
fn a_narrow_table_keeps_its_columns() {
    let mut document = Document::new("Ports of 192.0.2.1", "1 of 2 is open", Severity::Good);
    document.table(
        [">Port", "State", "Service"],
        vec![
            [22.into(), Cell::new("open", Role::Good), "ssh".into()],
            [443.into(), "closed".into(), "<https>".into()],
        ],
    );
    insta::assert_snapshot!(render(&document, Beside::Files).html, @r"
        ✅ <b>Ports of </b><code>192.0.2.1</code>
        1 of 2 is open

        <pre>Port  State   Service
          22  open    ssh
         443  closed  &lt;https&gt;</pre>
    ");
}

fn registration() -> Document {
    let mut document = Document::new(
        "Registration of example.com",
        "Registered until 2027-08-13",
        Severity::Good,
    );

    document.field(
        "Registrar",
        "Example Registrar, Inc. (https://registrar.example)",
    );
    document.field("Name servers", Cell::domain("a.example.net\nb.example.net"));
    document.field("Abuse", Cell::exact("abuse@registrar.example"));
    document.heading("Servers asked");
    document.table(
        ["Server", ">Took", "Outcome"],
        vec![[
            Cell::domain("rdap.registry.example"),
            "120 ms".into(),
            "answered, and named the registrar's".into(),
        ]],
    );

    let lines: Vec<String> = (1..=15).map(|line| format!("line {line} @admin")).collect();
    document.code(lines.join("\n"));
    document.block(Block::Attachment {
        name: "Raw answer".into(),
        text: "Domain: EXAMPLE\n".repeat(400),
    });

    document
}

#[test]
fn a_registration_has_fields_a_list_and_a_file() {
    let rendered = render(&registration(), Beside::Files);

    insta::assert_snapshot!(rendered.html, @r"
        ✅ <b>Registration of </b><code>example.com</code>
        Registered until 2027-08-13

        <b>Registrar</b>: Example Registrar, Inc. (<code>https://registrar.example</code>)
        <b>Name servers</b>: <code>a.example.net</code>, <code>b.example.net</code>
        <b>Abuse</b>: <code>abuse@registrar.example</code>

        <b>Servers asked</b>
        Server · Took · Outcome
        • <code>rdap.registry.example</code> · Took 120 ms · answered, and named the registrar's

        <blockquote expandable><code>line 1 @admin
        line 2 @admin
        line 3 @admin
        line 4 @admin
        line 5 @admin
        line 6 @admin
        line 7 @admin
        line 8 @admin
        line 9 @admin
        line 10 @admin
        line 11 @admin
        line 12 @admin
        line 13 @admin
        line 14 @admin
        line 15 @admin</code></blockquote>

        Raw answer is in the file.
    ");

    let (name, text) = rendered.file.expect("a file");

    assert_eq!(
        (name.as_str(), text.lines().count()),
        ("raw-answer.txt", 400)
    );
}

#[test]
fn a_usage_error_shows_the_mistake_and_a_suggestion() {
    let mut document = Document::new("Bad argument", "`domain`: two dots in a row", Severity::Bad);
    document.code("/mx example..com\n    ^^^^^^^^^^^^");
    document.field("Try", Cell::exact("/mx example.com"));
    insta::assert_snapshot!(render(&document, Beside::Files).html, @r"
        ❌ <b>Bad argument</b>
        <code>domain</code>: two dots in a row

        <pre>/mx example..com
            ^^^^^^^^^^^^</pre>

        <b>Try</b>: <code>/mx example.com</code>
    ");
}

#[test]
fn overlong_replies_are_attached_in_full() {
    let mut document = Document::new("Names", "many", Severity::Neutral);
    let row = |index: usize| {
        [
            Cell::domain(format!("host-{index}.example.com")),
            Cell::from("x".repeat(40)),
        ]
    };
    document.table(["Name", "About"], (0..300).map(row).collect());
    document.warn("All of it is old");
    let rendered = render(&document, Beside::Files);
    assert!(
        rendered
            .html
            .ends_with("\n\n⚠️ All of it is old\n\n… Full answer in the file."),
        "{}",
        rendered.html
    );
    let (name, text) = rendered.file.expect("a file");
    assert_eq!(name, "names.txt");
    assert!(text.contains("host-299.example.com"));
    let working = render(&document, Beside::Nothing);
    assert!(working.file.is_none() && working.html.ends_with("\n\n…"));
}

#[test]
fn a_chart_is_sent_beside_the_whole_reply() {
    let mut document = mx();
    let whole = render(&document, Beside::Files).html;
    document.draw(Chart::Strip {
        title: "Round trips (ms)".into(),
        bars: vec![Bar {
            label: "1".into(),
            time: Some(10.0),
        }],
    });
    let rendered = render(&document, Beside::Files);
    assert!(rendered.picture.is_some());
    assert_eq!(rendered.html, whole);
    assert!(
        render(&document, Beside::Nothing).picture.is_none(),
        "while it runs"
    );
}

#[test]
fn a_path_is_drawn_if_it_fits() {
    let station = |name: &str, via: &str| Station {
        title: "Server".into(),
        name: name.into(),
        via: via.into(),
        ..Station::default()
    };

    let path = |name: &str| {
        let mut document = Document::new("Way", "", Severity::Neutral);
        let block = Block::Path {
            stations: vec![station("a.example", ""), station(name, "SMTP")],
        };
        document.block(block.clone());
        // The final message has an image instead, but only of the first path.
        let rendered = render(&document, Beside::Files);
        assert!(rendered.picture.is_some() && !rendered.html.contains("a.example"));
        let mut two = document.clone();
        assert!(
            render(two.block(block), Beside::Files)
                .html
                .contains("a.example")
        );
        render(&document, Beside::Nothing).html
    };

    assert!(path("b.example").contains("<pre>"));
    let wide = path(&format!("{}.example", "b".repeat(40)));

    assert!(
        wide.contains("● <b>Server</b>: <code>a.example</code>\n↓ <b>Server</b>: <code>bbb"),
        "{wide}"
    );
}
