//! The registrar in an RDAP answer.

use serde_json::Value;

use super::{
    super::{Registrar, values},
    card::Card,
    has, items, with_role,
};

/// Deepest level of entities inside entities that is searched.
const MAX_DEPTH: usize = 3;
/// Roles of the registrar, the most reliable first. Some servers use the term of EPP, the sponsoring client.
const ROLES: [&str; 2] = ["registrar", "sponsor"];

/// The registrar of a domain object: an entity with a name is better than one without.
pub(super) fn registrar(object: &Value) -> Option<Registrar> {
    let mut best: Option<Registrar> = None;
    for role in ROLES {
        for entity in entities(object, role, MAX_DEPTH) {
            let found = of_entity(entity, object);
            if found.name.is_some() {
                return Some(found);
            }
            best.get_or_insert(found);
        }
    }
    best
}

/// Entities with a role, the outer ones first.
fn entities<'v>(value: &'v Value, role: &'v str, depth: usize) -> Vec<&'v Value> {
    let mut found: Vec<&Value> = with_role(value, role).collect();
    if found.is_empty() && depth > 1 {
        let inner = items(&value["entities"]).flat_map(|inner| entities(inner, role, depth - 1));
        found.extend(inner);
    }
    found
}

fn of_entity(entity: &Value, object: &Value) -> Registrar {
    let card = Card::of(entity);
    let id = items(&entity["publicIds"]).find(|id| {
        id["type"]
            .as_str()
            .is_some_and(|kind| kind.to_lowercase().contains("iana"))
    });

    let id = id.and_then(|id| match &id["identifier"] {
        Value::String(text) => values::iana_id(text),
        Value::Number(number) => values::iana_id(&number.to_string()),
        _ => None,
    });

    // The abuse contact belongs to the registrar; a few servers put it next to the registrar.
    let is_registrar = ROLES.iter().any(|role| has(&entity["roles"], role));
    let abuse = with_role(entity, "abuse")
        .chain(with_role(object, "abuse"))
        .chain(Some(entity).filter(|_| is_registrar && has(&entity["roles"], "abuse")))
        .next()
        .map(Card::of)
        .unwrap_or_default();

    Registrar {
        name: card
            .name()
            .or_else(|| card.organization())
            .and_then(|name| values::registrar(&name)),
        iana_id: id,
        url: card.url(),
        abuse_email: abuse.email(),
        abuse_phone: abuse.phone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn entity(name: &str, roles: &[&str], inner: Value) -> Value {
        let card = json!(["vcard", [["fn", {}, "text", name]]]);
        json!({"roles": roles, "vcardArray": card, "entities": inner})
    }

    fn name(entities: Value) -> Option<String> {
        registrar(&json!({ "entities": entities })).and_then(|found| found.name)
    }

    #[test]
    fn finds_the_registrar_in_other_entities_and_under_another_role() {
        let shop = || entity("Shop Ltd", &["reseller"], json!([]));
        let sample = || entity("Sample Inc.", &["registrar"], json!([]));
        let sponsor = || entity("Sponsor Inc.", &["sponsor"], json!([]));
        for (entities, expected) in [
            (json!([shop(), sample()]), Some("Sample Inc.")),
            (
                json!([entity("X", &["technical"], json!([sample()]))]),
                Some("Sample Inc."),
            ),
            (json!([shop(), sponsor()]), Some("Sponsor Inc.")),
            (json!([sponsor(), sample()]), Some("Sample Inc.")),
            (
                json!([entity("", &["registrar"], json!([])), sponsor()]),
                Some("Sponsor Inc."),
            ),
            (
                json!([entity("No registrar listed", &["registrar"], json!([]))]),
                None,
            ),
            (json!([shop()]), None),
            (json!({"roles": "registrar"}), None),
        ] {
            assert_eq!(name(entities.clone()).as_deref(), expected, "{entities}");
        }
    }

    #[test]
    fn searches_three_levels() {
        let mut value = entity("Deep Inc.", &["registrar"], json!([]));
        for _ in 0..2 {
            value = entity("X", &["technical"], json!([value]));
        }
        assert_eq!(name(json!([value.clone()])).as_deref(), Some("Deep Inc."));
        assert_eq!(
            name(json!([entity("X", &["technical"], json!([value]))])),
            None
        );
    }
}
