//! A reader and writer for Android manifests: elements and attributes, without text.

use std::fmt;

use crate::Outcome;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Element {
    pub(crate) tag: String,
    /// Names with their prefix, and values as they are written in the file.
    pub(crate) attributes: Vec<(String, String)>,
    pub(crate) children: Vec<Element>,
}

impl Element {
    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }
}

/// Reads a document and returns its root.
///
/// # Errors
/// If an element or a comment does not end.
pub(crate) fn parsed(text: &str) -> Outcome<Element> {
    let mut open = vec![Element::default()];
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        if let Some(comment) = rest.strip_prefix("!--") {
            rest = after(comment, "-->")?;
        } else if rest.starts_with(['?', '!']) {
            rest = after(rest, ">")?;
        } else if rest.starts_with('/') {
            rest = after(rest, ">")?;
            close(&mut open)?;
        } else {
            let (element, is_closed, next) = start(rest)?;
            open.push(element);
            rest = next;
            if is_closed {
                close(&mut open)?;
            }
        }
    }
    match open.as_mut_slice() {
        [document] => document.children.pop().ok_or_else(|| "the document has no element".into()),
        _ => Err("an element does not end".into()),
    }
}

/// Moves the last open element into its parent.
fn close(open: &mut Vec<Element>) -> Outcome<()> {
    let child = open.pop();
    let (Some(child), Some(parent)) = (child, open.last_mut()) else {
        return Err("an element ends that did not start".into());
    };
    parent.children.push(child);
    Ok(())
}

/// Reads a start tag after its `<`. Returns the element, whether it also ends here, and the text after it.
fn start(text: &str) -> Outcome<(Element, bool, &str)> {
    let end = text.find(|c: char| c.is_whitespace() || c == '/' || c == '>').ok_or("a tag does not end")?;
    let mut element = Element { tag: text[..end].to_owned(), ..Element::default() };
    let mut rest = text[end..].trim_start();
    loop {
        if let Some(rest) = rest.strip_prefix("/>") {
            return Ok((element, true, rest));
        }
        if let Some(rest) = rest.strip_prefix('>') {
            return Ok((element, false, rest));
        }
        let (name, value) = rest.split_once('=').ok_or_else(|| format!("<{}> does not end", element.tag))?;
        let value = value.trim_start();
        let quote = value.chars().next().filter(|c| ['"', '\''].contains(c)).ok_or("an attribute has no quotes")?;
        let (value, next) = value[1..].split_once(quote).ok_or("an attribute does not end")?;
        element.attributes.push((name.trim().to_owned(), value.replace('"', "&quot;")));
        rest = next.trim_start();
    }
}

fn after<'a>(text: &'a str, end: &str) -> Outcome<&'a str> {
    text.split_once(end).map(|(_, rest)| rest).ok_or_else(|| format!("`{end}` is missing").into())
}

impl fmt::Display for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{}", self.tag)?;
        self.attributes.iter().try_for_each(|(name, value)| write!(f, " {name}=\"{value}\""))?;
        if self.children.is_empty() {
            return writeln!(f, "/>");
        }
        writeln!(f, ">")?;
        self.children.iter().try_for_each(|child| child.fmt(f))?;
        writeln!(f, "</{}>", self.tag)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_writes() {
        let text = "<?xml version='1.0'?><!-- <no> --><a x:b = \"1 > 0\"\n c='\"'><b/><b>text<c d=\"\" /></b></a>";
        let read = parsed(text).unwrap();
        assert_eq!(read.attribute("x:b"), Some("1 > 0"));
        assert_eq!(read.children[1].children[0].tag, "c");
        assert_eq!(parsed(&read.to_string()).unwrap(), read);
    }

    #[test]
    fn rejects_incomplete_documents() {
        for text in ["", "<a>", "<a", "</a>", "<a b=1/>", "<a b=\"1/>", "<!-- a"] {
            assert!(parsed(text).is_err(), "{text}");
        }
    }
}
