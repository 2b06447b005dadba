//! The memory that JSON needs once it is parsed, estimated without parsing it.
//!
//! A byte of JSON can become a hundred bytes of memory: `[[1],[1],…` has an allocation in every four bytes.

/// Bytes of a value in a list that grows by doubling, and of its first allocation for a list and for an object.
const VALUE: usize = 64;
const ARRAY: usize = 128;
const OBJECT: usize = 512;

/// Returns the bytes that the values need, without the bytes of their texts. The JSON may be malformed.
pub(super) fn memory(json: &[u8]) -> usize {
    let mut bytes: usize = 0;
    let mut in_text = false;
    let mut octets = json.iter();

    while let Some(octet) = octets.next() {
        match (in_text, octet) {
            (true, b'\\') => _ = octets.next(),
            (_, b'"') => in_text = !in_text,
            (true, _) => {}
            (false, b',' | b':') => bytes += VALUE,
            (false, b'[') => bytes += ARRAY,
            (false, b'{') => bytes += OBJECT,
            (false, _) => {}
        }
    }

    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn punctuation_inside_texts_costs_nothing() {
        for (json, bytes) in [
            ("", 0),
            ("null", 0),
            (r#""[{,:\\""#, 0),
            (r#""\"[""#, 0),
            ("[1,2,3]", ARRAY + 2 * VALUE),
            (r#"{"a,[":[]}"#, OBJECT + VALUE + ARRAY),
            ("[[[", 3 * ARRAY),
            (r#"["unfinished \"#, ARRAY),
        ] {
            assert_eq!(memory(json.as_bytes()), bytes, "{json}");
        }
    }

    #[test]
    fn a_megabyte_of_small_values_is_too_much() {
        for part in ["[],", "[[1]],", "{\"a\":1},", "1,", "\"\","] {
            let json = format!("{{\"x\":[{}1]}}", part.repeat((1 << 20) / part.len()));
            let parsed = super::super::read(json.as_bytes());
            assert!(
                matches!(parsed, Err(super::super::Error::TooComplex)),
                "{part}"
            );
        }
    }
}
