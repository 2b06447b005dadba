//! Checks that data can be read back from its JSON and then presents itself exactly as before.

use std::sync::Arc;

use netvane_document::{Answer, Document, ErasedAnswer};
use serde_json::Value;

type Read<'a> = &'a dyn Fn(Value) -> Result<Arc<dyn ErasedAnswer>, serde_json::Error>;

/// Elements of a list whose values are replaced by odd ones; further elements have the same type.
const MAX_ELEMENTS: usize = 2;

/// Seconds by which data is aged: not at all, within usual TTLs, beyond all of them.
const AGES: [u32; 3] = [0, 7, u32::MAX];

/// Data of a test, whose reading back is checked whenever it is presented.
pub(crate) trait ReadBack: Answer {
    /// The document, after the checks of [`check`] and [`check_odd_values`].
    fn present_checked(&self) -> Document {
        let read = |data| Ok(Arc::new(serde_json::from_value::<Self>(data)?) as Arc<_>);
        check(self, &read);
        check_odd_values(&ErasedAnswer::data(self), &read);
        Answer::present(self)
    }
}

impl<D: Answer> ReadBack for D {}

/// Data that went through JSON text has the same JSON, document and lifetime, now and at any age.
pub(crate) fn check(answer: &dyn ErasedAnswer, read: Read<'_>) {
    let text = answer.data().to_string();
    let data = serde_json::from_str(&text).expect("JSON");
    let again = read(data).unwrap_or_else(|error| panic!("{error}: {text}"));
    assert_same(answer, &*again);

    for age in AGES {
        assert_same(&*answer.aged(age), &*again.aged(age));
    }
}

/// Replaces each member of the data by odd values. What can still be read presents itself without a panic, and can be
/// read back again.
pub(crate) fn check_odd_values(data: &Value, read: Read<'_>) {
    for pointer in pointers(data) {
        let original = data.pointer(&pointer).expect("it exists");

        for odd in odd_values(original) {
            let mut changed = data.clone();
            *changed.pointer_mut(&pointer).expect("it exists") = odd;
            check_if_readable(changed, read);
        }

        check_if_readable(without(data, &pointer), read);
    }
}

fn check_if_readable(data: Value, read: Read<'_>) {
    let Ok(answer) = read(data) else { return };
    let again = read(answer.data()).expect("what it wrote can be read");
    assert_same(&*answer, &*again);
    answer.aged(u32::MAX).present();
}

fn assert_same(answer: &dyn ErasedAnswer, again: &dyn ErasedAnswer) {
    assert_eq!(again.data(), answer.data());
    assert_eq!(again.present(), answer.present(), "{}", answer.data());
    assert_eq!(again.lifetime(), answer.lifetime(), "{}", answer.data());
}

/// JSON pointers (RFC 6901) of all members and of the first elements of lists.
fn pointers(value: &Value) -> Vec<String> {
    let below = |key: &str, value: &Value| {
        let key = format!("/{}", key.replace('~', "~0").replace('/', "~1"));
        let mut all: Vec<String> = pointers(value)
            .iter()
            .map(|rest| format!("{key}{rest}"))
            .collect();
        all.push(key);
        all
    };

    match value {
        Value::Object(members) => members
            .iter()
            .flat_map(|(name, member)| below(name, member))
            .collect(),
        Value::Array(elements) => elements
            .iter()
            .take(MAX_ELEMENTS)
            .enumerate()
            .flat_map(|(index, element)| below(&index.to_string(), element))
            .collect(),
        _ => Vec::new(),
    }
}

/// Values that a program would rarely write in place of this one.
fn odd_values(original: &Value) -> Vec<Value> {
    let mut odd = vec![Value::Null];

    match original {
        Value::Bool(value) => odd.push((!value).into()),
        Value::Number(_) => odd.extend([
            0.into(),
            u64::MAX.into(),
            i64::MIN.into(),
            u32::MAX.into(),
            255.into(),
            (-1e300).into(),
        ]),
        Value::String(_) => odd.extend(["", "€€€€ xn--a.", "xn--ls8h"].map(Value::from)),
        Value::Array(elements) => {
            odd.push(Value::Array(Vec::new()));
            odd.push(elements.iter().chain(elements).cloned().collect());
        }
        Value::Object(_) => odd.push(Value::Object(serde_json::Map::new())),
        Value::Null => odd.extend([0.into(), "€".into(), Value::Array(Vec::new())]),
    }

    odd
}

/// The data without the member or element at this place.
fn without(data: &Value, pointer: &str) -> Value {
    let mut rest = data.clone();
    let (parent, key) = pointer.rsplit_once('/').expect("a pointer");

    match rest.pointer_mut(parent).expect("it exists") {
        Value::Object(members) => {
            _ = members.shift_remove(&key.replace("~1", "/").replace("~0", "~"))
        }
        Value::Array(elements) => _ = elements.remove(key.parse().expect("an index")),
        _ => {}
    }

    rest
}
