//! The server: doors in, lanes in the middle, workers out. It knows no SQL and decides nothing.
//!
//! `gateway/` and `api/` turn requests into commands, `app/` sends commands through their seller's lane, `workers/`
//! make calls outward and keep clocks, `outward/` says how one call is made, `declare/` brings a merchant into being from a file.

pub mod api;
pub mod app;
pub mod config;
pub mod declare;
pub mod gateway;
mod http;
pub mod outward;
mod workers;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use astrolabe_store::{StoreError, StoreTarget};
use thiserror::Error;

use crate::app::{App, Clock, Limits};
use crate::config::ServerConfig;
use crate::http::Listening;
use crate::workers::Workers;

/// Why a server did not start.
#[derive(Debug, Error)]
pub enum StartError {
    #[error("the database cannot be opened: {0}")]
    Store(#[from] StoreError),
    #[error("cannot listen on {address}: {error}")]
    Listen { address: SocketAddr, error: io::Error },
}

/// A server at work.
#[derive(Debug)]
pub struct RunningServer {
    pub app: Arc<App>,
    listening: Listening,
    workers: Workers,
}

/// The database a configuration names.
pub fn store_target(config: &ServerConfig) -> StoreTarget {
    match &config.database_url {
        Some(url) => StoreTarget::Url(url.clone()),
        None => StoreTarget::DataDir(config.data_dir.clone()),
    }
}

/// Opens the database named by the configuration, migrating it, and puts lanes in front of it. Nothing listens yet.
pub async fn open(config: &ServerConfig) -> Result<Arc<App>, StartError> {
    let store = astrolabe_store::open(&store_target(config)).await?;
    let limits = Limits {
        group_commands_max: config.group_commands_max,
        allow_private_addresses: config.allow_private_addresses,
        allowed_networks: config.allowed_networks.clone(),
        attempts_kept_days: config.attempts_kept_days,
        attempts_kept_newest: config.attempts_kept_newest,
    };
    Ok(App::new(store, Clock::System, config.node, limits).await?)
}

/// Opens, listens and works until [`RunningServer::stop`].
pub async fn start(config: &ServerConfig) -> Result<RunningServer, StartError> {
    api::install_metrics();
    let app = open(config).await?;
    app.store.give_up_leases(app.node).await?;
    serve(app, config.listen).await
}

/// Listens and works on an opened app.
pub async fn serve(app: Arc<App>, address: SocketAddr) -> Result<RunningServer, StartError> {
    let router = api::router(&app).merge(gateway::router(&app));
    let listening = http::listen(address, router).await.map_err(|error| StartError::Listen { address, error })?;
    let workers = Workers::start(&app);
    tracing::info!(address = %listening.address, database = app.store.kind(), "listening");
    Ok(RunningServer { app, listening, workers })
}

impl RunningServer {
    /// Where it listens: the real port where the configuration said 0.
    pub fn address(&self) -> SocketAddr {
        self.listening.address
    }

    /// Stops in the order that loses nothing: no new requests, running ones answered, attempts ended, lanes emptied.
    pub async fn stop(self) {
        self.listening.stop().await;
        self.workers.stop().await;
        self.app.lanes.drain().await;
    }
}
