//! Finds the document that a person means by a name.

use std::cmp::Reverse;

use crate::document::Document;
use crate::document::model::Model;
use crate::formats::Format;
use crate::library::view::LibraryView;

/// How many words of a name, of a title or of a file name count, and how many of their letters.
const MAX_WORDS: usize = 40;
const MAX_LETTERS: usize = 24;

/// How many candidates are given.
const MAX_CANDIDATES: usize = 8;

/// Why a name does not mean one document.
#[derive(Debug)]
#[non_exhaustive]
pub enum Unnamed<'a> {
    /// No document has this name. Those with a name like it, best first; possibly none.
    Unknown(Vec<&'a Document>),
    /// Several documents have this name: the first of them, and how many there are.
    Ambiguous(Vec<&'a Document>, usize),
}

/// How well a name fits a document, best last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    /// All words of the name are in the title, version, model or file name, or the id begins so.
    Words,
    /// Its title, or its title and version.
    Title,
    /// The name of a file, with or without extension.
    FileName,
    /// The path of a file.
    Path,
}

impl<'a> LibraryView<'a> {
    /// The document that `name` means: by id, by file name, by title, by title and version, or by
    /// words that only its title, version and file name contain. Case and punctuation do not
    /// matter. A document of one of `models` is preferred, and then the newest revision.
    ///
    /// ```
    /// use oscal_documents::{Library, Limits, Model, Unnamed};
    ///
    /// let documents = [
    ///     ("rules/house.json", r#"{"catalog": {
    ///         "uuid": "00000000-0000-4000-8000-000000000001",
    ///         "metadata": {"title": "House rules", "version": "2"}}}"#),
    ///     ("small.json", r#"{"profile": {
    ///         "uuid": "00000000-0000-4000-8000-000000000002",
    ///         "metadata": {"title": "House rules for a small house"}}}"#),
    /// ];
    /// let library = Library::load(&documents, None, Limits::default())?;
    /// let view = library.view(|_| true);
    /// let file = |name| view.named(name, &[]).map(|document| document.file());
    /// assert_eq!(file("house rules").unwrap(), "rules/house.json");
    /// assert_eq!(file("house.json").unwrap(), "rules/house.json");
    /// assert_eq!(file("small house").unwrap(), "small.json");
    /// assert!(matches!(file("house"), Ok("rules/house.json")), "a file name");
    /// assert!(matches!(file("rules"), Err(Unnamed::Ambiguous(_, 2))));
    /// assert!(matches!(file("hose rule"), Err(Unnamed::Unknown(near)) if near.len() == 2));
    /// let profile = view.named("rules", &[Model::Profile]);
    /// assert_eq!(profile.unwrap().file(), "small.json");
    /// # Ok::<(), oscal_documents::LoadError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The name means no document, or several.
    pub fn named(&self, name: &str, models: &[Model]) -> Result<&'a Document, Unnamed<'a>> {
        let name = name.trim();
        if let Some(document) = self.document(name.strip_prefix("urn:uuid:").unwrap_or(name)) {
            return Ok(document);
        }
        let asked = Asked::of(name);
        let fits = self
            .documents()
            .filter_map(|document| Some((asked.fit(document)?, document)));
        let mut found: Vec<_> = fits.collect();
        prefer(&mut found, |(_, document)| {
            models.contains(&document.info().model)
        });
        let best = found.iter().map(|(fit, _)| *fit).max();
        found.retain(|(fit, _)| Some(*fit) == best);
        prefer(&mut found, |(_, document)| {
            document.info().superseded_by.is_none()
        });
        match found[..] {
            [(_, document)] => Ok(document),
            [] => Err(Unnamed::Unknown(self.near(&asked))),
            _ => {
                let candidates = found.iter().map(|(_, document)| *document);
                let candidates = candidates.take(MAX_CANDIDATES).collect();
                Err(Unnamed::Ambiguous(candidates, found.len()))
            }
        }
    }

    /// The documents with a name like this, best first.
    fn near(&self, asked: &Asked) -> Vec<&'a Document> {
        let documents = self.documents();
        let mut near: Vec<_> = documents
            .map(|document| (asked.likeness(document), document))
            .filter(|(likeness, _)| *likeness > 0)
            .collect();
        near.sort_by_key(|(likeness, document)| {
            (Reverse(*likeness), document.info().superseded_by.is_some())
        });
        let near = near.into_iter().map(|(_, document)| document);
        near.take(MAX_CANDIDATES).collect()
    }
}

/// Keeps what is preferred, if there is any.
fn prefer<T>(list: &mut Vec<T>, is_preferred: impl Fn(&T) -> bool) {
    if list.iter().any(&is_preferred) {
        list.retain(is_preferred);
    }
}

/// A name, in the forms that are compared.
struct Asked {
    lower: String,
    words: Vec<String>,
}

impl Asked {
    fn of(name: &str) -> Self {
        Self {
            lower: name.to_lowercase(),
            words: words(name),
        }
    }

    fn fit(&self, document: &Document) -> Option<Fit> {
        if self.words.is_empty() {
            return None;
        }
        let info = document.info();
        let files = || document.files().map(str::to_lowercase);
        let is_file = |file: &str| {
            let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
            self.lower == file || self.lower == stem
        };
        if files().any(|file| self.lower == file) {
            return Some(Fit::Path);
        }
        if files().any(|file| is_file(file.rsplit('/').next().unwrap_or(&file))) {
            return Some(Fit::FileName);
        }
        let title = words(&info.title);
        if self.words == title || self.words == [title, words(&info.version)].concat() {
            return Some(Fit::Title);
        }
        let all = all_words(document);
        let begins_id = self.lower.len() >= 8 && info.id.starts_with(&self.lower);
        let fits = begins_id || self.words.iter().all(|word| all.contains(word));
        fits.then_some(Fit::Words)
    }

    /// How many letters of the name are in words that are like words of the document.
    fn likeness(&self, document: &Document) -> usize {
        let all = all_words(document);
        let like = |word: &&String| all.iter().any(|other| is_like(word, other));
        self.words.iter().filter(like).map(String::len).sum()
    }
}

/// The words by which a document can be named.
fn all_words(document: &Document) -> Vec<String> {
    let info = document.info();
    let mut all = words(&info.title);
    all.extend(words(&info.version));
    all.extend(words(info.model.root_key()));
    for file in document.files().take(MAX_WORDS) {
        let name = file.rsplit('/').next().unwrap_or(file);
        all.extend(words(Format::stem_of(name)));
    }
    all
}

fn words(text: &str) -> Vec<String> {
    let words = text.split(|c: char| !c.is_alphanumeric());
    let words = words.filter(|word| !word.is_empty()).take(MAX_WORDS);
    let lower = |word: &str| {
        let letters = word.chars().take(MAX_LETTERS);
        letters.flat_map(char::to_lowercase).collect()
    };
    words.map(lower).collect()
}

/// Whether two words are the same but for a letter or an ending.
fn is_like(one: &str, other: &str) -> bool {
    if one == other {
        return true;
    }
    let (short, long) = if one.len() < other.len() {
        (one, other)
    } else {
        (other, one)
    };
    short.len() > 2 && (long.starts_with(short) || differ_by_one(short, long))
}

/// Whether one letter is replaced, added, left out or exchanged with the next one.
fn differ_by_one(short: &str, long: &str) -> bool {
    let [short, long] = [short, long].map(|word| word.chars().collect::<Vec<_>>());
    let same = short.iter().zip(&long).take_while(|(a, b)| a == b).count();
    let (short, long) = (&short[same..], &long[same..]);
    match (short, long) {
        ([a, b, short @ ..], [c, d, long @ ..]) if (a, b) == (d, c) => short == long,
        _ if short.len() == long.len() => short.get(1..) == long.get(1..),
        _ => long.get(1..) == Some(short),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_alike_but_for_a_letter() {
        for (one, other, expected) in [
            ("moderate", "moderate", true),
            ("moderat", "moderate", true),
            ("modarate", "moderate", true),
            ("moedrate", "moderate", true),
            ("fedramps", "fedramp", true),
            ("low", "lo", false),
            ("low", "high", false),
            ("rev5", "rev4", true),
            ("5", "4", false),
        ] {
            assert_eq!(is_like(one, other), expected, "{one} {other}");
            assert_eq!(is_like(other, one), expected, "{one} {other}");
        }
    }
}
