//! What objects are called.

/// Members whose elements are not called by the member's singular.
const IRREGULAR: [(&str, &str); 10] = [
    ("entries", "entry"),
    ("inherited", "inherited"),
    ("maps", "mapping"),
    ("mappings", "mapping-set"),
    ("params", "parameter"),
    ("props", "property"),
    ("provided", "provided"),
    ("remediations", "risk-response"),
    ("satisfied", "satisfied"),
    ("status", "status"),
];

/// The kind of the elements that a member lists, or of the object that it holds: `poam-items` has
/// the kind `poam-item`, `parties` the kind `party`.
pub(super) fn of_member(member: &str) -> String {
    if let Some((_, kind)) = IRREGULAR.into_iter().find(|(name, _)| *name == member) {
        return kind.to_owned();
    }
    match (member.strip_suffix("ies"), member.strip_suffix('s')) {
        (Some(stem), _) => format!("{stem}y"),
        (None, Some(singular)) if !singular.ends_with('s') => singular.to_owned(),
        _ => member.to_owned(),
    }
}

/// Whether a reference by this member can mean an object of this kind. Ids other than uuids are
/// unique only among objects of one kind: a role and a group may both be `ac`.
pub(super) fn means(via: &str, kind: &str) -> bool {
    let of = |name: &str| via.starts_with(name);
    match kind {
        "role" => of("role"),
        "parameter" => matches!(via, "param-id" | "insert" | "id-ref" | "by-id" | "href"),
        "control" => !of("role") && !of("param"),
        _ => !of("role") && !of("param") && via != "control-id" && via != "with-ids",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_the_singular() {
        for (member, kind) in [
            ("components", "component"),
            ("parties", "party"),
            ("capabilities", "capability"),
            ("poam-items", "poam-item"),
            ("params", "parameter"),
            ("system-id", "system-id"),
            ("by-components", "by-component"),
            ("address", "address"),
            ("", ""),
        ] {
            assert_eq!(of_member(member), kind, "{member}");
        }
    }
}
