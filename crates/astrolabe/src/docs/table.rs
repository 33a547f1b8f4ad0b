//! Tables in Markdown, for every generated page.

/// One line of a table.
pub(super) fn row(page: &mut String, cells: &[&str]) {
    page.push_str("| ");
    page.push_str(&cells.join(" | "));
    page.push_str(" |\n");
}

/// The first two lines of a table.
pub(super) fn head(page: &mut String, columns: &[&str]) {
    row(page, columns);
    row(page, &vec!["---"; columns.len()]);
}
