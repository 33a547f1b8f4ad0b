//! `astrolabe rehearse`: drives an ISV's or a POS's SPI address as the platform would, or plays one party of the protocol for an
//! Astrolabe, and reports by method. Exit code 0: nothing wrong was found; 1: something was.

mod args;
mod live;
mod show;

use std::process::ExitCode;

use astrolabe_rehearsal::ids::SellerId;
use astrolabe_rehearsal::parties::{Mode, Parties};
use astrolabe_rehearsal::recorder;
use astrolabe_rehearsal::rehearse::{PlaySpec, Report, Role, drive, play_channel, play_isv, play_pos};
use astrolabe_rehearsal::verify::verify;
use astrolabe_rehearsal::wire::Http;

use self::args::{OutcomeArgs, Party, PartyArgs, Plan, VerifyArgs, address};
use crate::terminal::say;

pub(crate) use self::args::RehearseArgs;

/// Rehearses and reports; a failed rehearsal is exit code 1.
pub(crate) async fn run(args: RehearseArgs) -> Result<ExitCode, String> {
    let http = Http::new().map_err(|error| error.to_string())?;
    match args.party {
        Party::Isv(args) => tell(&party(&http, &args, Role::Isv).await?, &args.outcome),
        Party::Pos(args) => tell(&party(&http, &args, Role::Pos).await?, &args.outcome),
        Party::Channel(args) => tell(&play_channel(&http, &args.spec()?).await, &args.outcome),
        Party::Verify(args) => check(&http, &args).await,
    }
}

async fn party(http: &Http, args: &PartyArgs, role: Role) -> Result<Report, String> {
    match args.plan(role)? {
        Plan::Drive(spec) => Ok(drive(http, &spec).await),
        Plan::Live(spec) => live::rehearse(http, spec).await,
        Plan::Play(spec) => play(http, &spec, role).await,
    }
}

async fn play(http: &Http, spec: &PlaySpec, role: Role) -> Result<Report, String> {
    let (name, listen, seconds) = (role.name(), spec.listen, spec.tempo.seconds);
    say(format!("playing the {name} for {}: http://{listen}/spi hears it for {seconds} s", spec.server));
    let played = match role {
        Role::Isv => play_isv(http, spec).await,
        Role::Pos => play_pos(http, spec).await,
    };
    played.map_err(|error| format!("cannot listen on {listen}: {error}"))
}

/// Shows the report, writes it where asked, and gives the exit code.
fn tell(report: &Report, outcome: &OutcomeArgs) -> Result<ExitCode, String> {
    show::lines(report).iter().for_each(say);
    for path in &outcome.reports {
        report.write(path).map_err(|error| error.to_string())?;
        say(format!("report: {}", path.display()));
    }
    Ok(if report.passed() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn check(http: &Http, args: &VerifyArgs) -> Result<ExitCode, String> {
    let facts = recorder::read(&args.record).map_err(|error| format!("{}: {error}", args.record.display()))?;
    let sellers: std::collections::BTreeSet<SellerId> = facts.iter().map(|known| known.seller).collect();
    // Tokens and keys follow from the seller alone; the mode does not matter for looking.
    let parties: Vec<Parties> =
        sellers.into_iter().map(|seller| Parties::of(seller, "", Mode::PlatformKeeper)).collect();
    let verdict = verify(http, &address(&args.server)?, &parties, &facts).await.map_err(|error| error.to_string())?;
    verdict.named.iter().for_each(|lost| say(format!("lost: {lost}")));
    say(format!("{} acknowledged facts asked after, {} lost", verdict.asked, verdict.lost));
    Ok(if verdict.lost == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
