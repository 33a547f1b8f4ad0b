//! Plays a POS against a running platform: hears allocations at an address of its own, accepts, refuses, ships.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use astrolabe_protocol::{AppKey, Secret};
use tokio::sync::watch;

use super::Tempo;
use super::report::PartyReport;
use crate::ids::SellerId;
use crate::listener::{Listener, Party};
use crate::merchant::Merchant;
use crate::recorder::Recorder;
use crate::seed::Seeded;
use crate::standins::Stage;
use crate::standins::pos::{Pos, RefundAnswers};
use crate::standins::till::Till;
use crate::tally::{Counted, Tally};
use crate::temper::Temper;
use crate::wire::{Connector, Http, LocalUrl};

/// Which POS to play, and where.
#[derive(Debug, Clone)]
pub struct PosSpec {
    /// The platform.
    pub server: LocalUrl,
    /// Where the platform is to send its calls (the app's SPI address, path `/spi`).
    pub listen: SocketAddr,
    /// The app's key.
    pub app_key: AppKey,
    /// Its secret.
    pub secret: Secret,
    /// The session for the seller.
    pub session: String,
    /// The seller.
    pub seller: SellerId,
    /// How long; the rate is the platform's.
    pub tempo: Tempo,
    /// How it behaves.
    pub temper: Temper,
}

/// Plays it for the tempo's seconds.
///
/// # Errors
/// The address cannot be opened.
pub async fn play_pos(http: &Http, spec: &PosSpec) -> std::io::Result<PartyReport> {
    let listener = Listener::open_at(spec.listen).await?;
    let (curtain, seen) = watch::channel(false);
    let tally = Arc::new(Tally::default());
    let stage = Stage {
        seller: spec.seller,
        temper: Arc::new(spec.temper.clone()),
        tally: Arc::clone(&tally),
        recorder: Arc::new(Recorder::none()),
        curtain: seen,
    };
    let connector = Connector::new(
        http.clone(),
        spec.server.clone(),
        spec.app_key.clone(),
        spec.secret.clone(),
        &spec.session,
        spec.seller,
    );
    // No shelves of its own: the merchant's stock is known to the merchant only.
    let merchant = Arc::new(Merchant::with_items(spec.temper.seed, spec.seller, "", Vec::new()));
    let till = Arc::new(Till::new(connector.clone(), &Seeded { merchant, stores: Vec::new() }, stage.clone()));
    let pos = Pos::new(connector, spec.secret.clone(), RefundAnswers::ByUpdate, till, stage);
    listener.seat(pos as Arc<dyn Party>);
    tokio::time::sleep(Duration::from_secs(spec.tempo.seconds)).await;
    curtain.send_replace(true);
    listener.close().await;
    let mut report = PartyReport::of_tally(&tally);
    let heard = tally.get(Counted::OffersHeard);
    report.notes.push(format!(
        "{heard} offers heard, {} accepted, {} refused, {} left unanswered on purpose, {} shipped, {} overtaken, {} calls with a wrong signature",
        tally.get(Counted::Accepted),
        tally.get(Counted::Refused),
        tally.get(Counted::Silent),
        tally.get(Counted::Shipped),
        tally.get(Counted::Overtaken),
        tally.get(Counted::BadSignatures)
    ));
    Ok(report)
}
