//! What a draft becomes in the database's rows and in the search index, and whether it changes anything.

use crate::domain::catalog::{
    Attributes, Image, OptionChoice, OptionType, Product, ProductDraft, Seo, Stored, Variant, VariantDraft,
};
use crate::domain::{CategoryId, Invalid, Money, ProductId, Slug, Timestamp, VariantId};
use crate::services::Outcome;
use crate::store::{ProductRow, VariantRow};

/// Characters of a name by which lists are ordered.
const NAME_KEY_CHARS: usize = 60;

/// What a draft becomes in the product's row.
pub(super) struct Parts {
    name_key: String,
    tags: Stored<Vec<String>>,
    attributes: Stored<Attributes>,
    options: Stored<Vec<OptionType>>,
    images: Stored<Vec<Image>>,
    seo: Stored<Seo>,
    price: Money,
    price_max: Money,
    stock: i64,
    in_stock: bool,
}

impl Parts {
    pub(super) fn new(draft: &ProductDraft) -> Self {
        let prices = || draft.variants.iter().map(|v| v.price);
        Self {
            name_key: name_key(&draft.name),
            tags: Stored::new(&draft.tags),
            attributes: Stored::new(&draft.attributes),
            options: Stored::new(&draft.options),
            images: Stored::new(&draft.images),
            seo: Stored::new(&draft.seo),
            price: prices().min().unwrap_or_default(),
            price_max: prices().max().unwrap_or_default(),
            stock: draft.variants.iter().map(|v| v.stock).sum(),
            in_stock: draft.variants.iter().any(|v| v.stock_policy.sells(v.stock)),
        }
    }

    pub(super) fn row<'a>(
        &'a self,
        draft: &'a ProductDraft,
        slug: &'a Slug,
        category_id: CategoryId,
        created_at: Timestamp,
        now: Timestamp,
    ) -> ProductRow<'a> {
        ProductRow {
            slug,
            name: &draft.name,
            name_key: &self.name_key,
            status: draft.status,
            category_id,
            brand: draft.brand.as_deref(),
            tags: &self.tags,
            options: &self.options,
            images: &self.images,
            seo: &self.seo,
            attributes: &self.attributes,
            description: &draft.description,
            price: self.price,
            price_max: self.price_max,
            stock: self.stock,
            in_stock: self.in_stock,
            created_at,
            updated_at: now,
        }
    }

    pub(super) fn same_as(
        &self,
        before: &Product,
        draft: &ProductDraft,
        slug: &Slug,
        category_id: CategoryId,
        created_at: Timestamp,
    ) -> bool {
        before.slug == *slug
            && before.name == draft.name
            && before.status == draft.status
            && before.category.id == category_id
            && before.brand == draft.brand
            && before.description == draft.description
            && before.created_at == created_at
            && before.tags == self.tags
            && before.attributes == self.attributes
            && before.options == self.options
            && before.images == self.images
            && before.seo == self.seo
    }
}

/// What a variant draft becomes beside its plain fields.
pub(super) struct Extra {
    title: String,
    options: Stored<OptionChoice>,
}

impl Extra {
    pub(super) fn new(variant: &VariantDraft, options: &[OptionType]) -> Self {
        let ordered = options.iter().filter_map(|o| Some((o.name.clone(), variant.options.get(&o.name)?.clone())));
        Self { title: ProductDraft::variant_title(options, &variant.options), options: Stored::new(&ordered.collect()) }
    }
}

impl Extra {
    /// The variant as it was written.
    pub(super) fn variant(self, id: VariantId, product_id: ProductId, draft: &VariantDraft) -> Variant {
        Variant {
            id,
            product_id,
            sku: draft.sku.clone(),
            title: self.title,
            options: self.options,
            price: draft.price,
            compare_at_price: draft.compare_at_price,
            stock: draft.stock,
            weight_grams: draft.weight_grams,
            barcode: draft.barcode.clone(),
            stock_policy: draft.stock_policy,
            low_stock_at: draft.low_stock_at,
            tax_class: draft.tax_class.clone(),
        }
    }
}

pub(super) fn variant_row<'a>(variant: &'a VariantDraft, position: i64, extra: &'a Extra) -> VariantRow<'a> {
    VariantRow {
        position,
        sku: variant.sku.as_ref(),
        title: &extra.title,
        options: &extra.options,
        price: variant.price,
        compare_at_price: variant.compare_at_price,
        stock: variant.stock,
        weight_grams: variant.weight_grams,
        barcode: variant.barcode.as_deref(),
        stock_policy: variant.stock_policy,
        low_stock_at: variant.low_stock_at,
        tax_class: &variant.tax_class,
    }
}

/// For each variant of a draft, which existing one it is: by id, else by SKU, else by options.
pub(super) fn match_variants(before: &Product, draft: &ProductDraft) -> Outcome<Vec<Option<usize>>> {
    let old = &before.variants;
    let mut matched: Vec<Option<usize>> = Vec::with_capacity(draft.variants.len());
    for variant in &draft.variants {
        let free = |index: &usize| !matched.contains(&Some(*index));
        let found = match variant.id {
            Some(id) => {
                let unknown =
                    || Invalid::one("variants", "unknown_variant", format!("{id} is not a variant of this product"));
                Some(old.iter().position(|v| v.id == id).ok_or_else(unknown)?)
            }
            None => {
                let by_sku = variant.sku.as_ref().and_then(|sku| old.iter().position(|v| v.sku.as_ref() == Some(sku)));
                let only = (old.len() == 1 && draft.variants.len() == 1).then_some(0);
                by_sku.or_else(|| old.iter().position(|v| v.options.value() == variant.options)).or(only)
            }
        };
        matched.push(found.filter(free));
    }
    Ok(matched)
}

pub(super) fn same_variants(before: &Product, draft: &ProductDraft, matched: &[Option<usize>]) -> bool {
    let same = |old: &Variant, new: &VariantDraft| {
        let extra = Extra::new(new, &draft.options);
        old.sku == new.sku
            && old.title == extra.title
            && old.options == extra.options
            && old.price == new.price
            && old.compare_at_price == new.compare_at_price
            && old.stock == new.stock
            && old.weight_grams == new.weight_grams
            && old.barcode == new.barcode
            && old.stock_policy == new.stock_policy
            && old.low_stock_at == new.low_stock_at
            && old.tax_class == new.tax_class
    };
    before.variants.len() == draft.variants.len()
        && matched.iter().enumerate().all(|(i, m)| *m == Some(i) && same(&before.variants[i], &draft.variants[i]))
}

/// The name without case and accents, as lists are ordered by it.
pub(super) fn name_key(name: &str) -> String {
    use unicode_normalization::UnicodeNormalization;
    use unicode_normalization::char::is_combining_mark;
    let folded = name.nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase);
    folded.take(NAME_KEY_CHARS).collect()
}
