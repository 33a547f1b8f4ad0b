//! `astrolabe docs` (hidden): writes the generated pages, or says which are stale.

mod fields;
mod golden;
mod methods;
mod protocol;
mod states;
mod table;
mod who_reports;

use std::path::Path;
use std::process::ExitCode;

use astrolabe_protocol::catalogue::CHAPTERS;

use crate::cli::DocsArgs;
use crate::terminal::say;

/// Writes or checks every generated page under the root.
pub(crate) fn run(args: DocsArgs) -> Result<ExitCode, String> {
    let mut stale = Vec::new();
    for (path, content) in pages(&args.root)? {
        let file = args.root.join(&path);
        let present = std::fs::read_to_string(&file).unwrap_or_default();
        if present == content {
            continue;
        }
        if !args.check {
            write(&file, &content)?;
            say(format!("wrote {path}"));
        }
        stale.push(path);
    }
    if args.check && !stale.is_empty() {
        say(format!("stale: {}; run `cargo xtask codegen`", stale.join(", ")));
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

fn pages(root: &Path) -> Result<Vec<(String, String)>, String> {
    let description = astrolabe_server::api::description();
    let openapi = description.to_pretty_json().map_err(|error| error.to_string())?;
    let mut pages = vec![
        ("openapi.json".to_owned(), openapi + "\n"),
        ("docs/errors.md".to_owned(), astrolabe_server::gateway::errors_markdown()),
        ("docs/methods.md".to_owned(), methods::page(root)?),
        ("docs/states.md".to_owned(), states::page()),
    ];
    for chapter in CHAPTERS {
        pages.push((format!("docs/protocol/{}.md", chapter.name), protocol::page(root, chapter)?));
    }
    Ok(pages)
}

fn write(file: &Path, content: &str) -> Result<(), String> {
    let problem = |error: std::io::Error| format!("cannot write {}: {error}", file.display());
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder).map_err(problem)?;
    }
    std::fs::write(file, content).map_err(problem)
}
