//! `astrolabe docs` (hidden): writes the generated pages, or says which are stale.

mod methods;
mod states;

use std::path::Path;
use std::process::ExitCode;

use crate::cli::DocsArgs;
use crate::terminal::say;

/// Writes or checks every generated page under the root.
pub(crate) fn run(args: DocsArgs) -> Result<ExitCode, String> {
    let mut stale = Vec::new();
    for (path, content) in pages()? {
        let file = args.root.join(path);
        let present = std::fs::read_to_string(&file).unwrap_or_default();
        if present == content {
            continue;
        }
        stale.push(path);
        if !args.check {
            write(&file, &content)?;
            say(format!("wrote {path}"));
        }
    }
    if args.check && !stale.is_empty() {
        say(format!("stale: {}; run `cargo xtask codegen`", stale.join(", ")));
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

fn pages() -> Result<Vec<(&'static str, String)>, String> {
    let description = astrolabe_server::api::description();
    let openapi = description.to_pretty_json().map_err(|error| error.to_string())?;
    Ok(vec![
        ("openapi.json", openapi + "\n"),
        ("docs/errors.md", astrolabe_server::gateway::errors_markdown()),
        ("docs/methods.md", methods::page()),
        ("docs/states.md", states::page()),
    ])
}

fn write(file: &Path, content: &str) -> Result<(), String> {
    let problem = |error: std::io::Error| format!("cannot write {}: {error}", file.display());
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder).map_err(problem)?;
    }
    std::fs::write(file, content).map_err(problem)
}
