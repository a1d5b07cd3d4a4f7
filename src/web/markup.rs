//! Removes the indentation of templates from pages.

/// Elements whose text is shown as it is written.
const KEPT: [(&str, &str); 2] = [("<pre", "</pre>"), ("<textarea", "</textarea>")];

/// Before these white space means nothing.
const TABLE: [&str; 4] = ["<tr", "<th", "<td", "</tr"];

/// The page without the spaces at the beginnings of its lines, but for those in preformatted text.
pub fn without_indentation(page: &str) -> String {
    let mut lean = String::with_capacity(page.len());
    let mut rest = page;
    while let Some((at, end)) = KEPT.iter().filter_map(|(start, end)| Some((rest.find(start)?, end))).min_by_key(|(at, _)| *at) {
        strip(&rest[..at], &mut lean);
        let kept = &rest[at..];
        let to = kept.find(end).map_or(kept.len(), |found| found + end.len());
        lean.push_str(&kept[..to]);
        rest = &kept[to..];
    }
    strip(rest, &mut lean);
    // Many pages may wait for slow readers.
    lean.shrink_to_fit();
    lean
}

fn strip(markup: &str, lean: &mut String) {
    for (at, line) in markup.split('\n').enumerate() {
        if at == 0 {
            lean.push_str(line);
            continue;
        }
        let line = line.trim_start_matches(' ');
        if !lean.ends_with('\n') && !TABLE.iter().any(|tag| line.starts_with(tag)) {
            lean.push('\n');
        }
        lean.push_str(line);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indentation_goes_and_everything_else_stays() {
        for (page, lean) in [
            ("", ""),
            ("<p>\n    a  b\n  </p>\n", "<p>\na  b\n</p>\n"),
            ("  <a>\n\n\n  b</a>", "  <a>\nb</a>"),
            ("<b>x</b>   <i>y</i>", "<b>x</b>   <i>y</i>"),
            (
                "<div>\n  <pre>\n  a\n    b</pre>\n  <textarea>\n  c\n\n  d</textarea>\n  e",
                "<div>\n<pre>\n  a\n    b</pre>\n<textarea>\n  c\n\n  d</textarea>\ne",
            ),
            ("<textarea>\n  <pre> </textarea>\n  f", "<textarea>\n  <pre> </textarea>\nf"),
            ("<tr>\n  <th>a</th>\n  <td>b\n    c</td>\n</tr>\n", "<tr><th>a</th><td>b\nc</td></tr>\n"),
            ("<pre>\n  left open", "<pre>\n  left open"),
        ] {
            assert_eq!(without_indentation(page), lean);
        }
    }
}
