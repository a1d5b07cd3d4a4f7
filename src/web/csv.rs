//! Lines of a CSV file that a spreadsheet shows and does not run (RFC 4180, with CRLF). A file begins with [`BOM`], so that
//! Excel reads it as UTF-8; there is never a `sep=` line, which would undo that.

/// The first bytes of a file.
pub const BOM: &str = "\u{feff}";

#[derive(Debug, Clone, Copy)]
pub enum CsvCell<'a> {
    /// What somebody typed or a client sent: it must not become a formula.
    Text(&'a str),
    /// A moment, a number, or an ID that Muster made.
    Exact(&'a str),
}

/// Adds a line.
pub fn line(out: &mut String, cells: &[CsvCell<'_>]) {
    for (at, cell) in cells.iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        match cell {
            CsvCell::Exact(text) => quoted(out, "", text),
            CsvCell::Text(text) => quoted(out, if would_run(text) { "'" } else { "" }, text),
        }
    }
    out.push_str("\r\n");
}

/// Whether a spreadsheet may take it for a formula, full-width signs among the beginnings.
fn would_run(text: &str) -> bool {
    text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'])
}

fn quoted(out: &mut String, lead: &str, text: &str) {
    if lead.is_empty() && !text.contains(['"', ',', ';', '\r', '\n', '\t']) && text.trim() == text {
        out.push_str(text);
        return;
    }
    out.push('"');
    out.push_str(lead);
    out.push_str(&text.replace('"', "\"\""));
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(cell: CsvCell<'_>) -> String {
        let mut out = String::new();
        line(&mut out, &[cell]);
        out.trim_end_matches("\r\n").to_owned()
    }

    #[test]
    fn nothing_runs_and_numbers_stay_numbers() {
        for (text, written) in [
            ("=1+1", "\"'=1+1\""),
            ("\t=HYPERLINK(\"x\")", "\"'\t=HYPERLINK(\"\"x\"\")\""),
            ("+ops@example.org", "\"'+ops@example.org\""),
            ("@SUM(1)", "\"'@SUM(1)\""),
            ("-5", "\"'-5\""),
            ("\r=1", "\"'\r=1\""),
            ("\n-1", "\"'\n-1\""),
            ("＝1", "\"'＝1\""),
            ("＋1", "\"'＋1\""),
            ("a \"b\"", "\"a \"\"b\"\"\""),
            ("a\nb", "\"a\nb\""),
            ("a;b", "\"a;b\""),
            (" a", "\" a\""),
            ("plain 1=1", "plain 1=1"),
            ("", ""),
        ] {
            assert_eq!(one(CsvCell::Text(text)), written, "{text:?}");
        }
        assert_eq!(one(CsvCell::Exact("-5")), "-5");
    }

    #[test]
    fn lines_end_in_crlf() {
        let mut out = String::new();
        line(&mut out, &[CsvCell::Exact("1"), CsvCell::Text("Zoë Ångström")]);
        assert_eq!(out, "1,Zoë Ångström\r\n");
    }
}
