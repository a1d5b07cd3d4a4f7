//! Reads the subset of Markdown that the help is written in: headings, paragraphs, lists, tables, fenced text and code between
//! backticks. A line `---` begins what stands beside the page.

use crate::web::view::Text;

/// A help page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Document {
    pub title: String,
    pub lede: Vec<Text>,
    pub sections: Vec<Section>,
    /// Beside them.
    pub aside: Vec<Section>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Section {
    /// The id of its heading, made from the title.
    pub id: String,
    pub title: String,
    pub blocks: Vec<Block>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Block {
    Paragraph(Vec<Text>),
    List(Vec<Vec<Text>>),
    Table {
        head: Vec<String>,
        rows: Vec<Vec<Vec<Text>>>,
    },
    /// Text to copy; `id` names its element.
    Snippet {
        id: String,
        title: String,
        text: String,
    },
}

impl Document {
    pub fn parse(source: &str) -> Self {
        let mut document = Self::default();
        let (mut is_aside, mut snippets) = (false, 0);
        let mut lines = source.lines().peekable();
        while let Some(line) = lines.next() {
            if let Some(title) = line.strip_prefix("# ") {
                title.clone_into(&mut document.title);
            } else if let Some(title) = line.strip_prefix("## ") {
                document.side(is_aside).push(Section { id: slug(title), title: title.to_owned(), blocks: Vec::new() });
            } else if line == "---" {
                is_aside = true;
            } else if let Some(title) = line.strip_prefix("``` ") {
                snippets += 1;
                let text: String = lines.by_ref().take_while(|line| *line != "```").map(|line| format!("{line}\n")).collect();
                document.add(is_aside, Block::Snippet { id: format!("snippet-{snippets}"), title: title.to_owned(), text });
            } else if let Some(item) = line.strip_prefix("- ") {
                let mut items = vec![pieces(item)];
                while let Some(item) = lines.peek().and_then(|line| line.strip_prefix("- ")) {
                    items.push(pieces(item));
                    lines.next();
                }
                document.add(is_aside, Block::List(items));
            } else if line.starts_with("| ") {
                let head = cells(line).map(str::to_owned).collect();
                // The line below the head says only that it is one.
                lines.next();
                let mut rows = Vec::new();
                while let Some(row) = lines.peek().filter(|line| line.starts_with("| ")) {
                    rows.push(cells(row).map(pieces).collect());
                    lines.next();
                }
                document.add(is_aside, Block::Table { head, rows });
            } else if !line.is_empty() {
                document.add(is_aside, Block::Paragraph(pieces(line)));
            }
        }
        document
    }

    fn side(&mut self, is_aside: bool) -> &mut Vec<Section> {
        if is_aside { &mut self.aside } else { &mut self.sections }
    }

    fn add(&mut self, is_aside: bool, block: Block) {
        match (self.side(is_aside).last_mut(), block) {
            (Some(section), block) => section.blocks.push(block),
            (None, Block::Paragraph(text)) => self.lede = text,
            (None, _) => {}
        }
    }
}

/// The text for a terminal: paragraphs in lines of at most 100 characters, everything else as it is.
pub fn wrapped(source: &str) -> String {
    const WIDTH: usize = 100;
    let (mut text, mut is_fenced) = (String::new(), false);
    for line in source.lines() {
        is_fenced ^= line.starts_with("```");
        if is_fenced || line.starts_with("| ") {
            text.push_str(line);
        } else {
            let mut column = 0;
            for word in line.trim_end().split(' ') {
                let length = word.chars().count();
                if column > 0 {
                    let breaks = column + 1 + length > WIDTH;
                    text.push(if breaks { '\n' } else { ' ' });
                    column = if breaks { 0 } else { column + 1 };
                }
                text.push_str(word);
                column += length;
            }
        }
        text.push('\n');
    }
    text
}

fn cells(row: &str) -> impl Iterator<Item = &str> {
    row.trim_matches(['|', ' ']).split(" | ").map(str::trim)
}

/// What stands between backticks is code.
pub fn pieces(line: &str) -> Vec<Text> {
    let piece = |(at, text): (usize, &str)| if at % 2 == 0 { Text::plain(text) } else { Text::code(text) };
    line.split('`').enumerate().filter(|(_, text)| !text.is_empty()).map(piece).collect()
}

fn slug(title: &str) -> String {
    title.to_lowercase().split(|letter: char| !letter.is_ascii_alphanumeric()).collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paragraphs_are_wrapped_and_nothing_else() {
        let long = "word ".repeat(40);
        let fenced = format!("``` Shell\n{}\n```\n| {} |\n", long.trim(), long.trim());
        assert_eq!(wrapped(&fenced), fenced);
        let read = wrapped(&long);
        assert!(read.lines().count() == 2 && read.lines().all(|line| line.len() <= 100), "{read}");
    }

    #[test]
    fn the_subset_is_read() {
        let read = Document::parse(
            "# Title\n\nA lede.\n\n## First part\n\nUse `this` now.\n\n``` Shell\na\n\n| b |\n```\n\n- one\n- `two`\n\n---\n\n## Beside\n\n\
             | A | B |\n|---|---|\n| `x` | y z |\n",
        );
        assert_eq!((read.title.as_str(), read.lede.len()), ("Title", 1));
        let [part] = read.sections.as_slice() else { panic!("{read:?}") };
        assert_eq!((part.id.as_str(), part.blocks.len()), ("first-part", 3));
        assert_eq!(part.blocks[0], Block::Paragraph(vec![Text::plain("Use "), Text::code("this"), Text::plain(" now.")]));
        let snippet = Block::Snippet { id: "snippet-1".into(), title: "Shell".into(), text: "a\n\n| b |\n".into() };
        assert_eq!(part.blocks[1], snippet);
        assert_eq!(part.blocks[2], Block::List(vec![vec![Text::plain("one")], vec![Text::code("two")]]));
        let rows = vec![vec![vec![Text::code("x")], vec![Text::plain("y z")]]];
        assert_eq!(read.aside[0].blocks, [Block::Table { head: vec!["A".into(), "B".into()], rows }]);
    }
}
