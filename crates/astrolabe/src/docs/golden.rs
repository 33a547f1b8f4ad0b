//! The golden exchanges that the server's tests keep, as far as the pages show them: which shapes a method was spoken to in,
//! and what was said.

use std::path::Path;

use astrolabe_protocol::Method;
use astrolabe_protocol::catalogue::Doors;

/// Where they lie, from the checkout's root.
const FOLDER: &str = "crates/astrolabe-server/tests/golden";

/// A way of speaking to a method: the column's head, the section in the golden files, whether every method is served in it.
pub(super) struct Shape {
    pub(super) column: &'static str,
    pub(super) section: &'static str,
    pub(super) of_every_method: bool,
}

const fn shape(column: &'static str, section: &'static str, of_every_method: bool) -> Shape {
    Shape { column, section, of_every_method }
}

/// Every way.
pub(super) const SHAPES: [Shape; 8] = [
    shape("TOP, XML", "TOP form, XML answer", true),
    shape("TOP, JSON", TOP_JSON, true),
    shape("TOP, simplified", "TOP form, simplified JSON answer", true),
    shape("TOP, GET", "TOP GET, JSON answer", true),
    shape("TOP, multipart", "TOP multipart, JSON answer", true),
    shape("Qimen", QIMEN, false),
    shape("cloud, form", "Qimen cloud form", false),
    shape("cloud, JSON", "Qimen cloud JSON", false),
];

/// The section that most connectors want to see.
pub(super) const TOP_JSON: &str = "TOP form, JSON answer";
/// The section of classic Qimen.
pub(super) const QIMEN: &str = "Qimen XML";

impl Shape {
    /// Whether the method is served in it at all.
    pub(super) fn is_of(&self, method: &Method) -> bool {
        match method.doors {
            Doors::TopAndQimen => true,
            Doors::Top => self.of_every_method,
            Doors::Spi => false,
        }
    }
}

/// One golden file.
pub(super) struct Golden {
    name: String,
    text: String,
}

impl Golden {
    /// What was said to a method.
    pub(super) fn of(root: &Path, method: &Method) -> Result<Self, String> {
        Self::read(root, method.name.to_owned())
    }

    /// What a method said to others.
    pub(super) fn outward(root: &Path, method: &Method) -> Result<Self, String> {
        Self::read(root, format!("outward-{}", method.name))
    }

    fn read(root: &Path, name: String) -> Result<Self, String> {
        let file = root.join(FOLDER).join(format!("{name}.md"));
        let text = std::fs::read_to_string(&file).map_err(|error| {
            format!("{}: {error}; the server's wire tests write it (ASTROLABE_BLESS=1)", file.display())
        })?;
        Ok(Self { name, text })
    }

    /// A link to a section, from a folder so many levels below the root.
    pub(super) fn link(&self, section: &str, levels: usize) -> Result<String, String> {
        self.section(section)?;
        Ok(format!("{}{FOLDER}/{}.md#{}", "../".repeat(levels), self.name, anchor(section)))
    }

    /// The text under a section's title.
    pub(super) fn section(&self, title: &str) -> Result<&str, String> {
        let mark = format!("\n## {title}\n");
        let (_, after) = self.text.split_once(&mark).ok_or_else(|| format!("{} has no section {title}", self.name))?;
        Ok(after.split("\n## ").next().unwrap_or(after).trim())
    }
}

/// The anchor that is made of a heading.
fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter(|character| character.is_alphanumeric() || matches!(character, ' ' | '-'));
    kept.collect::<String>().to_lowercase().replace(' ', "-")
}
