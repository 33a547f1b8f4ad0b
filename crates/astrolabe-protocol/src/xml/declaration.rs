//! The XML declaration, productions [23] to [32]. It is checked, not obeyed: who calls the reader has decoded the bytes by the
//! Content-Type, which outranks the declaration, and .NET declares UTF-16 over UTF-8 text.

use super::syntax::is_space;

/// A pseudo-attribute: its name, whether it must be there, and what it may say.
type Check = (&'static str, bool, fn(&str) -> bool);

/// Whether `content`, what stands between `<?` and `?>`, is a declaration.
pub(super) fn is_declaration(content: &str) -> bool {
    let Some(mut rest) = content.strip_prefix("xml") else { return false };
    let checks: [Check; 3] = [
        ("version", true, is_version),
        ("encoding", false, is_encoding_name),
        ("standalone", false, |value| matches!(value, "yes" | "no")),
    ];
    for (name, required, holds) in checks {
        match attribute(rest, name) {
            Some((value, behind)) if holds(value) => rest = behind,
            Some(_) => return false,
            None if required => return false,
            None => {}
        }
    }
    rest.chars().all(is_space)
}

/// Production [26].
fn is_version(value: &str) -> bool {
    value.strip_prefix("1.").is_some_and(|minor| !minor.is_empty() && minor.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Production [81].
fn is_encoding_name(value: &str) -> bool {
    let mut bytes = value.bytes();
    bytes.next().is_some_and(|first| first.is_ascii_alphabetic())
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
}

/// The value of `name="…"` behind white space at the beginning of `text`, and what stands behind it.
fn attribute<'t>(text: &'t str, name: &str) -> Option<(&'t str, &'t str)> {
    let written = text.trim_start_matches(is_space);
    if written.len() == text.len() {
        return None;
    }
    let equals = written.strip_prefix(name)?.trim_start_matches(is_space);
    let quoted = equals.strip_prefix('=')?.trim_start_matches(is_space);
    let quote = quoted.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    quoted[1..].split_once(quote)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declarations() {
        for (content, holds) in [
            ("xml version=\"1.0\"", true),
            ("xml version = '1.1' encoding='utf-16' standalone='no' ", true),
            ("xml\tversion='1.0'\nstandalone='yes'", true),
            ("xml version='1.0' encoding='GBK'", true),
            ("xml", false),
            ("xml encoding='utf-8'", false),
            ("xml version='1'", false),
            ("xml version='2.0'", false),
            ("xml version='1.'", false),
            ("xml version='1.0\"", false),
            ("xml version=1.0", false),
            ("xml version='1.0'encoding='utf-8'", false),
            ("xml version='1.0' encoding=' utf-8'", false),
            ("xml version='1.0' encoding=''", false),
            ("xml version='1.0' standalone='YES'", false),
            ("xml version='1.0' standalone='yes' encoding='utf-8'", false),
            ("xml version='1.0' version='1.0'", false),
            ("xml version='1.0' valid='no'", false),
            ("xmlversion='1.0'", false),
        ] {
            assert_eq!(is_declaration(content), holds, "{content}");
        }
    }
}
