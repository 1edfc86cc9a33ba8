//! The category tree.

use super::{Revision, Seo, Stored};
use crate::domain::{CategoryId, Fields, Slug, Timestamp};
use serde::{Deserialize, Serialize};

use super::draft::CategoryKey;

/// A node of the tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Category {
    /// Its id.
    pub id: CategoryId,
    /// The node above, none for a root.
    pub parent_id: Option<CategoryId>,
    /// Its name in addresses, unique.
    pub slug: Slug,
    /// What it is called.
    pub name: String,
    /// What it holds, in words.
    pub description: String,
    /// Place among its siblings; equal places are ordered by name.
    pub position: i64,
    /// For search engines.
    pub seo: Stored<Seo>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// Which state this is.
    pub revision: Revision,
}

/// A category as a product shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CategoryRef {
    /// Its id.
    pub id: CategoryId,
    /// Its name in addresses.
    pub slug: Slug,
    /// What it is called.
    pub name: String,
}

/// A category with what lies below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CategoryNode {
    /// The category.
    pub category: Category,
    /// Its children in order.
    pub children: Vec<CategoryNode>,
}

/// What a category should become.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CategoryDraft {
    /// What it is called.
    pub name: String,
    /// Made from the name when not given.
    pub slug: Option<Slug>,
    /// The node above.
    pub parent: Option<CategoryKey>,
    /// What it holds.
    pub description: String,
    /// Place among its siblings.
    pub position: i64,
    /// For search engines.
    pub seo: Seo,
}

/// What happens to products and children of a removed category.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CategoryRemoval {
    /// Refuse when there are any.
    OnlyEmpty,
    /// Remove the whole subtree and its products.
    Cascade,
    /// Give both to another category.
    MoveTo(CategoryId),
}

impl CategoryDraft {
    /// Reads the body of a category.
    pub fn read(fields: &mut Fields<'_>) -> Self {
        let name = fields.text("name", 1..=200);
        if !fields.has("name") {
            fields.missing("name");
        }
        let parent_id = fields.integer("parent_id", 1..=i64::MAX).map(|id| CategoryKey::Id(CategoryId::new(id)));
        Self {
            name: name.unwrap_or_default(),
            slug: super::draft::slug(fields),
            parent: super::draft::category_key(fields, "parent").or(parent_id),
            description: fields.long_text("description", 50_000).unwrap_or_default(),
            position: fields.integer("position", -1_000_000..=1_000_000).unwrap_or(0),
            seo: super::draft::seo(fields),
        }
    }

    /// Merges a PATCH into the body of a category. The node above has two names; the patch's own counts.
    pub fn patched(mut body: serde_json::Value, patch: &serde_json::Value) -> serde_json::Value {
        if let Some(body) = body.as_object_mut().filter(|_| patch.get("parent").is_some()) {
            body.remove("parent_id");
        }
        super::merge_patch(&mut body, patch);
        body
    }

    /// The body that would make a category what it is now; a PATCH is merged into it.
    pub fn body_of(category: &Category) -> serde_json::Value {
        serde_json::json!({
            "name": category.name,
            "slug": category.slug,
            "parent_id": category.parent_id,
            "description": category.description,
            "position": category.position,
            "seo": category.seo.value(),
        })
    }
}
