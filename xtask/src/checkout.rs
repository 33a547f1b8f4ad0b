//! Where the checkout and its build output lie.

use std::env;
use std::path::{Path, PathBuf};

/// The checkout this binary was built from.
#[derive(Debug, Clone)]
pub(crate) struct Checkout {
    root: PathBuf,
    target: PathBuf,
}

impl Checkout {
    /// The root is known when this crate is compiled; the target directory may be moved by the environment, as for cargo itself.
    pub(crate) fn find() -> Self {
        let own = Path::new(env!("CARGO_MANIFEST_DIR"));
        let root = own.parent().unwrap_or(own).to_path_buf();
        let target = match env::var_os("CARGO_TARGET_DIR") {
            Some(moved) => root.join(moved),
            None => root.join("target"),
        };
        Self { root, target }
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// A path inside the checkout.
    pub(crate) fn path(&self, inside: &str) -> PathBuf {
        self.root.join(inside)
    }

    /// A path inside the target directory: everything a command writes lies there.
    pub(crate) fn target(&self, inside: &str) -> PathBuf {
        self.target.join(inside)
    }
}
