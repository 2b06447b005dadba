//! The store with a million entries beside bare redb: time to open it, and to create an entry.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use anyhow::Context;
use netvane_core::store::{
    Store,
    bucket::{CHAT_UPDATES, RESULT_OWNERS},
};
use redb::{Database, TableDefinition};

use crate::table::{Row, Target};

const ENTRIES: usize = 1_000_000;

/// Entries that are created one after the other, and whose times are compared.
const CREATED: usize = 2_000;

/// Writes that are under way at a time while the store is filled.
const AT_ONCE: usize = 4_000;

const BARE: TableDefinition<&str, &[u8]> = TableDefinition::new("entries");

/// Fills a store, opens it again, and creates entries beside bare redb.
pub(crate) async fn measure(scratch: &Path) -> anyhow::Result<Vec<Row>> {
    let directory = scratch.join("state");
    let store = fill(&directory).await?;

    // What a process leaves behind that is killed: a file that was not closed.
    let crashed = scratch.join("crashed");
    std::fs::create_dir_all(&crashed)?;
    std::fs::copy(directory.join("state.redb"), crashed.join("state.redb"))?;
    drop(store);

    let store = reopen(&directory)?.0;
    let (_crashed, opened) = reopen(&crashed)?;

    let own = create(&store).await?;
    let bare = create_bare(&scratch.join("bare.redb"))?;
    let [own, bare] = [own, bare].map(|times| times.as_secs_f64() * 1e3);
    Ok(vec![
        Row {
            what: "opening a state of 1,000,000 after a crash",
            own: format!("{:.0} ms", opened.as_secs_f64() * 1e3),
            peer: String::new(),
            ratio: opened.as_secs_f64(),
            target: Target::AtMost(1.0),
        },
        Row {
            what: "creating an entry in it, p99",
            own: format!("{own:.2} ms"),
            peer: format!("{bare:.2} ms bare redb"),
            ratio: own / bare,
            target: Target::AtMost(2.0),
        },
    ])
}

async fn fill(directory: &Path) -> anyhow::Result<Store> {
    let store = Store::open(directory)?;
    let value = serde_json::json!({ "handled": true });
    for first in (0..ENTRIES).step_by(AT_ONCE) {
        let writes = (first..first + AT_ONCE).map(|number| {
            let (store, value) = (store.clone(), &value);
            async move { store.put(&CHAT_UPDATES, &key(number), value).await }
        });
        futures::future::try_join_all(writes).await?;
    }
    Ok(store)
}

/// Opens the file; the writing thread of the filled store lets go of it on its own time.
fn reopen(directory: &Path) -> anyhow::Result<(Store, Duration)> {
    let end = Instant::now() + Duration::from_secs(60);
    loop {
        let started = Instant::now();
        match Store::open(directory) {
            Err(error) if Instant::now() > end => return Err(error.into()),
            Err(_) => std::thread::sleep(Duration::from_millis(1)),
            Ok(store) => return Ok((store, started.elapsed())),
        }
    }
}

async fn create(store: &Store) -> anyhow::Result<Duration> {
    let mut times = Vec::with_capacity(CREATED);
    for number in 0..CREATED {
        let started = Instant::now();
        store.create(&RESULT_OWNERS, &key(number), &true).await?;
        times.push(started.elapsed());
    }
    p99(times)
}

fn create_bare(file: &Path) -> anyhow::Result<Duration> {
    let database = Database::create(file)?;
    let transaction = database.begin_write()?;
    {
        let mut table = transaction.open_table(BARE)?;
        for number in 0..ENTRIES {
            let value = b"{\"handled\":true}".as_slice();
            table.insert(format!("filled/{}", key(number)).as_str(), value)?;
        }
    }
    transaction.commit()?;

    let mut times = Vec::with_capacity(CREATED);
    for number in 0..CREATED {
        let started = Instant::now();
        let transaction = database.begin_write()?;
        transaction
            .open_table(BARE)?
            .insert(key(number).as_str(), b"true".as_slice())?;
        transaction.commit()?;
        times.push(started.elapsed());
    }
    p99(times)
}

fn key(number: usize) -> String {
    format!("telegram/{number:012}")
}

fn p99(mut times: Vec<Duration>) -> anyhow::Result<Duration> {
    times.sort_unstable();
    times
        .get(times.len() * 99 / 100)
        .copied()
        .context("no times")
}
