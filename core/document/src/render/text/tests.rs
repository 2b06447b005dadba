use super::*;

fn sample() -> Document {
    let mut document = Document::new(
        "MX of example.com",
        "1 mail server resolves",
        Severity::Good,
    );
    document.table(
        [">Preference", "Mail server", "Addresses"],
        vec![[
            10.into(),
            Cell::domain("mail.example.com"),
            Cell::new("192.0.2.1\n2001:db8::1", Role::Address),
        ]],
    );
    document.heading("Raw").code("a\n\nb\x1b[31m");
    document.warn("Look: \u{202e}evil\n\x07");
    document.field("Answered by", Cell::aside("192.0.2.53:53"));
    document
}

#[test]
fn renders_without_colors_for_pipes() {
    insta::assert_snapshot!(text(&sample(), Layout { width: 200, color: false }), @r"
        MX of example.com
        ! 1 mail server resolves

        Preference  Mail server       Addresses
                10  mail.example.com  192.0.2.1
                                      2001:db8::1

        Raw
          a

          b\x1b[31m

        Answered by:  192.0.2.53:53

        ! Look: \u{202e}evil\x0a\x07
        ");
}

#[test]
fn a_narrow_terminal_gets_records_instead_of_a_table() {
    let rendered = text(
        &sample(),
        Layout {
            width: 32,
            color: false,
        },
    );
    let table: Vec<&str> = rendered
        .lines()
        .skip(3)
        .take_while(|line| !line.is_empty())
        .collect();
    assert_eq!(
        table,
        [
            "Preference:   10",
            "Mail server:  mail.example.com",
            "Addresses:    192.0.2.1",
            "              2001:db8::1"
        ]
    );
}

#[test]
fn ungrouped_rows_repeat_the_cells_above() {
    let row = |cells: [&str; 3]| cells.map(Cell::from).to_vec();
    let rows = [
        row(["10", "mx", "192.0.2.1"]),
        row(["", "", "192.0.2.2"]),
        row(["", "", ""]),
    ];
    assert_eq!(
        ungrouped(&rows),
        [
            rows[0].clone(),
            row(["10", "mx", "192.0.2.2"]),
            row(["", "", ""])
        ]
    );
}

#[test]
fn colors_are_used_only_when_enabled() {
    assert!(
        text(
            &sample(),
            Layout {
                width: 80,
                color: true
            }
        )
        .contains("\x1b[33m!")
    );
    assert!(
        !text(
            &sample(),
            Layout {
                width: 80,
                color: false
            }
        )
        .contains('\x1b')
    );
}

#[test]
fn marked_lines_of_preformatted_text_have_the_color_of_their_role() {
    let mut document = Document::new("T", "s", Severity::Neutral);
    document.block(Block::Code {
        text: "C: RCPT\nS: 550 no".into(),
        marks: vec![crate::Mark {
            line: 1,
            role: Role::Bad,
        }],
    });
    let shown = |color| {
        let layout = Layout { color, width: 80 };
        block(&document.blocks[0], layout)
    };

    assert_eq!(shown(false), "  C: RCPT\n  S: 550 no");
    assert_eq!(shown(true), "  C: RCPT\n  \x1b[31mS: 550 no\x1b[0m");
}
