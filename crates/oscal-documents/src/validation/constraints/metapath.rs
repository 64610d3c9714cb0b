//! The part of Metapath that NIST's constraints use.
//!
//! See <https://pages.nist.gov/metaschema/specification/syntax/metapath/>.

/// Values reached from another one, in any of several ways.
#[derive(Debug, PartialEq)]
pub(super) struct Path(pub(super) Vec<Vec<Step>>);

/// A step from values to others.
#[derive(Debug, PartialEq)]
pub(super) struct Step {
    pub(super) axis: Axis,
    /// What the values that are reached must fulfil.
    pub(super) conditions: Vec<Condition>,
}

#[derive(Debug, PartialEq)]
pub(super) enum Axis {
    Itself,
    Flag(&'static str),
    Children(Vec<&'static str>),
    /// Elements at any depth.
    Descendants(Vec<&'static str>),
    /// What any of several paths reaches.
    Any(Path),
}

/// What is true of a value or not.
#[derive(Debug, PartialEq)]
pub(super) enum Condition {
    All(Vec<Condition>),
    Any(Vec<Condition>),
    Not(Box<Condition>),
    /// Something is reached.
    Exists(Path),
    /// Something that is reached is one of these.
    Is(Path, Vec<&'static str>),
    Greater(Path, Path),
    Begins(Path, &'static str),
    /// The value is in one of these namespaces by its flag `ns`.
    InNamespace(Vec<&'static str>),
}

impl Path {
    /// `None` if the text has something that is not evaluated here.
    pub(super) fn parse(text: &'static str) -> Option<Self> {
        let mut parser = Parser { rest: text };
        let path = parser.path()?;
        parser.rest.is_empty().then_some(path)
    }
}

impl Condition {
    /// `None` if the text has something that is not evaluated here.
    pub(super) fn parse(text: &'static str) -> Option<Self> {
        let mut parser = Parser { rest: text };
        let condition = parser.condition()?;
        parser.rest.is_empty().then_some(condition)
    }
}

struct Parser {
    rest: &'static str,
}

impl Parser {
    fn takes(&mut self, token: &str) -> bool {
        let after = self.rest.trim_start().strip_prefix(token);
        if let Some(after) = after {
            self.rest = after.trim_start();
        }
        after.is_some()
    }

    /// Takes a word that ends where it does.
    fn takes_word(&mut self, word: &str) -> bool {
        let after = self.rest.trim_start().strip_prefix(word);
        let is_whole = after.is_some_and(|after| !after.starts_with(is_of_name));
        is_whole && self.takes(word)
    }

    fn name(&mut self) -> Option<&'static str> {
        let end = self
            .rest
            .find(|c| !is_of_name(c))
            .unwrap_or(self.rest.len());
        let (name, rest) = self.rest.split_at(end);
        if name.is_empty() || rest.starts_with('(') {
            return None;
        }
        self.rest = rest.trim_start();
        Some(name)
    }

    fn path(&mut self) -> Option<Path> {
        let mut ways = vec![self.way()?];
        while self.takes("|") {
            ways.push(self.way()?);
        }
        Some(Path(ways))
    }

    fn way(&mut self) -> Option<Vec<Step>> {
        let mut steps = vec![self.step()?];
        while self.rest.starts_with('/') {
            steps.push(self.step()?);
        }
        Some(steps)
    }

    fn step(&mut self) -> Option<Step> {
        let is_deep = self.takes("//");
        let _ = is_deep || self.takes("/");
        let axis = if is_deep {
            Axis::Descendants(self.names()?)
        } else if self.takes("@") {
            Axis::Flag(self.name()?)
        } else if self.takes(".") {
            Axis::Itself
        } else if self.takes("(") {
            let path = self.path()?;
            if !self.takes(")") {
                return None;
            }
            Axis::Any(path)
        } else {
            Axis::Children(vec![self.name()?])
        };
        let mut conditions = Vec::new();
        while self.takes("[") {
            conditions.push(self.condition()?);
            if !self.takes("]") {
                return None;
            }
        }
        Some(Step { axis, conditions })
    }

    /// One name, or several in parentheses.
    fn names(&mut self) -> Option<Vec<&'static str>> {
        if !self.takes("(") {
            return Some(vec![self.name()?]);
        }
        let mut names = vec![self.name()?];
        while self.takes("|") {
            names.push(self.name()?);
        }
        self.takes(")").then_some(names)
    }

    fn condition(&mut self) -> Option<Condition> {
        let mut any = vec![self.all()?];
        while self.takes_word("or") {
            any.push(self.all()?);
        }
        Some(match any.len() {
            1 => any.pop()?,
            _ => Condition::Any(any),
        })
    }

    fn all(&mut self) -> Option<Condition> {
        let mut all = vec![self.one()?];
        while self.takes_word("and") {
            all.push(self.one()?);
        }
        Some(match all.len() {
            1 => all.pop()?,
            _ => Condition::All(all),
        })
    }

    fn one(&mut self) -> Option<Condition> {
        if self.takes("has-oscal-namespace(") {
            let names = self.literals()?;
            return self.takes(")").then_some(Condition::InNamespace(names));
        }
        if self.takes("starts-with(") {
            let path = self.path()?;
            let start = if self.takes(",") {
                self.literal()?
            } else {
                return None;
            };
            return self.takes(")").then_some(Condition::Begins(path, start));
        }
        if self.takes("not(") {
            let condition = self.condition()?;
            return self.takes(")").then(|| Condition::Not(Box::new(condition)));
        }
        if self.takes("exists(") {
            let path = self.path()?;
            return self.takes(")").then_some(Condition::Exists(path));
        }
        let path = self.path()?;
        if self.takes("=") {
            return Some(Condition::Is(path, self.literals()?));
        }
        if self.takes(">") {
            return Some(Condition::Greater(path, self.path()?));
        }
        Some(Condition::Exists(path))
    }

    /// One literal, or several in parentheses.
    fn literals(&mut self) -> Option<Vec<&'static str>> {
        if !self.takes("(") {
            return Some(vec![self.literal()?]);
        }
        let mut literals = vec![self.literal()?];
        while self.takes(",") {
            literals.push(self.literal()?);
        }
        self.takes(")").then_some(literals)
    }

    fn literal(&mut self) -> Option<&'static str> {
        if !self.takes("'") {
            return None;
        }
        let (literal, rest) = self.rest.split_once('\'')?;
        self.rest = rest.trim_start();
        Some(literal)
    }
}

fn is_of_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn child(name: &'static str) -> Step {
        Step {
            axis: Axis::Children(vec![name]),
            conditions: Vec::new(),
        }
    }

    fn flag(name: &'static str) -> Path {
        let (axis, conditions) = (Axis::Flag(name), Vec::new());
        Path(vec![vec![Step { axis, conditions }]])
    }

    #[test]
    fn paths_and_conditions_are_read() {
        let mut prop = child("prop");
        prop.conditions.push(Condition::All(vec![
            Condition::InNamespace(vec!["n"]),
            Condition::Is(flag("name"), vec!["a", "b"]),
        ]));
        let value = Step {
            axis: Axis::Flag("value"),
            conditions: Vec::new(),
        };
        assert_eq!(
            Path::parse("prop[has-oscal-namespace('n') and @name=('a', 'b')]/@value"),
            Some(Path(vec![vec![prop, value]]))
        );
        assert_eq!(
            Condition::parse("not(@start > @end)"),
            Some(Condition::Not(Box::new(Condition::Greater(
                flag("start"),
                flag("end")
            ))))
        );
        for text in [
            ".//by-component",
            "//(control|group|part)",
            "(.)[@type='a']/prop/@name",
            "(.|statement|.//by-component)/prop[@a]/@name",
            "a/(b|c)/(d|e)",
            "link[@rel='x']/@href[not(starts-with(.,'#'))]",
            "responsible-role[party-uuid]|statement/responsible-role",
        ] {
            assert!(Path::parse(text).is_some(), "{text}");
        }
        for text in [
            "",
            "doc(a/@b)/c",
            "a[",
            "a[@b='c]",
            "a b",
            "count(a)",
            "a//",
        ] {
            assert_eq!(Path::parse(text), None, "{text}");
        }
    }
}
