//! Splits a masked text into sentences of plain words.

/// One word, without punctuation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token<'t> {
    pub word: &'t str,
    /// Whether punctuation ends a clause after it.
    pub ends_clause: bool,
    /// Whether a colon follows.
    pub colon: bool,
}

/// Spells words alike that mean the same, so that one list of words is enough.
pub(super) fn normalized(masked: &str) -> String {
    const SPELLINGS: &[(&str, &str)] = &[
        ("e-mail", "email"),
        ("mail box", "mailbox"),
        ("mail-box", "mailbox"),
        ("local part", "localpart"),
        ("local-part", "localpart"),
        ("non-exist", "nonexist"),
        ("non exist", "nonexist"),
        ("over-quota", "overquota"),
        ("un-known", "unknown"),
        ("can't", "can not"),
        ("cannot", "can not"),
        ("n't ", " not "),
        ("doesnt ", "does not "),
        ("dosn not ", "does not "),
        ("dos not ", "does not "),
        ("isnt ", "is not "),
        ("dont ", "do not "),
        ("couldnt ", "could not "),
        ("wasnt ", "was not "),
        ("nosuchuser", "no such user"),
        ("recipientnotfound", "recipient not found"),
        ("recipnotfound", "recipient not found"),
        ("usernotfound", "user not found"),
        ("mailboxnotfound", "mailbox not found"),
        ("userunknown", "user unknown"),
        ("unknownuser", "unknown user"),
        ("unknownrecipient", "unknown recipient"),
        ("invalidrecipient", "invalid recipient"),
    ];

    let mut text = masked.to_owned();
    for (written, plain) in SPELLINGS {
        if text.contains(written) {
            text = text.replace(written, plain);
        }
    }

    text
}

/// The sentences of a normalized text; each ends at a period, a semicolon or another final mark
/// before a space.
pub(super) fn sentences(text: &str) -> Vec<Vec<Token<'_>>> {
    let mut all = vec![Vec::new()];

    for word in text.split_whitespace() {
        let colon = word.ends_with(':');
        let ends_sentence = word.ends_with(['.', ';', '!', '?']);
        let ends_clause = colon || ends_sentence || word.ends_with([',', ')', ']', '-', '>', '"']);
        let Some(current) = all.last_mut() else {
            return all;
        };

        push_words(current, word);
        if let Some(last) = current.last_mut() {
            last.ends_clause |= ends_clause;
            last.colon |= colon;
        }
        if ends_sentence {
            all.push(Vec::new());
        }
    }

    all.retain(|sentence| !sentence.is_empty());
    all
}

/// Adds the parts of a word such as `unknown/invalid`, `user_unknown` or `resolver.adr.notfound`.
fn push_words<'t>(sentence: &mut Vec<Token<'t>>, word: &'t str) {
    let is_border = |c: char| !c.is_alphanumeric() && c != '\'' && c != '@';
    for part in word.split(is_border) {
        let part = part.trim_matches('\'');
        if !part.is_empty() {
            sentence.push(Token {
                word: part,
                ends_clause: false,
                colon: false,
            });
        }
    }
}
