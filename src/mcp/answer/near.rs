//! Names close to one that nothing has, for errors that help.

use oscal_documents::{Control, control_key};
use strsim::damerau_levenshtein;

/// The most names in an error.
const SHOWN: usize = 5;

/// A longer text is no name, and slow to compare.
const LONGEST: usize = 64;

/// The controls that a caller may have meant: those with nearly the same id or label, and those with
/// the words in their title. As `did you mean AC-2 Account Management?`; `None` if there are none.
pub(in crate::mcp) fn near_controls<'a>(
    reference: &str,
    controls: impl Iterator<Item = Control<'a>>,
) -> Option<String> {
    let wanted = Wanted::of(reference)?;
    let near = controls.filter_map(|control| {
        let id = wanted.distance_to(control.id());
        let title = wanted.is_in(control.title()).then_some(0);
        let distance = id.into_iter().chain(title).min()?;
        Some((distance, control.id(), control))
    });
    asked(near, |control| {
        let name = control.label().unwrap_or(control.id());
        let title: String = control.title().chars().take(LONGEST).collect();
        format!("{name} {title}").trim_end().to_owned()
    })
}

/// The groups that a caller may have meant, or else all of them if they are few.
pub(in crate::mcp) fn near_groups(group: &str, groups: &[(String, String)]) -> Option<String> {
    const FEW: usize = 40;
    let wanted = Wanted::of(group);
    let near = groups.iter().filter_map(|(id, title)| {
        let wanted = wanted.as_ref()?;
        let title_is_meant = wanted.is_in(title).then_some(0);
        let distance = wanted.distance_to(id).into_iter().chain(title_is_meant);
        Some((distance.min()?, id.as_str(), (id, title)))
    });
    let near = asked(near, |(id, title)| format!("{id} ({title:.64})"));
    near.or_else(|| {
        let ids: Vec<_> = groups.iter().map(|(id, _)| id.as_str()).collect();
        let are_few = !ids.is_empty() && ids.len() <= FEW;
        are_few.then(|| format!("the groups are {:.1000}", ids.join(", ")))
    })
}

fn asked<'a, T>(
    near: impl Iterator<Item = (usize, &'a str, T)>,
    shown: impl Fn(T) -> String,
) -> Option<String> {
    let mut near: Vec<_> = near.collect();
    // The same control may be in several documents.
    near.sort_by(|one, other| (one.0, one.1).cmp(&(other.0, other.1)));
    near.dedup_by(|later, first| later.1 == first.1);
    let nearest = near.first()?.0;
    let near = near.into_iter().take_while(|near| near.0 == nearest);
    let names = near.take(SHOWN);
    let names: Vec<_> = names.map(|(.., named)| shown(named)).collect();
    let (last, others) = names.split_last()?;
    let others = match others {
        [] => String::new(),
        others => format!("{} or ", others.join(", ")),
    };
    Some(format!("did you mean {others}{last}?"))
}

/// What a caller wrote, in the forms used for comparison.
struct Wanted {
    key: String,
    first: char,
    words: Vec<String>,
}

impl Wanted {
    fn of(text: &str) -> Option<Self> {
        let text = text.trim();
        if text.len() > LONGEST {
            return None;
        }
        let key = control_key(text);
        let words = words(text).filter(|word| word.len() > 2);
        Some(Self {
            first: key.chars().next()?,
            words: words.collect(),
            key,
        })
    }

    /// How many letters differ, if they are few enough: a third, and not the first one.
    fn distance_to(&self, id: &str) -> Option<usize> {
        if id.len() > LONGEST || !id.to_lowercase().starts_with(self.first) {
            return None;
        }
        let key = control_key(id);
        let longest = key.len().max(self.key.len());
        let allowed = (longest / 3).max(1);
        if key.len().abs_diff(self.key.len()) > allowed {
            return None;
        }
        let distance = damerau_levenshtein(&self.key, &key);
        (distance <= allowed).then_some(distance)
    }

    /// Whether each word begins a word of the title.
    fn is_in(&self, title: &str) -> bool {
        let begins = |word: &String| words(title).any(|of_title| of_title.starts_with(word));
        !self.words.is_empty() && self.words.iter().all(begins)
    }
}

fn words(text: &str) -> impl Iterator<Item = String> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
}

#[cfg(test)]
mod tests {
    use oscal_documents::Document;

    use super::*;

    const CATALOG: &str = r#"{"catalog": {
        "uuid": "00000000-0000-4000-8000-000000000001", "metadata": {"title": "House rules"},
        "controls": [
            {"id": "ac-2", "title": "Account Management", "controls": [
                {"id": "ac-2.1", "title": "Automated Account Management"}]},
            {"id": "ac-20", "title": "External Systems"},
            {"id": "ir-2", "title": "Training"}
        ]
    }}"#;

    #[test]
    fn what_may_be_meant_is_named() {
        let document = Document::parse("c.json", CATALOG.to_owned(), false).expect("a catalog");
        for (reference, near) in [
            (
                "AC-22",
                Some("ac-2 Account Management or ac-20 External Systems"),
            ),
            (
                "account manag",
                Some("ac-2 Account Management or ac-2.1 Automated Account Management"),
            ),
            ("IR-3", Some("ir-2 Training")),
            ("zz-9", None),
            ("", None),
        ] {
            let expected = near.map(|near| format!("did you mean {near}?"));
            assert_eq!(
                near_controls(reference, document.controls()),
                expected,
                "{reference}"
            );
        }
        let groups = [("ac", "Access Control"), ("ir", "Incident Response")];
        let groups = groups.map(|(id, title)| (id.to_owned(), title.to_owned()));
        let near = |group| near_groups(group, &groups);
        let access = Some("did you mean ac (Access Control)?".to_owned());
        assert_eq!(near("acc"), access);
        assert_eq!(near("access"), access);
        assert_eq!(near("zz"), Some("the groups are ac, ir".to_owned()));
    }
}
