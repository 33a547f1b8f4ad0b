//! `astrolabe spi`: the calls to apps, for whoever brings a connector to life. It shows and tries; it changes nothing.

mod log;
mod shown;
mod trial;

pub(crate) use log::went;

use std::process::ExitCode;
use std::sync::Arc;

use astrolabe_core::ids::{AppKey, SellerId};
use astrolabe_server::app::App;
use astrolabe_server::config::LoadedConfig;
use astrolabe_server::outward::shown_addresses;
use astrolabe_store::{Environment, SpiAddress, SpiAddresses};

use crate::cli::{DatabaseArgs, SpiAction, SpiArgs, SpiShowArgs};
use crate::terminal::say;

/// Runs one of its commands.
pub(crate) async fn run(args: SpiArgs) -> Result<ExitCode, String> {
    match args.action {
        SpiAction::Show(args) => show(args).await,
        SpiAction::Test(args) => trial::run(args).await,
        SpiAction::Log(args) => log::run(args).await,
    }
}

async fn open(database: DatabaseArgs) -> Result<Arc<App>, String> {
    let LoadedConfig { config, .. } = database.load()?;
    astrolabe_server::open(&config).await.map_err(|error| error.to_string())
}

/// The sellers that an app serves, in order; `None`: no such app.
fn served_by(app: &App, key: &AppKey) -> Option<Vec<SellerId>> {
    let directory = app.directory.get();
    let mut sellers: Vec<SellerId> = directory.app(key)?.roles.keys().copied().collect();
    sellers.sort_unstable();
    Some(sellers)
}

async fn show(args: SpiShowArgs) -> Result<ExitCode, String> {
    let app = open(args.database).await?;
    let apps = app.store.directory().await.map_err(|error| error.to_string())?.apps;
    let wanted = |key: &AppKey| args.app.as_ref().is_none_or(|app| *app == key.0);
    let mut found = apps.iter().filter(|row| wanted(&row.key)).peekable();
    if let (Some(key), None) = (&args.app, found.peek()) {
        return Err(format!("app {key} is not registered"));
    }
    for row in found {
        let name = if row.name.is_empty() { String::new() } else { format!(" {}", row.name) };
        say(format!("app {}{name}, real calls go to {}", row.key, row.spi.in_use().name()));
        for line in address_lines(&shown_addresses(&row.spi)) {
            say(line);
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn address_lines(addresses: &SpiAddresses) -> Vec<String> {
    let own = [(Environment::Online, &addresses.online), (Environment::Test, &addresses.test)];
    let own = own.map(|(environment, address)| ("every SPI", environment, address));
    let bound = addresses.methods.iter().flat_map(|(method, bound)| {
        [(Environment::Online, &bound.online), (Environment::Test, &bound.test)]
            .map(|(environment, address)| (method.as_str(), environment, address))
    });
    let lines = own.into_iter().chain(bound).filter_map(|(what, environment, address)| {
        Some(format!("  {:<6} {what}: {}", environment.name(), address_line(address.as_ref()?)))
    });
    let lines: Vec<String> = lines.collect();
    if lines.is_empty() { vec!["  no address: it is not called".to_owned()] } else { lines }
}

fn address_line(address: &SpiAddress) -> String {
    let body = shown::body_name(address.body);
    let within = address.within_ms.map_or_else(String::new, |within| format!(", within {within} ms"));
    let headers: Vec<String> = address.headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    let headers = if headers.is_empty() { String::new() } else { format!(", signed headers {}", headers.join(", ")) };
    format!("{} as {body}{within}{headers}", address.url)
}
