//! Finds objects by their ids.

use crate::document::Document;
use crate::json::cursor::decoded;
use crate::library::view::LibraryView;
use crate::objects::index::decoded_id;
use crate::objects::object::Object;
use crate::objects::similar::{Likeness, likeness};

impl<'a> LibraryView<'a> {
    /// The objects with this uuid or id, in any case, in the order of the documents. There are
    /// several if several documents define it, such as a control in a catalog and in a resolved
    /// baseline. Controls are also found by their labels, in any common notation.
    ///
    /// ```
    /// use oscal_documents::{Library, Limits};
    ///
    /// const RESULTS: &str = r#"{"assessment-results": {
    ///     "uuid": "00000000-0000-4000-8000-000000000001", "metadata": {"title": "Audit"},
    ///     "results": [{"uuid": "r", "findings": [
    ///         {"uuid": "f", "title": "Shared keys", "related-risks": [{"risk-uuid": "k"}]}],
    ///         "risks": [{"uuid": "k", "title": "Theft", "status": "open"}]}]}}"#;
    ///
    /// let library = Library::load(&[("audit.json", RESULTS)], None, Limits::default())?;
    /// let view = library.view(|_| true);
    /// let risk = view.find_objects("K")[0];
    /// assert_eq!((risk.kind(), risk.title()), ("risk".to_owned(), "Theft".to_owned()));
    /// assert_eq!(risk.outer().map(|result| result.id()).as_deref(), Some("r"));
    /// let finding = &view.references_to(risk)[0];
    /// assert_eq!((&*finding.via, finding.from.id()), ("risk-uuid", "f".to_owned()));
    /// # Ok::<(), oscal_documents::LoadError>(())
    /// ```
    pub fn find_objects(&self, id: &str) -> Vec<Object<'a>> {
        let id = id.trim().trim_start_matches('#');
        let found: Vec<_> = self
            .documents()
            .flat_map(|document| document.find_objects(id))
            .collect();
        if !found.is_empty() || id.is_empty() {
            return found;
        }
        let controls = self.find_controls(id).into_iter();
        let objects = controls.flat_map(|control| control.document().find_objects(control.id()));
        objects
            .filter(|object| object.kind() == "control")
            .collect()
    }

    /// The objects whose ids are most like an unknown one, or whose titles contain it; the best
    /// first.
    pub fn similar_objects(&self, id: &str, limit: usize) -> Vec<Object<'a>> {
        let wanted = id.trim().trim_start_matches('#').to_lowercase();
        let mut best: Vec<(Likeness, Object<'a>)> = Vec::new();
        for document in self.documents() {
            for (number, record) in (0..).zip(document.objects().objects()) {
                let text = document.json();
                let id = decoded_id(record.id, text);
                let title = decoded(record.title.of(text));
                let Some(like) = likeness(&wanted, &id, &title) else {
                    continue;
                };
                let at = best.partition_point(|(other, _)| *other <= like);
                if at < limit {
                    best.truncate(limit - 1);
                    best.insert(at, (like, Object::new(document, number)));
                }
            }
        }
        best.into_iter().map(|(_, object)| object).collect()
    }
}

impl Document {
    /// The objects of this document with this id, in any case, in document order.
    pub fn find_objects(&self, id: &str) -> Vec<Object<'_>> {
        let found = self.objects().with_id(id, self.json());
        found.map(|number| Object::new(self, number)).collect()
    }
}
