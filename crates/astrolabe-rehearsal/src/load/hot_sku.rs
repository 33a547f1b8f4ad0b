//! Everybody wants the same cell: each connection reserves one unit of one SKU and releases it again. Both are durable steps on
//! the same row, so both are counted.

use std::time::Instant;

use astrolabe_protocol::Fields;
use astrolabe_protocol::client::Credentials;
use tokio::task::JoinSet;

use crate::clock;
use crate::ids::Listing;
use crate::load::pace::wait_until;
use crate::load::{Caller, Line, LoadError, LoadSpec, Report, Schedule, Seen, gather};

/// Seconds a hold lasts: longer than any run, so that none expires under way.
const TTL_SECONDS: i64 = 1_800;

/// Puts the load on one listing.
///
/// # Errors
/// [`LoadError`]; refused calls are errors in the report instead.
pub async fn run(spec: &LoadSpec, credentials: &Credentials, listing: Listing) -> Result<Report, LoadError> {
    let reserve = Caller::new("astrolabe.stock.reserve", credentials)?;
    let release = Caller::new("astrolabe.stock.release", credentials)?;
    let mut lines = Vec::with_capacity(spec.connections);
    for _ in 0..spec.connections {
        lines.push(Line::open(&spec.server).await?);
    }
    let run = clock::now().0;
    let schedule = Schedule::start(spec.pace, spec.window);
    let mut tasks = JoinSet::new();
    for (number, line) in lines.into_iter().enumerate() {
        let client = Client {
            reserve: reserve.clone(),
            release: release.clone(),
            listing,
            prefix: format!("HOT-{run}-{number}"),
            schedule: schedule.clone(),
        };
        tasks.spawn(client.run(line));
    }
    let seen = gather(tasks).await;
    Ok(Report::of("hot-sku", "durable steps", spec.connections, spec.offered(), schedule.seconds(), seen))
}

struct Client {
    reserve: Caller,
    release: Caller,
    listing: Listing,
    prefix: String,
    schedule: Schedule,
}

impl Client {
    async fn run(self, mut line: Line) -> Seen {
        let mut seen = Seen::default();
        for number in 0_u64.. {
            let key = format!("{}-{number}", self.prefix);
            let reserve = Fields::new()
                .with("reserve_key", key.as_str())
                .with("item_id", self.listing.item.0)
                .with_opt("sku_id", Some(self.listing.sku.0).filter(|sku| *sku != 0))
                .with("quantity", 1_i64)
                .with("ttl_seconds", TTL_SECONDS);
            let release = Fields::new().with("reserve_key", key);
            for (name, caller, fields) in [("reserve", &self.reserve, &reserve), ("release", &self.release, &release)] {
                let Some(due) = self.schedule.next_due() else { return seen };
                wait_until(due).await;
                let outcome = caller.call(&mut line, fields).await;
                let ended = Instant::now();
                match outcome {
                    Ok(()) if self.schedule.counts(ended) => {
                        seen.step(name, ended - due);
                        seen.done();
                    }
                    Ok(()) => {}
                    Err(error) if error.is_refusal() => {
                        // A refused step leaves nothing to go on with: the next key.
                        seen.error(format!("{name}: {error}"));
                        break;
                    }
                    Err(error) => {
                        seen.error(format!("{name}: {error}"));
                        return seen;
                    }
                }
            }
        }
        seen
    }
}
