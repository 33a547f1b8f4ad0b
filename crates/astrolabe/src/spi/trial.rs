//! `astrolabe spi test`: one call, both sides, and where to look.

use std::process::ExitCode;

use astrolabe_core::ids::{AppKey, SellerId, Tid};
use astrolabe_server::app::App;
use astrolabe_server::outward::{Trial, TrialReport};
use astrolabe_store::{AttemptOutcome, BodyKind, Environment};

use crate::cli::{SpiEnvironment, SpiTestArgs};
use crate::spi::shown::{body_name, exchange_lines};
use crate::spi::{open, served_by};
use crate::terminal::say;

/// Makes the call. The exit code is 1 unless the app took it.
pub(super) async fn run(args: SpiTestArgs) -> Result<ExitCode, String> {
    let app = open(args.database.clone()).await?;
    let seller = seller_of(&app, &args)?;
    let trial = Trial {
        app: AppKey(args.app),
        seller,
        method: args.method,
        environment: args.env.map(|environment| match environment {
            SpiEnvironment::Online => Environment::Online,
            SpiEnvironment::Test => Environment::Test,
        }),
        body: match (args.form, args.json) {
            (true, _) => Some(BodyKind::Form),
            (false, true) => Some(BodyKind::Json),
            (false, false) => None,
        },
        tid: args.tid.map(Tid),
        fields: args.fields,
    };
    let report = trial.run(&app).await.map_err(|error| error.to_string())?;
    for line in story(&report) {
        say(line);
    }
    Ok(match report.outcome {
        AttemptOutcome::Delivered => ExitCode::SUCCESS,
        AttemptOutcome::Fault | AttemptOutcome::Refused | AttemptOutcome::Unreachable => ExitCode::FAILURE,
    })
}

fn seller_of(app: &App, args: &SpiTestArgs) -> Result<SellerId, String> {
    let key = AppKey(args.app.clone());
    let served = served_by(app, &key).ok_or_else(|| format!("app {key} is not registered"))?;
    match (args.seller, served.as_slice()) {
        (Some(seller), _) => Ok(SellerId(seller)),
        (None, [only]) => Ok(*only),
        (None, []) => Err(format!("app {key} serves no seller")),
        (None, [_, _, ..]) => Err(format!("app {key} serves several sellers: name one with --seller")),
    }
}

fn story(report: &TrialReport) -> Vec<String> {
    let TrialReport { method, environment, body, took, outcome, .. } = report;
    let mut lines = vec![format!("{method} to the {} address, as {}", environment.name(), body_name(*body))];
    lines.push(String::new());
    lines.extend(exchange_lines(&report.exchange));
    lines.push(String::new());
    let said = match &report.code {
        Some(code) => format!("code {code:?}, message {:?}, fields {}", report.message, report.fields),
        None => report.failure.clone(),
    };
    lines.push(format!("{} after {} ms: {said}", outcome.name(), took.0));
    lines.extend(report.advice.iter().map(|sentence| format!("  - {sentence}")));
    lines
}
