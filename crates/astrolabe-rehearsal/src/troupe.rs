//! Everybody around one merchant at once: opens their addresses, declares and seeds the merchant, plays until told to end.

use std::sync::Arc;

use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use crate::clock;
use crate::listener::Listener;
use crate::merchant::{Merchant, MerchantSpec, TradeMaker};
use crate::parties::{Addresses, Mode, Parties};
use crate::recorder::Recorder;
use crate::seed::{SeedError, Seeded, seed_over_wire};
use crate::standins::Stage;
use crate::standins::channel::Channel;
use crate::standins::isv::Isv;
use crate::standins::keeper::Keeper;
use crate::standins::pos::{Pos, RefundAnswers};
use crate::standins::till::Till;
use crate::tally::Tally;
use crate::temper::Temper;
use crate::wire::{BaseUrl, Http, NotAnAddress};

/// Why the parties cannot gather.
#[derive(Debug, thiserror::Error)]
pub enum GatherError {
    /// No port is free.
    #[error("no address for a stand-in: {0}")]
    Port(#[from] std::io::Error),
    /// An address that is not this machine's.
    #[error(transparent)]
    Address(#[from] NotAnAddress),
}

/// The parties of one merchant with their addresses open and nobody listening yet.
#[derive(Debug)]
pub struct Troupe {
    /// Who they are.
    pub parties: Parties,
    /// The merchant.
    pub merchant: Arc<Merchant>,
    addresses: Addresses,
    isv: Listener,
    pos: Listener,
    wms: Listener,
    channel: Listener,
}

impl Troupe {
    /// Opens the addresses.
    ///
    /// # Errors
    /// [`GatherError`].
    pub async fn gather(spec: &MerchantSpec, mode: Mode) -> Result<Self, GatherError> {
        let (isv, pos, wms, channel) =
            (Listener::open().await?, Listener::open().await?, Listener::open().await?, Listener::open().await?);
        let addresses = Addresses {
            isv: Some(isv.url("/spi")?),
            pos: Some(pos.url("/spi")?),
            wms: Some(wms.url("/spi")?),
            channel: Some(channel.url("/router/rest")?),
        };
        let parties = Parties::of(spec.seller, &spec.nick, mode);
        Ok(Self { parties, merchant: Arc::new(Merchant::generate(spec)), addresses, isv, pos, wms, channel })
    }

    /// What `astrolabe apply` is to be told.
    #[must_use]
    pub fn declaration(&self, settings: &[(&str, String)]) -> String {
        self.parties.declaration(&self.merchant.depots, &self.addresses, settings)
    }

    /// Seeds the merchant with its own connector.
    ///
    /// # Errors
    /// [`SeedError`].
    pub async fn seed(&self, http: &Http, server: &BaseUrl) -> Result<Seeded, SeedError> {
        let connector = self.parties.erp.connector(http, server, self.parties.seller);
        seed_over_wire(&connector, Arc::clone(&self.merchant)).await
    }

    /// Everybody takes a seat and the channel begins to push trades.
    #[must_use]
    pub fn perform(self, scene: Scene, seeded: &Seeded) -> Performance {
        let (curtain, stage) = scene.stage(&self.parties);
        let Scene { http, server, orders, .. } = &scene;
        let parties = &self.parties;
        let till = Arc::new(Till::new(parties.erp.connector(http, server, parties.seller), seeded, stage.clone()));
        let mut tasks = JoinSet::new();
        tasks.spawn(Arc::clone(&till).run());

        let isv = Isv::new(
            parties.isv.connector(http, server, parties.seller),
            parties.isv.key.as_str(),
            parties.isv.secret(),
            seeded,
            stage.clone(),
        );
        self.isv.seat(isv);
        let answers = if parties.mode.isv_allocates() { RefundAnswers::BySync } else { RefundAnswers::ByUpdate };
        for (listener, party) in [(&self.pos, &parties.pos), (&self.wms, &parties.wms)] {
            let connector = party.connector(http, server, parties.seller);
            listener.seat(Pos::new(connector, party.secret(), answers, Arc::clone(&till), stage.clone()));
        }
        if !parties.mode.pos_accepts() {
            let keeper =
                Keeper::new(http.clone(), server.clone(), &parties.merchant_token(), seeded, till, stage.clone());
            tasks.spawn(keeper.run());
        }
        let maker = TradeMaker::new(&self.merchant, clock::now().0 / 1_000);
        let channel = Channel::new(http.clone(), server.clone(), parties.clone(), maker, stage);
        self.channel.seat(Arc::clone(&channel) as Arc<dyn crate::listener::Party>);
        tasks.spawn(Arc::clone(&channel).run_desk());
        let pushing = tokio::spawn({
            let (channel, orders) = (Arc::clone(&channel), *orders);
            async move { channel.push_trades(orders).await }
        });
        let listeners = vec![self.isv, self.pos, self.wms, self.channel];
        Performance { parties: self.parties, channel, tally: scene.tally, curtain, pushing, tasks, listeners }
    }
}

/// Where and how they play.
#[derive(Debug, Clone)]
pub struct Scene {
    /// The HTTP client they share.
    pub http: Http,
    /// The platform.
    pub server: BaseUrl,
    /// Their tempers.
    pub temper: Arc<Temper>,
    /// Where acknowledged answers go.
    pub recorder: Arc<Recorder>,
    /// What they count.
    pub tally: Arc<Tally>,
    /// Trades the channel pushes.
    pub orders: usize,
}

impl Scene {
    fn stage(&self, parties: &Parties) -> (watch::Sender<bool>, Stage) {
        let (curtain, seen) = watch::channel(false);
        let stage = Stage {
            seller: parties.seller,
            temper: Arc::clone(&self.temper),
            tally: Arc::clone(&self.tally),
            recorder: Arc::clone(&self.recorder),
            curtain: seen,
        };
        (curtain, stage)
    }
}

/// A merchant's parties at play.
#[derive(Debug)]
pub struct Performance {
    /// Who they are.
    pub parties: Parties,
    /// What they counted.
    pub tally: Arc<Tally>,
    channel: Arc<Channel>,
    curtain: watch::Sender<bool>,
    pushing: JoinHandle<()>,
    tasks: JoinSet<()>,
    listeners: Vec<Listener>,
}

impl Performance {
    /// Whether the channel has pushed all its trades.
    #[must_use]
    pub fn all_pushed(&self) -> bool {
        self.pushing.is_finished()
    }

    /// Trades of which the channel does not know yet that they are done.
    #[must_use]
    pub fn open_trades(&self) -> usize {
        self.channel.open_trades()
    }

    /// Refunds asked, or about to be, that are not settled yet.
    #[must_use]
    pub fn open_refunds(&self) -> usize {
        self.channel.open_refunds()
    }

    /// Ends the play: nothing new is begun, the last reports go out, the addresses close.
    pub async fn end(mut self) {
        self.curtain.send_replace(true);
        if let Err(error) = self.pushing.await {
            tracing::warn!(%error, "the channel ended badly");
        }
        while let Some(ended) = self.tasks.join_next().await {
            if let Err(error) = ended {
                tracing::warn!(%error, "a stand-in ended badly");
            }
        }
        for listener in self.listeners {
            listener.close().await;
        }
    }
}
