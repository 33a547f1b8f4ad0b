//! The public SDKs, unmodified, against a running server: the proof that a connector works without being changed.
//!
//! Starts `astrolabe serve` on a free port with a data directory of its own and the merchants of `tests/sdk/merchant.toml`,
//! runs every client of `tests/sdk/`, stops the server, and has `astrolabe doctor` look at what they left.
//! The clients find the server in `ASTROLABE_URL`, and in `ASTROLABE_RECEIVER` where to listen for the platform's calls.
//! Called by `test`, `test wire` and `test sdk`.

mod server;

use std::fs;
use std::path::{Path, PathBuf};

use crate::checkout::Checkout;
use crate::failure::{Failure, OrFail, Outcome};
use crate::home::free_port;
use crate::install::{self, Python};
use crate::program::{Profile, Program};
use crate::run::Run;
use crate::say;

use server::Server;

const URL_VARIABLE: &str = "ASTROLABE_URL";
const RECEIVER_VARIABLE: &str = "ASTROLABE_RECEIVER";

/// Where the declaration has the platform's calls go. A run puts a free port in its place.
const DECLARED_RECEIVER: &str = "127.0.0.1:8190";

const REMEDY: &str = "read the failing test and the server's log above; `cargo xtask test sdk` runs it again";

/// The protocol's clock is China's, and SDKs send local time. Node brings its own time zones.
const NODE_ZONE: &str = "Asia/Shanghai";
/// Python asks the system, which may have no time zone files: this spelling needs none.
const PYTHON_ZONE: &str = "CST-8";

/// Where the clients meet the platform.
#[derive(Debug)]
struct Addresses {
    server: String,
    receiver: String,
}

pub(crate) fn run(checkout: &Checkout) -> Outcome {
    let program = Program::build(checkout, Profile::Quick)?;
    let node = install::node_packages(checkout, "tests/sdk/node", "the Node SDKs")?;
    let python = install::python_sdks(checkout)?;

    let data_dir = checkout.target("sdk-data");
    if data_dir.exists() {
        fs::remove_dir_all(&data_dir).or_fail(data_dir.display(), "remove it by hand")?;
    }
    let receiver = format!("127.0.0.1:{}", free_port()?);
    let merchants = declare_receiver(checkout, &receiver)?;
    program.run(["apply", "-f"]).arg(merchants).arg("--data-dir").arg(&data_dir).stdin_none().stream(REMEDY)?;

    let mut server = Server::start(&program, &data_dir, checkout.target("sdk-server.log"))?;
    let clients = run_clients(&node, &python, &Addresses { server: server.url(), receiver });
    if clients.is_err() {
        server.show_log();
    }
    clients?;
    server.stop()?;
    program.doctor(&data_dir)
}

/// The declaration with the address that this run listens at.
fn declare_receiver(checkout: &Checkout, receiver: &str) -> Outcome<PathBuf> {
    let declared = checkout.path("tests/sdk/merchant.toml");
    let text = fs::read_to_string(&declared).or_fail(declared.display(), "restore the file from git")?;
    if !text.contains(DECLARED_RECEIVER) {
        let happened = format!("{} sends no call to {DECLARED_RECEIVER}", declared.display());
        return Err(Failure::new(happened, "let file and command name the same address"));
    }
    let written = checkout.target("sdk-merchant.toml");
    let text = text.replace(DECLARED_RECEIVER, receiver);
    fs::write(&written, text).or_fail(written.display(), "make the target directory writable")?;
    Ok(written)
}

fn run_clients(node: &Path, python: &Python, addresses: &Addresses) -> Outcome {
    let client = |program: &Path, dir: &Path, zone: &str| {
        let run = Run::new(program).dir(dir).stdin_none().env("TZ", zone);
        run.env(URL_VARIABLE, &addresses.server).env(RECEIVER_VARIABLE, &addresses.receiver)
    };
    say::step("Running the Node SDKs and the XML client");
    let tests = ["--test", "top.test.mjs", "qimen.test.mjs", "modes.test.mjs"];
    client(Path::new("node"), node, NODE_ZONE).args(tests).stream(REMEDY)?;

    say::step("Running the Python SDKs");
    client(&python.interpreter, &python.tests, PYTHON_ZONE)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        // One of them leaves its sockets to the garbage collector, which says so for each.
        .env("PYTHONWARNINGS", "ignore::ResourceWarning")
        .args(["-m", "unittest", "-v"])
        .stream(REMEDY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_declaration_names_the_address_that_a_run_listens_at() {
        let checkout = Checkout::find();
        let declared = fs::read_to_string(checkout.path("tests/sdk/merchant.toml")).unwrap();
        assert!(declared.contains(DECLARED_RECEIVER));
        for client in ["node/merchant.mjs", "python/merchants.py"] {
            let text = fs::read_to_string(checkout.path("tests/sdk").join(client)).unwrap();
            assert!(text.contains(DECLARED_RECEIVER), "{client} listens elsewhere when run by hand");
        }
    }
}
