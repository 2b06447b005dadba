//! Service extensions announced in the reply to EHLO (RFC 5321 §4.1.1.1).

use super::reply::Reply;

/// The extensions that the session uses.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Extensions {
    pub(super) pipelining: bool,
    pub(super) starttls: bool,
    pub(super) smtputf8: bool,
}

impl Extensions {
    /// Parses the reply to EHLO. The first line is the server's name, even if it looks like a
    /// keyword.
    pub(super) fn announced(reply: &Reply) -> Self {
        let mut extensions = Self::default();
        for line in reply.lines.iter().skip(1) {
            match keyword(line).to_ascii_uppercase().as_str() {
                "PIPELINING" => extensions.pipelining = true,
                "STARTTLS" => extensions.starttls = true,
                "SMTPUTF8" => extensions.smtputf8 = true,
                _ => {}
            }
        }
        extensions
    }
}

/// Returns the keyword of an extension without parameters; some old servers write `AUTH=LOGIN`.
pub(super) fn keyword(line: &str) -> &str {
    line.split([' ', '=']).next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn announced(lines: &[&str]) -> Extensions {
        Extensions::announced(&Reply {
            code: 250,
            enhanced: None,
            lines: lines.iter().map(ToString::to_string).collect(),
        })
    }

    #[test]
    fn ignores_case_and_parameters() {
        let all = Extensions {
            pipelining: true,
            starttls: true,
            smtputf8: true,
        };
        assert_eq!(
            announced(&["mx", "PIPELINING", "STARTTLS", "SMTPUTF8"]),
            all
        );
        assert_eq!(
            announced(&["mx", "pipelining x", "StartTLS=1", "SmtpUtf8 "]),
            all
        );
    }

    #[test]
    fn rejects_lines_that_only_resemble_an_extension() {
        for lines in [
            &[][..],
            &["STARTTLS"],
            &["PIPELINING at your service", "SIZE 1000"],
            &["mx", "XSTARTTLS", "STARTTLSX", " STARTTLS", "AUTH STARTTLS"],
            &["mx", "", "=", "STARTTLS\t"],
        ] {
            assert_eq!(announced(lines), Extensions::default(), "{lines:?}");
        }
    }

    #[test]
    fn a_keyword_ends_at_its_parameters() {
        for (line, expected) in [
            ("SIZE 1000", "SIZE"),
            ("AUTH=LOGIN", "AUTH"),
            ("8BITMIME", "8BITMIME"),
            ("", ""),
        ] {
            assert_eq!(keyword(line), expected);
        }
    }
}
