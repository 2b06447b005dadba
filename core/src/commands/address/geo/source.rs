//! Where the locations in a reply come from: attributions, and what is not installed.

use netvane_document::{Block, Cell, Document};
use netvane_facts::geo::{ATTRIBUTION, DatabaseInfo, credit, lacks_cities};

use super::date;

/// Tells users how the operator gets cities.
const NO_CITIES: &str =
    "City data is not installed. To get it, run `netvane data update` where this service runs.";

/// Adds the attribution of the shipped data as a field, and the link that another database requires.
pub(crate) fn add_attribution(
    document: &mut Document,
    name: &'static str,
    databases: &[DatabaseInfo],
) {
    document.field(name, Cell::aside(ATTRIBUTION));
    add_credit(document, databases);
}

/// Adds the databases with their dates, and the attributions that their licenses require.
pub(super) fn add_databases(document: &mut Document, databases: &[DatabaseInfo]) {
    let describe = |database: &DatabaseInfo| {
        let built = database.built.as_deref().map_or("unknown date", date);
        format!("{} of {built}", database.name)
    };
    let names: Vec<String> = databases.iter().map(describe).collect();
    document.field(
        "Data",
        Cell::aside(format!("{}. {ATTRIBUTION}", names.join(", "))),
    );
    add_credit(document, databases);
}

/// Adds a note if no database has cities.
pub(super) fn note_missing_cities(document: &mut Document, databases: &[DatabaseInfo]) {
    if lacks_cities(databases) {
        document.note(NO_CITIES);
    }
}

fn add_credit(document: &mut Document, databases: &[DatabaseInfo]) {
    if let Some(credit) = credit(databases) {
        document.block(Block::Link {
            label: credit.text.into(),
            url: credit.url.into(),
        });
    }
}
