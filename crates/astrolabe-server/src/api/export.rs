//! A table that leaves as a file: CSV or a workbook. Called by every list and report that can be taken away.

use axum::http::header;
use axum::response::{IntoResponse, Response};
use rust_xlsxwriter::{Format, Workbook, XlsxError};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::api::failure::ApiFailure;

/// What a file is asked as; JSON is the body of the endpoint itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum FileFormat {
    #[default]
    Json,
    Csv,
    Xlsx,
}

/// One cell. Numbers stay numbers in a workbook.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Cell {
    Text(String),
    Whole(i64),
    /// Money in fen, written as yuan with two places.
    Fen(i64),
    /// A share or an average.
    Number(f64),
    Empty,
}

/// Rows under titles. Every row has as many cells as there are titles.
#[derive(Clone, PartialEq, Debug, Default)]
pub(crate) struct Table {
    /// The file's name, without its ending.
    pub(crate) name: String,
    pub(crate) titles: Vec<String>,
    pub(crate) rows: Vec<Vec<Cell>>,
}

impl Table {
    /// The file, as a download. `None` where JSON was asked.
    pub(crate) fn file(&self, format: FileFormat) -> Result<Option<Response>, ApiFailure> {
        Ok(match format {
            FileFormat::Json => None,
            FileFormat::Csv => Some(self.download("csv", "text/csv; charset=utf-8", self.csv()?)),
            FileFormat::Xlsx => {
                let kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
                let bytes = self.xlsx().map_err(|error| ApiFailure::fault(&error))?;
                Some(self.download("xlsx", kind, bytes))
            }
        })
    }

    fn download(&self, ending: &str, kind: &'static str, bytes: Vec<u8>) -> Response {
        let disposition = format!("attachment; filename=\"{}.{ending}\"", self.name);
        ([(header::CONTENT_TYPE, kind.to_owned()), (header::CONTENT_DISPOSITION, disposition)], bytes).into_response()
    }

    /// With a byte order mark: without it the usual spreadsheet program reads Chinese as something else.
    fn csv(&self) -> Result<Vec<u8>, ApiFailure> {
        let mut writer = csv::Writer::from_writer("\u{feff}".as_bytes().to_vec());
        let written = writer
            .write_record(&self.titles)
            .and_then(|()| self.rows.iter().try_for_each(|row| writer.write_record(row.iter().map(Cell::csv_text))));
        written.map_err(|error| ApiFailure::fault(&error))?;
        writer.into_inner().map_err(|error| ApiFailure::fault(&error))
    }

    fn xlsx(&self) -> Result<Vec<u8>, XlsxError> {
        let mut book = Workbook::new();
        let money = Format::new().set_num_format("0.00");
        let heading = Format::new().set_bold();
        let sheet = book.add_worksheet();
        sheet.set_freeze_panes(1, 0)?;
        for (column, title) in (0..).zip(&self.titles) {
            sheet.write_with_format(0, column, title, &heading)?;
        }
        for (line, row) in (1..).zip(&self.rows) {
            for (column, cell) in (0..).zip(row) {
                match cell {
                    Cell::Text(text) => sheet.write(line, column, text)?,
                    // Beyond 2^53 a workbook's number would be another one.
                    Cell::Whole(number) if number.unsigned_abs() > 1 << 53 => {
                        sheet.write(line, column, number.to_string())?
                    }
                    Cell::Whole(number) => sheet.write(line, column, *number)?,
                    Cell::Fen(_) => {
                        let yuan: f64 = cell.csv_text().parse().unwrap_or(f64::NAN);
                        sheet.write_with_format(line, column, yuan, &money)?
                    }
                    Cell::Number(number) => sheet.write(line, column, *number)?,
                    Cell::Empty => continue,
                };
            }
        }
        sheet.autofit();
        book.save_to_buffer()
    }
}

impl Cell {
    /// The text of a CSV cell. One that a spreadsheet would take for a formula is marked as text.
    fn csv_text(&self) -> String {
        match self {
            Cell::Text(text) if text.starts_with(['=', '+', '-', '@', '\t', '\r']) => format!("'{text}"),
            Cell::Text(text) => text.clone(),
            Cell::Whole(number) => number.to_string(),
            Cell::Fen(fen) => {
                let sign = if *fen < 0 { "-" } else { "" };
                format!("{sign}{}.{:02}", fen.unsigned_abs() / 100, fen.unsigned_abs() % 100)
            }
            Cell::Number(number) => number.to_string(),
            Cell::Empty => String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_never_a_formula_and_money_is_exact() {
        let table = Table {
            name: "t".to_owned(),
            titles: vec!["a".to_owned(), "b".to_owned(), "c".to_owned()],
            rows: vec![
                vec![Cell::Text("=1+1".to_owned()), Cell::Fen(-5), Cell::Whole(-3)],
                vec![Cell::Text("店,\"一\"".to_owned()), Cell::Fen(9_007_199_254_740_993), Cell::Empty],
            ],
        };
        let text = String::from_utf8(table.csv().unwrap()).unwrap();
        assert_eq!(text, "\u{feff}a,b,c\n'=1+1,-0.05,-3\n\"店,\"\"一\"\"\",90071992547409.93,\n");
        assert!(table.xlsx().unwrap().starts_with(b"PK"));
    }
}
