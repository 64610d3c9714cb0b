//! The `.env` file. It holds secrets, so its grammar is strict: a value is taken literally, or the
//! line is refused. A message shows nothing of a line except the name of an option: an unreadable
//! line may be a secret, or part of one.

/// A line of the form `NAME=value`.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) value: String,
    /// Starting at 1.
    pub(super) line: usize,
}

/// A line that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refused {
    /// Starting at 1; `None` for the file as a whole.
    pub(super) line: Option<usize>,
    /// The name that the line sets, if it can be determined.
    pub(super) name: Option<String>,
    pub(super) problem: Problem,
}

/// What is wrong with a line, or with the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Problem {
    #[error("it is larger than 1 MiB")]
    TooLarge,
    #[error("it is UTF-16 text; save it as UTF-8")]
    Utf16,
    #[error("it is not UTF-8 text")]
    NotText,
    #[error("it has a control character, such as NUL or a lone carriage return")]
    ControlCharacter,
    #[error(
        "it is not of the form NAME=value; a value must fit on one line, and comments begin \
         with #"
    )]
    NoEquals,
    #[error("the text before = is not a name of letters, digits and _; put no space around =")]
    InvalidName,
    #[error("the value has spaces around it: remove them, or put it in quotes")]
    SpaceAround,
    #[error(
        "the value has a # at its beginning or after a space: put the value in quotes if the # is \
         part of it, or move the comment to a line of its own"
    )]
    CommentOrNot,
    #[error("the quote at the beginning of the value is not closed on this line")]
    UnclosedQuote,
    #[error(
        "there is text after the closing quote; if the quote is part of the value, put the value \
         in quotes of the other kind"
    )]
    AfterQuote,
    #[error("this name is already set on line {0}")]
    Duplicate(usize),
}

/// The largest file that is read, in bytes.
pub(super) const MOST_BYTES: usize = 1024 * 1024;

/// Reads the lines of `content`.
pub(super) fn parse(content: &[u8]) -> (Vec<Entry>, Vec<Refused>) {
    let of_file = |problem| {
        let (line, name) = (None, None);
        (
            Vec::new(),
            vec![Refused {
                line,
                name,
                problem,
            }],
        )
    };
    if content.len() > MOST_BYTES {
        return of_file(Problem::TooLarge);
    }
    if content.starts_with(&[0xff, 0xfe]) || content.starts_with(&[0xfe, 0xff]) {
        return of_file(Problem::Utf16);
    }
    let content = content
        .strip_prefix("\u{feff}".as_bytes())
        .unwrap_or(content);
    let (mut entries, mut refused) = (Vec::<Entry>::new(), Vec::new());
    for (bytes, line) in content.split(|byte| *byte == b'\n').zip(1..) {
        let bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
        let (name, read) = read_line(bytes);
        let first = name.and_then(|name| {
            let earlier = entries.iter().find(|entry| entry.name == name);
            earlier.map(|entry| entry.line)
        });
        let read = match first {
            Some(first) => Err(Problem::Duplicate(first)),
            None => read,
        };
        match (name, read) {
            (Some(name), Ok(Some(value))) => entries.push(Entry {
                name: name.to_owned(),
                value: value.to_owned(),
                line,
            }),
            (_, Ok(_)) => {}
            (name, Err(problem)) => {
                refused.push(Refused {
                    line: Some(line),
                    name: name.map(str::to_owned),
                    problem,
                });
                // The end of the value is unknown, so the rest of the file is not checked.
                if problem == Problem::UnclosedQuote {
                    break;
                }
            }
        }
    }
    (entries, refused)
}

/// The name that a line sets, and its value; no value if the line sets nothing.
fn read_line(bytes: &[u8]) -> (Option<&str>, Result<Option<&str>, Problem>) {
    let Ok(line) = str::from_utf8(bytes) else {
        let end = bytes.iter().position(|byte| *byte == b'=');
        let name = end.and_then(|end| str::from_utf8(&bytes[..end]).ok());
        let name = name.map(without_export).filter(|name| is_name(name));
        return (name, Err(Problem::NotText));
    };
    let line = line.trim_start_matches([' ', '\t']);
    if line.trim_end().is_empty() || line.starts_with('#') {
        return (None, Ok(None));
    }
    let Some((name, value)) = line.split_once('=') else {
        // `NAME: value` and `NAME value` also name an option.
        let line = without_export(line);
        let end = line.find(|c: char| !is_name_character(c));
        let name = &line[..end.unwrap_or(line.len())];
        return (is_name(name).then_some(name), Err(Problem::NoEquals));
    };
    let name = without_export(name);
    if !is_name(name) {
        let name = name.trim_end();
        return (is_name(name).then_some(name), Err(Problem::InvalidName));
    }
    (Some(name), unquoted(value).map(Some))
}

fn without_export(text: &str) -> &str {
    match text.strip_prefix("export") {
        Some(rest) if rest.starts_with([' ', '\t']) => rest.trim_start_matches([' ', '\t']),
        _ => text,
    }
}

fn is_name(text: &str) -> bool {
    text.chars().all(is_name_character)
        && !text.starts_with(|c: char| c.is_ascii_digit())
        && !text.is_empty()
}

fn is_name_character(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// The value after the equals sign, without quotes.
fn unquoted(text: &str) -> Result<&str, Problem> {
    if text.contains(|c: char| c.is_control() && c != '\t') {
        return Err(Problem::ControlCharacter);
    }
    if let Some(quote) = text.chars().next().filter(|c| matches!(c, '"' | '\'')) {
        let (value, after) = text[1..].split_once(quote).ok_or(Problem::UnclosedQuote)?;
        let rest = after.trim_start_matches([' ', '\t']);
        let is_comment = rest.starts_with('#') && rest.len() < after.len() && !rest.contains(quote);
        return match rest.is_empty() || is_comment {
            true => Ok(value),
            false => Err(Problem::AfterQuote),
        };
    }
    let has_comment = text.starts_with('#') || text.contains(" #") || text.contains("\t#");
    if has_comment {
        Err(Problem::CommentOrNot)
    } else if text.trim() != text {
        Err(Problem::SpaceAround)
    } else {
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn one(line: &str) -> Result<Option<String>, Problem> {
        let (entries, refused) = parse(line.as_bytes());
        match refused.first() {
            Some(refused) => Err(refused.problem),
            None => Ok(entries.into_iter().next().map(|entry| entry.value)),
        }
    }

    #[test]
    fn rs_69_a_value_means_what_stands_there_or_the_line_is_refused() {
        use Problem::{
            AfterQuote, CommentOrNot, ControlCharacter, InvalidName, NoEquals, SpaceAround,
            UnclosedQuote,
        };
        for (line, expected) in [
            ("A=hush", Ok(Some("hush"))),
            ("export A=hush", Ok(Some("hush"))),
            ("  A=hush", Ok(Some("hush"))),
            ("A=hush\r\n", Ok(Some("hush"))),
            ("\u{feff}A=hush\n", Ok(Some("hush"))),
            ("A=", Ok(Some(""))),
            ("A=''", Ok(Some(""))),
            ("A=pa$word", Ok(Some("pa$word"))),
            ("A=${HOME}", Ok(Some("${HOME}"))),
            ("A=\"pa$word\"", Ok(Some("pa$word"))),
            ("A=a\\n\\\"b\\", Ok(Some("a\\n\\\"b\\"))),
            ("A='a\\'", Ok(Some("a\\"))),
            ("A=two words", Ok(Some("two words"))),
            ("A=a=b==", Ok(Some("a=b=="))),
            ("A=it's", Ok(Some("it's"))),
            ("A=\"it's\"", Ok(Some("it's"))),
            ("A='say \"x\"'", Ok(Some("say \"x\""))),
            ("A=' hush # '", Ok(Some(" hush # "))),
            ("A=hu#sh", Ok(Some("hu#sh"))),
            ("A='hush'  # why", Ok(Some("hush"))),
            ("A=\"hush\"\t", Ok(Some("hush"))),
            ("A=é秘密", Ok(Some("é秘密"))),
            ("# A=hush", Ok(None)),
            ("", Ok(None)),
            (" \t", Ok(None)),
            ("A", Err(NoEquals)),
            ("A: hush", Err(NoEquals)),
            ("hush hush", Err(NoEquals)),
            ("=hush", Err(InvalidName)),
            ("A =hush", Err(InvalidName)),
            ("A-B=hush", Err(InvalidName)),
            ("1A=hush", Err(InvalidName)),
            ("é=hush", Err(InvalidName)),
            ("export =hush", Err(InvalidName)),
            ("A= hush", Err(SpaceAround)),
            ("A=hush ", Err(SpaceAround)),
            ("A=\u{a0}hush", Err(SpaceAround)),
            ("A=hush # why", Err(CommentOrNot)),
            ("A=#hush", Err(CommentOrNot)),
            ("A=\"hush", Err(UnclosedQuote)),
            ("A='", Err(UnclosedQuote)),
            ("A='hush\"", Err(UnclosedQuote)),
            ("A='hu'sh'", Err(AfterQuote)),
            ("A='hu'sh", Err(AfterQuote)),
            ("A='hush'# why", Err(AfterQuote)),
            ("A='hu' # sh'", Err(AfterQuote)),
            ("A=hu\0sh", Err(ControlCharacter)),
            ("A=hu\rsh", Err(ControlCharacter)),
            ("A='hu\u{85}sh'", Err(ControlCharacter)),
        ] {
            let expected = expected.map(|value| value.map(str::to_owned));
            assert_eq!(one(line), expected, "{line:?}");
        }
    }

    #[test]
    fn lines_are_numbered_and_the_rest_is_read() {
        let content = b"A=1\n\nB=\xff\nsecret\nA=2\nexport C=3\r\nD='x\nmore=text\n";
        let (entries, refused) = parse(content);
        let entries: Vec<_> = entries
            .iter()
            .map(|e| (&*e.name, &*e.value, e.line))
            .collect();
        assert_eq!(entries, [("A", "1", 1), ("C", "3", 6)]);
        let refused: Vec<_> = refused
            .iter()
            .map(|r| (r.line, r.name.as_deref(), r.problem))
            .collect();
        assert_eq!(
            refused,
            [
                (Some(3), Some("B"), Problem::NotText),
                (Some(4), Some("secret"), Problem::NoEquals),
                (Some(5), Some("A"), Problem::Duplicate(1)),
                (Some(7), Some("D"), Problem::UnclosedQuote),
            ]
        );
    }

    #[test]
    fn files_that_are_no_text_are_refused_as_a_whole() {
        for (content, problem) in [
            (&b"\xff\xfeA\0=\0x\0"[..], Problem::Utf16),
            (b"\xfe\xff\0A\0=\0x", Problem::Utf16),
            (&vec![b'#'; MOST_BYTES + 1], Problem::TooLarge),
        ] {
            let (entries, refused) = parse(content);
            assert!(entries.is_empty());
            assert_eq!((refused[0].line, refused[0].problem), (None, problem));
        }
    }

    proptest! {
        #[test]
        fn a_quoted_value_is_what_was_quoted(value in "[^\\pC']{0,40}") {
            prop_assert_eq!(one(&format!("A='{value}'")), Ok(Some(value)));
        }

        #[test]
        fn any_bytes_are_read_without_panic(content in proptest::collection::vec(any::<u8>(), 0..200)) {
            let (entries, _) = parse(&content);
            prop_assert!(entries.iter().all(|entry| is_name(&entry.name)));
        }
    }
}
