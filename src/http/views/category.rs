//! Categories as clients see them.

use super::Moment;
use crate::domain::CategoryId;
use crate::domain::catalog::{Category, CategoryNode, CategoryRef, Seo};
use schemars::JsonSchema;
use serde::Serialize;

/// A category as a product shows it.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "CategoryRef")]
pub struct CategoryRefView<'a> {
    #[schemars(with = "i64")]
    id: CategoryId,
    slug: &'a str,
    name: &'a str,
}

impl<'a> CategoryRefView<'a> {
    /// The view of a reference.
    pub fn new(category: &'a CategoryRef) -> Self {
        Self { id: category.id, slug: category.slug.as_str(), name: &category.name }
    }
}

/// A category.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Category")]
pub struct CategoryView {
    #[schemars(with = "i64")]
    id: CategoryId,
    slug: String,
    name: String,
    description: String,
    /// The node above; null for a root.
    #[schemars(with = "Option<i64>")]
    parent_id: Option<CategoryId>,
    /// Place among its siblings.
    position: i64,
    seo: Seo,
    created_at: Moment,
    updated_at: Moment,
    /// What lies below; with `tree=true`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Vec<CategoryView>")]
    children: Option<Vec<CategoryView>>,
}

/// A page of categories, or the roots of the tree.
#[derive(Serialize, JsonSchema)]
pub struct CategoryList {
    /// The categories.
    pub results: Vec<CategoryView>,
    /// Where the next page is.
    pub next: Option<String>,
    /// Where the previous page is.
    pub previous: Option<String>,
}

impl CategoryView {
    /// The view of one category.
    pub fn new(category: &Category) -> Self {
        Self {
            id: category.id,
            slug: category.slug.to_string(),
            name: category.name.clone(),
            description: category.description.clone(),
            parent_id: category.parent_id,
            position: category.position,
            seo: category.seo.value(),
            created_at: Moment(category.created_at),
            updated_at: Moment(category.updated_at),
            children: None,
        }
    }

    /// The view of a node with what lies below it.
    pub fn tree(node: &CategoryNode) -> Self {
        Self { children: Some(node.children.iter().map(Self::tree).collect()), ..Self::new(&node.category) }
    }
}
