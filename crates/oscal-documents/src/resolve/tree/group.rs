//! What a group has besides its controls and groups.

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::document::Document;
use crate::markup;
use crate::resolve::json;

/// The source of a group's title and other members.
#[derive(Clone)]
pub(crate) enum GroupMembers<'a> {
    Catalog(&'a Document, u32),
    Custom(Arc<Map<String, Value>>),
}

impl<'a> GroupMembers<'a> {
    /// Whether both are the same group, not just equal ones.
    pub(crate) fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Catalog(document, number), Self::Catalog(other, other_number)) => {
                std::ptr::eq(*document, *other) && number == other_number
            }
            (Self::Custom(members), Self::Custom(other)) => Arc::ptr_eq(members, other),
            _ => false,
        }
    }

    /// The catalog that it is from.
    pub(crate) fn document(&self) -> Option<&'a Document> {
        match self {
            Self::Catalog(document, _) => Some(document),
            Self::Custom(_) => None,
        }
    }

    /// Its id and title.
    pub(crate) fn names(&self) -> (Option<String>, String) {
        match self {
            Self::Catalog(document, number) => {
                let group = &document.catalog().groups[*number as usize];
                let id = group.id.as_deref().map(str::to_owned);
                (id, group.title.as_ref().to_owned())
            }
            Self::Custom(members) => {
                let text = |member| members.get(member).and_then(Value::as_str);
                let title = text("title").unwrap_or_default();
                (
                    text("id").map(str::to_owned),
                    markup::plain(title).into_owned(),
                )
            }
        }
    }

    pub(crate) fn is_custom(&self) -> bool {
        matches!(self, Self::Custom(_))
    }

    /// The members of the group other than its groups and controls.
    pub(crate) fn members(&self) -> Map<String, Value> {
        match self {
            Self::Catalog(document, number) => {
                let span = document.catalog().groups[*number as usize].span;
                json::without(span.of(document.json()), &["controls", "groups"])
            }
            Self::Custom(members) => Map::clone(members),
        }
    }

    /// Groups with the same key within a group are one: they have the same id or, without ids, are
    /// the same group of the same catalog or profile.
    pub(crate) fn key(&self) -> GroupKey<'_> {
        match self {
            Self::Catalog(document, number) => {
                let id = document.catalog().groups[*number as usize].id.as_deref();
                id.map_or_else(
                    || GroupKey::Catalog(&document.info().id, *number),
                    GroupKey::Id,
                )
            }
            Self::Custom(members) => match members.get("id") {
                Some(Value::String(id)) => GroupKey::Id(id),
                _ => GroupKey::Custom(Arc::as_ptr(members) as usize),
            },
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum GroupKey<'g> {
    Id(&'g str),
    Catalog(&'g str, u32),
    Custom(usize),
}
